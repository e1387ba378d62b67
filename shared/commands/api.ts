import { PermanentError } from '../errors.ts';

/** How a command reaches an installation: `npm start` on this machine, or the function URLs of a deployed one. */
export interface Api {
  readonly url: string;
  readonly key?: string;
  readonly fetch: typeof fetch;
}

/**
 * One call; the body of a 2xx answer as text.
 * @throws PermanentError with the server's own words, or with what to do when nobody answers.
 */
export const callApi = async (api: Api, path: string, init: { method?: string; body?: string; contentType?: string } = {}): Promise<string> => {
  const headers: Record<string, string> = {};
  if (api.key !== undefined) headers['authorization'] = `Bearer ${api.key}`;
  if (init.contentType !== undefined) headers['content-type'] = init.contentType;
  const answer = await api
    .fetch(new URL(path, api.url), { method: init.method ?? 'GET', headers, ...(init.body === undefined ? {} : { body: init.body }) })
    .catch((error: unknown) => {
      throw new PermanentError(`call ${api.url}: nobody answers there; start it with "npm start", or name another place with --url`, { cause: error });
    });
  const text = await answer.text();
  if (!answer.ok) throw new PermanentError(`call ${path}: found HTTP ${answer.status}, ${reasonOf(text)}`);
  return text;
};

const reasonOf = (text: string): string => {
  try {
    const body = JSON.parse(text) as { error?: unknown; message?: unknown };
    return String(body.error ?? body.message ?? text).trim();
  } catch {
    return text.trim().slice(0, 500);
  }
};
