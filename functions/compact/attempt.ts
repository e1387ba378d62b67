import { messageOf } from '../../shared/errors.ts';

/** Runs a piece of work; an error is kept with what it was about, and the answer is undefined then. */
export const attempt = async <T>(errors: unknown[], what: string, run: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await run();
  } catch (cause) {
    errors.push(new Error(`${what}: ${messageOf(cause)}`, { cause }));
    return undefined;
  }
};
