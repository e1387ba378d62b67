import { MAX_DELAY_MS } from './retry-delay.ts';
import { SecretFileError } from './secret.ts';
import { shortAnswer } from './send-outcome.ts';
import type { SendOutcome } from './send-outcome.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Alertmanager's receivers answer in milliseconds; a slow one must not hold the others back. */
export const POST_TIMEOUT_MS = 10_000;

/** Of an answer; nothing more is read. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Answers that may be different next time, beside 5xx: timeout, too early, too many requests. */
const RETRIED = new Set([408, 425, 429]);

export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON. */
  readonly body: string;
}

/** What an answer means; undefined leaves it to the status. */
export type JudgeAnswer = (status: number, text: string) => SendOutcome['kind'] | undefined;

/**
 * Posts JSON. No redirects are followed: an address that moved is a final failure that a person must see. `prepare` gives the
 * request, for which it may have to read secrets. Never rejects.
 */
export const postJson = async (fetch: Fetch, prepare: () => Promise<HttpPost>, judge: JudgeAnswer = () => undefined): Promise<SendOutcome> => {
  try {
    const { url, headers, body } = await prepare();
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
      headers: { 'content-type': 'application/json', 'user-agent': 'tidemark', ...headers },
      body,
    });
    const text = await readSome(response);
    const answer = shortAnswer(`HTTP ${response.status} ${text}`);
    const kind = judge(response.status, text) ?? kindOf(response.status);
    return kind === 'retry' ? { kind, answer, ...retryAfter(response) } : { kind, answer };
  } catch (error) {
    return { kind: 'retry', answer: shortAnswer(problemOf(error)) };
  }
};

const kindOf = (status: number): SendOutcome['kind'] => {
  if (status >= 200 && status < 300) return 'sent';
  return status < 500 && !RETRIED.has(status) ? 'failed' : 'retry';
};

/** The beginning of the answer. What is wrong with it does not matter: the status has said all. */
const readSome = async (response: Response): Promise<string> => {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const pieces: Uint8Array[] = [];
  try {
    for (let bytes = 0; bytes < MAX_ANSWER_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      pieces.push(value);
    }
    await reader.cancel();
  } catch {
    return Buffer.concat(pieces).toString('utf8');
  }
  return Buffer.concat(pieces).toString('utf8');
};

/** `Retry-After` in seconds; a date is ignored, as the caller's own delay is good enough. */
const retryAfter = (response: Response): { afterMs?: number } => {
  const seconds = /^\d{1,6}$/.exec(response.headers.get('retry-after') ?? '')?.[0];
  return seconds === undefined ? {} : { afterMs: Math.min(Number(seconds) * 1000, MAX_DELAY_MS) };
};

/** The kind of problem alone: messages of the network stack may quote the address, which may hold a secret. */
const problemOf = (error: unknown): string => {
  if (error instanceof SecretFileError) return error.message;
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${POST_TIMEOUT_MS} ms`;
  const cause = error instanceof Error ? (error.cause ?? error) : undefined;
  const code = cause !== null && typeof cause === 'object' && 'code' in cause ? String(cause.code) : 'network error';
  return `no answer: ${code}`;
};
