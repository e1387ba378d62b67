import type { Context, MiddlewareHandler } from 'hono';
import { HttpFault } from '../http/http-fault.ts';
import { type ApiKey, grants, type KeyScope } from './api-key.ts';
import type { CheckKey } from './key-check.ts';

/** How a protocol words an error. */
export type AnswerFault = (c: Context, fault: HttpFault) => Response | Promise<Response>;

export interface KeyVariables {
  /** The key of the request; absent where the installation is open. */
  apiKey?: ApiKey;
}

/**
 * Lets a request through when its key has the scope: as bearer token, as the password of basic authentication (any user
 * name), or as `Authorization: Token` (Influx clients). No key is 401, a key of another scope 403.
 */
export const requireScope =
  (check: CheckKey, scope: KeyScope, answer: AnswerFault): MiddlewareHandler<{ Variables: KeyVariables }> =>
  async (c, next) => {
    const token = tokenFrom(c.req.header('authorization'));
    let key: ApiKey | undefined;
    try {
      key = token === undefined ? undefined : await check(token);
    } catch (cause) {
      return answer(c, new HttpFault(503, 'check key: the keys cannot be read just now', { retryAfterS: 1, cause }));
    }
    if (key === undefined) {
      const found = token === undefined ? 'no API key' : 'an API key that is not known';
      return answer(c, new HttpFault(401, `check key: ${found}, a key with scope "${scope}" is needed`));
    }
    if (!grants(key, scope)) {
      return answer(c, new HttpFault(403, `check key: key "${key.name}" has scope "${key.scope}", scope "${scope}" is needed`));
    }
    c.set('apiKey', key);
    return next();
  };

/** The token in an `Authorization` header, however it is wrapped. */
export const tokenFrom = (header: string | undefined): string | undefined => {
  const match = /^(bearer|token|basic) +(\S.*)$/i.exec(header ?? '');
  if (match === null) return undefined;
  const credentials = (match[2] as string).trim();
  if ((match[1] as string).toLowerCase() !== 'basic') return credentials;
  const pair = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? undefined : pair.slice(colon + 1);
};
