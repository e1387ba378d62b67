import type { HttpAuth, PagerdutyIntegration } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpAuth, readUrl } from './http-config.ts';

export const PAGERDUTY_KEYS = [
  'routing_key', 'routing_key_file', 'url', 'send_resolved', 'http_config', 'client', 'client_url', 'description', 'severity', 'source', 'class', 'component', 'group', 'details',
];

/** Alertmanager's `global.pagerduty_url`. */
export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

const SEVERITIES = ['critical', 'error', 'warning', 'info'];

export const readPagerduty = (reader: FieldReader, auth: HttpAuth, globalUrl: string): Omit<PagerdutyIntegration, 'id' | 'receiver'> => {
  const routingKey = reader.secret('routing_key');
  if (routingKey === undefined) reader.fail('routing_key', 'found neither routing_key nor routing_key_file, one of them is needed (Events API v2)');
  const severity = reader.plain('severity') || 'error';
  if (!severity.includes('{{') && !SEVERITIES.includes(severity)) reader.fail('severity', `severity: found another word, allowed are ${SEVERITIES.join(', ')}`);
  return {
    channel: 'pagerduty',
    url: readUrl(reader, 'url', globalUrl),
    routingKey: routingKey ?? { text: '' },
    auth: readHttpAuth(reader, auth),
    description: reader.optional('description'),
    severity,
    client: reader.has('client') ? reader.plain('client') : 'Tidemark',
    clientUrl: reader.optional('client_url'),
    source: reader.optional('source'),
    class: reader.plain('class'),
    component: reader.plain('component'),
    group: reader.plain('group'),
    details: reader.pairs('details'),
    sendResolved: reader.flag('send_resolved', true),
  };
};
