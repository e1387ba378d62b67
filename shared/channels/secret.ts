import type { HttpAuth, Secret } from '../alerting/receivers.ts';

/** The text of a file that holds a secret; rejects when it cannot be read. */
export type ReadSecret = (path: string) => Promise<string>;


/** A secret that is not there now: worth another attempt, since people mount and mend files. */
export class SecretFileError extends Error {
  override readonly name = 'SecretFileError';

  constructor(path: string, options?: ErrorOptions) {
    super(`read secret: found no readable file ${path}`, options);
  }
}

/** Where the code runs without files of the operator. */
export const noSecretFiles: ReadSecret = (path) => Promise.reject(new SecretFileError(path));

/** Like Alertmanager: white space around the text of a file is not part of the secret. */
export const secretText = async (secret: Secret, readSecret: ReadSecret): Promise<string> => {
  if ('text' in secret) return secret.text;
  try {
    return (await readSecret(secret.file)).trim();
  } catch (cause) {
    throw cause instanceof SecretFileError ? cause : new SecretFileError(secret.file, { cause });
  }
};

/** The headers that prove who sends. */
export const authHeaders = async (auth: HttpAuth, readSecret: ReadSecret): Promise<Record<string, string>> => {
  if (auth.kind === 'none') return {};
  if (auth.kind === 'header') return { authorization: `${auth.scheme} ${await secretText(auth.credentials, readSecret)}` };
  const pair = `${auth.username}:${await secretText(auth.password, readSecret)}`;
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
};
