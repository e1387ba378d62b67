import type { MiddlewareHandler } from 'hono';

const LOCAL_HOST = /^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?$/i;

/**
 * For an open installation on the loopback interface: a page in the user's browser must not reach it. A name that was
 * rebound to 127.0.0.1 shows in `Host`, a request of another site in `Origin`; both are answered with 403.
 */
export const localOnly = (): MiddlewareHandler => async (c, next) => {
  const host = c.req.header('host') ?? '';
  if (!LOCAL_HOST.test(host)) return c.json(refused(`host "${host.slice(0, 100)}" is not this machine`), 403);
  const origin = c.req.header('origin');
  if (origin !== undefined && !isSameOrigin(origin, host)) return c.json(refused(`origin "${origin.slice(0, 100)}" is another site`), 403);
  return next();
};

const isSameOrigin = (origin: string, host: string): boolean => {
  const lower = origin.toLowerCase();
  return lower === `http://${host.toLowerCase()}` || lower === `https://${host.toLowerCase()}`;
};

/** The error shape of Prometheus, which holds `error` for everyone else too. */
const refused = (reason: string): { status: 'error'; errorType: 'forbidden'; error: string } => ({
  status: 'error',
  errorType: 'forbidden',
  error: `open installation: ${reason}, only requests from 127.0.0.1, localhost or [::1] are allowed`,
});
