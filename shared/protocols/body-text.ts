import { MalformedBodyError } from './malformed-body-error.ts';

/** The body as text. @throws MalformedBodyError when it is not UTF-8. */
export const bodyText = (protocol: string, body: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new MalformedBodyError(protocol, 'body', 'text that is not UTF-8', { cause });
  }
};
