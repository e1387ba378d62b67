import { readBody } from '../../shared/http/read-body.ts';

/** Prometheus' clients send queries as forms because URLs are too short; a megabyte is a query nobody can read. */
const FORM_MAX_BYTES = 1024 * 1024;

/** Parameters of the URL and, with POST, of the form in the body, which come first (as Go's `r.Form`). */
export const requestParameters = async (request: Request): Promise<URLSearchParams> => {
  const ofUrl = new URL(request.url).searchParams;
  const isForm = request.method === 'POST' && (request.headers.get('content-type') ?? '').toLowerCase().startsWith('application/x-www-form-urlencoded');
  if (!isForm) return ofUrl;
  const params = new URLSearchParams(Buffer.from(await readBody(request, FORM_MAX_BYTES)).toString('utf8'));
  for (const [name, value] of ofUrl) params.append(name, value);
  return params;
};
