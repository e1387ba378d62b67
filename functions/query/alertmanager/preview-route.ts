import type { Context } from 'hono';
import { fingerprint } from '../../../shared/alerting/fingerprint.ts';
import { previewSilence } from '../../../shared/alerting/silence-preview.ts';
import { checkedSilence } from '../../../shared/alerting/silences/silence.ts';
import { viewAlerts } from './alert-view.ts';
import type { AlertmanagerPorts } from './alertmanager-ports.ts';
import { jsonBody, matchersOf, objectOf } from './request.ts';

/** Alerts that fire which are shown; all are counted. */
const MAX_SHOWN = 100;

/** `POST /api/v1/silences/preview` with `{ matchers }` as of a silence: what it mutes now, and what it would have muted in the last 30 days. */
export const postPreview = async (ports: AlertmanagerPorts, c: Context): Promise<Response> => {
  const nowMs = ports.nowMs();
  const { matchers } = matchersOf(objectOf(await jsonBody(c), 'silence')['matchers'], 'silence');
  // One that may not be set has no preview.
  const wanted = { id: undefined, matchers, startsAtMs: nowMs, endsAtMs: nowMs + 1, createdBy: '', comment: '' };
  const silence = checkedSilence(wanted, { id: 'preview', nowMs, maxSilenceMs: 1 });
  const [preview, alerts] = await Promise.all([previewSilence(ports.alerts, silence.matchers, nowMs), ports.alertmanager().then((config) => viewAlerts(ports, config, nowMs))]);
  const firing = alerts.filter(({ labels }) => silence.matchers.matches(labels));
  const { fromMs, isCut, newest, ...counts } = preview;
  return c.json({
    from: new Date(fromMs).toISOString(),
    cut: isCut,
    ...counts,
    newest: newest.map(({ atMs, ...each }) => ({ ...each, at: new Date(atMs).toISOString() })),
    firing: firing.length,
    firingNow: firing.slice(0, MAX_SHOWN).map(({ labels, silencedBy }) => ({ fingerprint: fingerprint(labels), labels: Object.fromEntries(labels), silenced: silencedBy.length > 0 })),
  });
};
