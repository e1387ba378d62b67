import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import type { EmailIntegration } from '../../../shared/alerting/receivers.ts';

export const MAIL: EmailIntegration = {
  id: 'ops/email/0',
  receiver: 'ops',
  channel: 'email',
  sendResolved: true,
  to: 'ops@example.com',
  from: 'tidemark@example.com',
  smarthost: { host: 'mail.example.com', port: 587 },
  hello: '',
  auth: { username: 'robot', password: { text: 'hunter2' } },
  requireTls: true,
  headers: [],
  text: undefined,
  html: undefined,
};
const pairs = { alertname: '<script>alert(1)</script>', host: '"a" & \'b\'' };
export const MESSAGE: WebhookMessage = {
  version: '4',
  groupKey: '{}',
  truncatedAlerts: 0,
  status: 'resolved',
  receiver: 'ops',
  groupLabels: pairs,
  commonLabels: pairs,
  commonAnnotations: {},
  externalURL: '',
  alerts: [{ status: 'resolved', labels: pairs, annotations: {}, startsAt: '2026-01-01T00:00:00.000Z', endsAt: '2026-01-01T01:00:00.000Z', generatorURL: 'javascript:x', fingerprint: '0' }],
};
