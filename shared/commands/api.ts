import { PermanentError } from '../errors.ts';

/** How a command reaches an installation: `npm start` on this machine, or the function URLs of a deployed one. */
export interface Api {
  readonly url: string;
  readonly key?: string;
  readonly fetch: typeof fetch;
}

export interface ApiCall {
  readonly method?: string;
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
}

/**
 * One call; the body of a 2xx answer as text.
 * @throws PermanentError with the server's own words, or with what to do when nobody answers.
 */
export const callApi = async (api: Api, path: string, init: ApiCall = {}): Promise<string> => (await answerOf(api, path, init)).text();

/**
 * One call; the lines of a 2xx answer as they come.
 * @throws as {@link callApi}, and when the answer breaks off.
 */
export async function* callLines(api: Api, path: string, init: ApiCall): AsyncGenerator<string> {
  const { body } = await answerOf(api, path, init);
  const decoder = new TextDecoder();
  const parts: string[] = [];
  const chunks = (body ?? []) as AsyncIterable<Uint8Array>;
  try {
    for await (const chunk of chunks) {
      const [first = '', ...lines] = decoder.decode(chunk, { stream: true }).split('\n');
      parts.push(first);
      // A line of megabytes comes in thousands of pieces: they are put together once.
      for (const line of lines) {
        yield parts.splice(0).join('');
        parts.push(line);
      }
    }
  } catch (cause) {
    throw new PermanentError(`call ${path}: the answer broke off`, { cause });
  }
  const last = parts.join('');
  if (last !== '') yield last;
}

const answerOf = async (api: Api, path: string, init: ApiCall): Promise<Response> => {
  const headers: Record<string, string> = {};
  if (api.key !== undefined) headers['authorization'] = `Bearer ${api.key}`;
  if (init.contentType !== undefined) headers['content-type'] = init.contentType;
  const answer = await api
    .fetch(addressOf(api.url, path), { method: init.method ?? 'GET', headers, ...(init.body === undefined ? {} : { body: init.body as string | Uint8Array<ArrayBuffer> }) })
    .catch((error: unknown) => {
      throw new PermanentError(`call ${api.url}: nobody answers there; start it with "npm start", or name another place with --url`, { cause: error });
    });
  if (answer.ok) return answer;
  const found = [`found HTTP ${answer.status}`, reasonOf(await answer.text())].filter((part) => part !== '').join(', ');
  throw new PermanentError(`call ${path}: ${found}${answer.status === 401 ? '; give one with --key or TIDEMARK_KEY' : ''}`);
};

/** Behind a proxy an installation may have a path of its own. */
const addressOf = (url: string, path: string): string => {
  const whole = `${url.replace(/\/+$/, '')}${path}`;
  if (/^https?:\/\//i.test(whole) && URL.canParse(whole)) return whole;
  throw new PermanentError(`call ${url}: this is no address, one such as http://127.0.0.1:9090 is allowed`);
};

const reasonOf = (text: string): string => oneLine(wordsOf(text)).slice(0, 1000);

const wordsOf = (text: string): string => {
  try {
    const body = JSON.parse(text) as { error?: unknown; message?: unknown } | string;
    return typeof body === 'string' ? body : String(body.error ?? body.message ?? text);
  } catch {
    return text;
  }
};

/** Whoever answers may be anybody: what they say is shown on one line, and commands no terminal. */
const oneLine = (text: string): string => text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
