import { type Context, Hono } from 'hono';
import { readAudit } from '../../../shared/alerting/audit.ts';
import { RetirementConflictError } from '../../../shared/alerting/retirements.ts';
import { SilenceConflictError, UnknownSilenceError } from '../../../shared/alerting/silences/silence-store.ts';
import { faultFrom, faultHeaders, HttpFault } from '../../../shared/http/http-fault.ts';
import type { ApiKey, KeyScope } from '../../../shared/keys/api-key.ts';
import { type KeyVariables, requireScope } from '../../../shared/keys/require-scope.ts';
import { deleteAcknowledgements, getAcknowledgements, postAcknowledgement } from './acknowledge-routes.ts';
import { getAlerts, getGroups, postAlerts } from './alert-routes.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';
import { getNotifications, postRedeliver } from './notification-routes.ts';
import { postPreview } from './preview-route.ts';
import { timeOf } from './request.ts';
import { deleteRetirement, getRetirements, postRetirement } from './retirement-routes.ts';
import { deleteSilence, getSilence, getSilences, postSilence } from './silence-routes.ts';

export type { AlertmanagerPorts } from './alertmanager-ports.ts';

type Handle = (c: Context<{ Variables: KeyVariables }>, key: ApiKey | undefined) => Promise<Response>;

/** The release of Alertmanager whose API ours is. */
const ALERTMANAGER_VERSION = '0.28.0';

const MAX_AUDIT_ENTRIES = 1000;

/** Where other methods are told that they are not allowed. */
const PATHS = [
  ...['status', 'receivers', 'alerts', 'alerts/groups', 'silences', 'silence/:id'].map((path) => `v2/${path}`),
  ...['audit', 'retirements', 'retirements/:id', 'notifications', 'notifications/redeliver', 'alerts/acknowledge', 'silences/preview'].map((path) => `v1/${path}`),
];

/** Alertmanager's API v2, for amtool, Grafana and karma, and beside it what Alertmanager has not. Reading asks for scope "read", changing for scope "alerts". */
export const makeAlertmanagerApp = (ports: AlertmanagerPorts): Hono<{ Variables: KeyVariables }> => {
  const app = new Hono<{ Variables: KeyVariables }>();
  const route = (method: 'GET' | 'POST' | 'DELETE', path: string, scope: KeyScope, handle: Handle): void => {
    if (ports.keys !== undefined) app.on(method, path, requireScope(ports.keys, scope, answerFault));
    app.on(method, path, (c) => handle(c, c.get('apiKey')).catch((error: unknown) => answerFault(c, faultOf(error))));
  };
  route('GET', '/api/v2/status', 'read', (c) => getStatus(ports, c));
  route('GET', '/api/v2/receivers', 'read', async (c) => c.json((await ports.alertmanager()).receivers.map(({ name }) => ({ name }))));
  route('GET', '/api/v2/alerts', 'read', (c) => getAlerts(ports, c));
  route('POST', '/api/v2/alerts', 'alerts', (c) => postAlerts(ports, c));
  route('GET', '/api/v2/alerts/groups', 'read', (c) => getGroups(ports, c));
  route('GET', '/api/v2/silences', 'read', (c) => getSilences(ports, c));
  route('POST', '/api/v2/silences', 'alerts', (c, key) => postSilence(ports, c, key));
  route('GET', '/api/v2/silence/:id', 'read', (c) => getSilence(ports, c));
  route('DELETE', '/api/v2/silence/:id', 'alerts', (c, key) => deleteSilence(ports, c, key));
  route('GET', '/api/v1/retirements', 'read', (c) => getRetirements(ports, c));
  route('POST', '/api/v1/retirements', 'alerts', (c, key) => postRetirement(ports, c, key));
  route('DELETE', '/api/v1/retirements/:id', 'alerts', (c, key) => deleteRetirement(ports, c, key));
  route('GET', '/api/v1/audit', 'alerts', (c) => getAudit(ports, c));
  route('GET', '/api/v1/notifications', 'read', (c) => getNotifications(ports, c));
  route('POST', '/api/v1/notifications/redeliver', 'alerts', (c, key) => postRedeliver(ports, c, key));
  route('GET', '/api/v1/alerts/acknowledge', 'read', (c) => getAcknowledgements(ports, c));
  route('POST', '/api/v1/alerts/acknowledge', 'alerts', (c, key) => postAcknowledgement(ports, c, key));
  route('DELETE', '/api/v1/alerts/acknowledge', 'alerts', (c, key) => deleteAcknowledgements(ports, c, key));
  route('POST', '/api/v1/silences/preview', 'read', (c) => postPreview(ports, c));
  for (const path of PATHS) {
    app.all(`/api/${path}`, (c) => answerFault(c, new HttpFault(405, `${c.req.method} ${c.req.path}: this method is not allowed here`)));
  }
  return app;
};

/** Alertmanager answers with a JSON text. */
const answerFault = (c: Context, fault: HttpFault): Response => c.json(fault.message, fault.status, faultHeaders(fault));

const faultOf = (error: unknown): HttpFault => {
  if (error instanceof UnknownSilenceError) return new HttpFault(404, error.message);
  if (error instanceof SilenceConflictError || error instanceof RetirementConflictError) return new HttpFault(503, error.message, { retryAfterS: 1 });
  return faultFrom(error);
};

const getStatus = async ({ alertmanager, startedAtMs, version }: AlertmanagerPorts, c: Context): Promise<Response> =>
  c.json({
    cluster: { status: 'disabled', peers: [] },
    config: { original: (await alertmanager()).redactedText },
    uptime: new Date(startedAtMs).toISOString(),
    versionInfo: { version: ALERTMANAGER_VERSION, revision: version, branch: '', buildUser: '', buildDate: '', goVersion: '' },
  });

/** Who changed what, oldest first: `{ entries: […] }`. */
const getAudit = async ({ alerts, nowMs }: AlertmanagerPorts, c: Context): Promise<Response> => {
  const fromMs = timeOf(c.req.query('start'), 'start') ?? 0;
  const toMs = timeOf(c.req.query('end'), 'end') ?? nowMs();
  return c.json({ entries: await readAudit(alerts, fromMs, toMs, MAX_AUDIT_ENTRIES) });
};
