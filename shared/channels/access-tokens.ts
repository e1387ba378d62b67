import { createHash } from 'node:crypto';
import type { Oauth2 } from '../alerting/http-client.ts';
import { readBeginning } from './answer-text.ts';
import type { Fetch } from './http-post.ts';
import { routeOf } from './outgoing-connection.ts';
import { type ReadSecret, TellableError, basicCredentials, secretText } from './secret.ts';

/** The tokens that servers gave for client credentials, kept until they expire. */
export interface AccessTokens {
  /** What an `Authorization` header says. Who asks while a token is on its way waits for that one. Rejects with a TellableError, or an error of the network. */
  get(oauth2: Oauth2, nowMs: number): Promise<string>;
  /** A server refused this one: the next `get` gives another. */
  refuse(authorization: string): void;
}

/** Tokens kept at once; a configuration has a handful. */
const MAX_TOKENS = 100;

/** All of the exchange, so that a post that waits for it still has half of its own time. */
const TOKEN_TIMEOUT_MS = 5000;

/** A token that ends this soon is not used any more (Go's oauth2: defaultExpiryDelta). */
const EARLY_MS = 10_000;

/** Longer ones do not fit the headers that servers take (16 KB in Node, 8 KB in many). */
const MAX_TOKEN_CHARS = 8192;

interface Kept {
  readonly authorization: Promise<string>;
  /** Infinity until it has come, and where the server names no end. */
  expiresMs: number;
}

interface Token {
  readonly authorization: string;
  readonly livesMs: number;
}

export const makeAccessTokens = (fetch: Fetch, readSecret: ReadSecret): AccessTokens => {
  const tokens = new Map<string, Kept>();
  const refused = new Set<string>();
  const begin = (key: string, oauth2: Oauth2, nowMs: number): Kept => {
    const fetching = fetchToken(fetch, readSecret, oauth2).catch(tell);
    const kept: Kept = { authorization: fetching.then(({ authorization }) => authorization), expiresMs: Infinity };
    fetching.then(
      ({ livesMs, authorization }) => {
        kept.expiresMs = nowMs + livesMs - EARLY_MS;
        refused.delete(authorization); // a server may give the same one again
      },
      () => {
        if (tokens.get(key) === kept) tokens.delete(key);
      },
    );
    tokens.delete(key);
    tokens.set(key, kept);
    if (tokens.size > MAX_TOKENS) tokens.delete(tokens.keys().next().value as string);
    return kept;
  };
  return {
    get: async (oauth2, nowMs) => {
      const key = await keyOf(oauth2, readSecret);
      const kept = tokens.get(key);
      if (kept === undefined || kept.expiresMs <= nowMs) return begin(key, oauth2, nowMs).authorization;
      const authorization = await kept.authorization;
      if (!refused.has(authorization)) return authorization;
      // Of all who wait here the first one asks again.
      return (tokens.get(key) === kept ? begin(key, oauth2, nowMs) : (tokens.get(key) ?? begin(key, oauth2, nowMs))).authorization;
    },
    refuse: (authorization) => {
      if (refused.size >= MAX_TOKENS) refused.clear();
      refused.add(authorization);
    },
  };
};

/** That it was late is told here: who waits knows of the time of the receiver alone. */
const tell = (error: unknown): never => {
  if (error instanceof Error && error.name === 'TimeoutError') throw new TellableError(`get token: found no answer within ${TOKEN_TIMEOUT_MS} ms`, { cause: error });
  throw error;
};

/** Of everything that a token depends on, the secret as its file says it now. */
const keyOf = async (oauth2: Oauth2, readSecret: ReadSecret): Promise<string> =>
  createHash('sha256').update(JSON.stringify([oauth2, await secretText(oauth2.clientSecret, readSecret)])).digest('hex');

/**
 * RFC 6749, 4.4.2. Who the client is stands in the header, as every server must take it; servers that want it in the body refuse that,
 * and are asked again so (Go's way to detect it).
 */
const fetchToken = async (fetch: Fetch, readSecret: ReadSecret, oauth2: Oauth2): Promise<Token> => {
  const { clientId, clientSecret, tokenUrl, scopes, endpointParams } = oauth2;
  const signal = AbortSignal.timeout(TOKEN_TIMEOUT_MS);
  const [route, secret, url] = [await routeOf(oauth2, readSecret), await secretText(clientSecret, readSecret), await secretText(tokenUrl, readSecret)];
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }) });
  for (const [name, value] of endpointParams) body.set(name, await secretText(value, readSecret));
  const ask = async (headers: Readonly<Record<string, string>>, text: string): Promise<{ status: number; text: string }> => {
    const init = { method: 'POST', redirect: 'manual', signal, headers: { accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'tidemark', ...headers }, body: text } as const;
    const response = await fetch(url, { ...init, ...route });
    return { status: response.status, text: await readBeginning(response) };
  };
  const first = await ask({ authorization: basicCredentials(encodeURIComponent(clientId), encodeURIComponent(secret)) }, body.toString());
  if (first.status !== 400 && first.status !== 401) return tokenOf(first);
  body.set('client_id', clientId);
  if (secret !== '') body.set('client_secret', secret);
  return tokenOf(await ask({}, body.toString()));
};

/** The answer is the server's, which may say the secret back: errors tell its status and RFC 6749's word alone. */
const tokenOf = ({ status, text }: { readonly status: number; readonly text: string }): Token => {
  const answer = parsed(text);
  if (status < 200 || status >= 300) {
    const word = typeof answer['error'] === 'string' && /^[a-z_]{1,40}$/.test(answer['error']) ? ` ${answer['error']}` : '';
    throw new TellableError(`get token: found HTTP ${status}${word}, 200 is needed`);
  }
  const { access_token: token, token_type: type, expires_in: expires } = answer;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token) || token.length > MAX_TOKEN_CHARS) {
    throw new TellableError(`get token: found no access_token in the answer, one of at most ${MAX_TOKEN_CHARS} printable characters is needed`);
  }
  const scheme = typeof type !== 'string' || /^bearer$/i.test(type) || !/^[A-Za-z]{1,20}$/.test(type) ? 'Bearer' : type;
  const livesS = Number(expires ?? 0);
  return { authorization: `${scheme} ${token}`, livesMs: livesS > 0 ? livesS * 1000 : Infinity };
};

const parsed = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
};
