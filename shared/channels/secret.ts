import type { SecretHeader } from '../alerting/http-client.ts';
import type { Secret } from '../alerting/receivers.ts';

/** The text of a file that holds a secret; rejects when it cannot be read. */
export type ReadSecret = (path: string) => Promise<string>;

/** An error that may be shown as it is, since it holds no secret: worth another attempt, for people mend files and servers. */
export class TellableError extends Error {
  override readonly name: string = 'TellableError';
}

/** A secret that is not there now. */
export class SecretFileError extends TellableError {
  override readonly name = 'SecretFileError';

  constructor(path: string, options?: ErrorOptions, problem = `found no readable file ${path}`) {
    super(`read secret: ${problem}`, options);
  }
}

/** Where the code runs without files of the operator. */
export const noSecretFiles: ReadSecret = (path) => Promise.reject(new SecretFileError(path));

/**
 * Like Alertmanager: white space around the text of a file is not part of the secret. An empty file is one that is being written anew: what
 * it lacks would be refused for good.
 */
export const secretText = async (secret: Secret, readSecret: ReadSecret): Promise<string> => {
  if ('text' in secret) return secret.text;
  const text = (await readOrTell(secret.file, readSecret)).trim();
  if (text === '') throw new SecretFileError(secret.file, {}, `found no text in ${secret.file}, a secret is needed`);
  return text;
};

const readOrTell = async (path: string, readSecret: ReadSecret): Promise<string> => {
  try {
    return await readSecret(path);
  } catch (cause) {
    throw cause instanceof SecretFileError ? cause : new SecretFileError(path, { cause });
  }
};

/** Several values of a header are one, with commas between them (RFC 9110, 5.3). */
export const headerRecord = async (headers: readonly SecretHeader[], readSecret: ReadSecret): Promise<Record<string, string>> => {
  const pairs = headers.map(async ({ name, values }) => [name, (await Promise.all(values.map((value) => secretText(value, readSecret)))).join(', ')] as const);
  return Object.fromEntries(await Promise.all(pairs));
};

/** The value of a header that proves who sends by name and password. */
export const basicCredentials = (username: string, password: string): string => `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
