import { once } from 'node:events';
import type { HttpClient } from '../alerting/http-client.ts';
import { type AccessTokens, makeAccessTokens } from './access-tokens.ts';
import { readBeginning } from './answer-text.ts';
import type { ChannelPorts } from './channel-ports.ts';
import { type OutgoingRoute, routeOf } from './outgoing-connection.ts';
import { MAX_DELAY_MS } from './retry-delay.ts';
import { TellableError, basicCredentials, headerRecord, secretText } from './secret.ts';
import { shortAnswer } from './send-outcome.ts';
import type { SendOutcome } from './send-outcome.ts';

export interface OutgoingInit extends RequestInit, OutgoingRoute {}

export type Fetch = (url: string, init: OutgoingInit) => Promise<Response>;

/** What a post is made with. */
export type PostPorts = Pick<ChannelPorts, 'fetch' | 'readSecret' | 'tokens'>;

/** Alertmanager's receivers answer in milliseconds; a slow one must not hold the others back. */
export const POST_TIMEOUT_MS = 10_000;

/** Answers that may be different next time, beside 5xx: timeout, too early, too many requests. */
const RETRIED = new Set([408, 425, 429]);

export interface HttpPost {
  readonly url: string;
  /** They count before those of the client. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** By what, and when; `timeoutMs` bounds all of it. */
export interface PostSetting extends HttpClient {
  readonly timeoutMs?: number;
}

/** What an answer means; undefined leaves it to the status. */
export type JudgeAnswer = (status: number, text: string) => SendOutcome['kind'] | undefined;

/**
 * Posts JSON. No redirects are followed: an address that moved is a final failure that a person must see. `prepare` gives the
 * request, for which it may have to read secrets. A token that is refused (401) is made new once. Never rejects.
 */
export const postJson = async (ports: PostPorts, setting: PostSetting, nowMs: number, prepare: () => Promise<HttpPost>, judge: JudgeAnswer = () => undefined): Promise<SendOutcome> => {
  const timeoutMs = setting.timeoutMs ?? POST_TIMEOUT_MS;
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const [post, route, headers] = [await prepare(), await routeOf(setting, ports.readSecret), await headerRecord(setting.headers ?? [], ports.readSecret)];
    const attempt = async (authorization: Readonly<Record<string, string>>): Promise<Response> =>
      ports.fetch(post.url, {
        method: 'POST',
        redirect: 'manual',
        signal,
        headers: lowered({ ...lowered(headers), ...authorization, 'content-type': 'application/json', 'user-agent': 'tidemark', ...lowered(post.headers) }),
        body: post.body,
        ...route,
      });
    const response = await authorised({ ...ports, tokens: within(signal, ports.tokens ?? makeAccessTokens(ports.fetch, ports.readSecret)) }, setting, nowMs, attempt);
    const text = await readBeginning(response);
    const answer = shortAnswer(`HTTP ${response.status} ${text}`);
    const kind = judge(response.status, text) ?? kindOf(response.status);
    return kind === 'retry' ? { kind, answer, ...retryAfter(response) } : { kind, answer };
  } catch (error) {
    return { kind: 'retry', answer: shortAnswer(problemOf(error, timeoutMs)) };
  }
};

const authorised = async ({ readSecret, tokens }: Required<PostPorts>, { auth }: HttpClient, nowMs: number, attempt: (authorization: Readonly<Record<string, string>>) => Promise<Response>): Promise<Response> => {
  if (auth.kind === 'none') return attempt({});
  if (auth.kind === 'header') return attempt({ authorization: `${auth.scheme} ${await secretText(auth.credentials, readSecret)}` });
  if (auth.kind === 'basic') return attempt({ authorization: basicCredentials(await secretText(auth.username, readSecret), await secretText(auth.password, readSecret)) });
  const authorization = await tokens.get(auth.oauth2, nowMs);
  const response = await attempt({ authorization });
  if (response.status !== 401) return response;
  await response.body?.cancel();
  tokens.refuse(authorization);
  return attempt({ authorization: await tokens.get(auth.oauth2, nowMs) });
};

/** Tokens for an attempt: one may be on its way to others too, who have more time. */
const within = (signal: AbortSignal, tokens: AccessTokens): AccessTokens => ({
  ...tokens,
  get: async (oauth2, nowMs) => {
    signal.throwIfAborted();
    const late = once(signal, 'abort').then(() => Promise.reject(signal.reason as Error));
    return Promise.race([tokens.get(oauth2, nowMs), late]);
  },
});

/** Names of headers have no case: one that is given twice must not be sent twice. */
const lowered = (headers: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

const kindOf = (status: number): SendOutcome['kind'] => {
  if (status >= 200 && status < 300) return 'sent';
  return status < 500 && !RETRIED.has(status) ? 'failed' : 'retry';
};

/** `Retry-After` in seconds; a date is ignored, as the caller's own delay is good enough. */
const retryAfter = (response: Response): { afterMs?: number } => {
  const seconds = /^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0];
  return seconds === undefined ? {} : { afterMs: Math.min(Number(seconds) * 1000, MAX_DELAY_MS) };
};

/** The kind of problem alone: messages of the network stack may quote the address, which may hold a secret. */
const problemOf = (error: unknown, timeoutMs: number): string => {
  if (error instanceof TellableError) return error.message;
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  const cause = error instanceof Error ? (error.cause ?? error) : undefined;
  const code = cause !== null && typeof cause === 'object' && 'code' in cause ? String(cause.code) : 'network error';
  return `no answer: ${certificateProblem(code) ?? code}`;
};

/** What node:tls says of certificates that it does not accept (Node's documentation, "X509 certificate error codes"). */
const CERTIFICATE_CODE = /^(?:UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|CERT_|CRL_|INVALID_|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME)/;

/** In words; undefined for other codes. */
export const certificateProblem = (code: string): string | undefined =>
  CERTIFICATE_CODE.test(code) ? `the server's certificate is not trusted (${code}), ${code.startsWith('ERR_TLS') ? 'server_name' : 'ca_file'} of tls_config says which is` : undefined;
