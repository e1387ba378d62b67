import type { HttpClient } from '../http-client.ts';
import type { PagerdutyIntegration, Secret } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpClient, readTimeout, readUrl } from './http-config.ts';

export const PAGERDUTY_KEYS = [
  'routing_key', 'routing_key_file', 'service_key', 'service_key_file', 'url', 'send_resolved', 'http_config', 'client', 'client_url', 'description', 'severity', 'source', 'class', 'component', 'group', 'details',
  'images', 'links', 'timeout',
];

/** Alertmanager's `global.pagerduty_url`. */
export const PAGERDUTY_URL = 'https://events.pagerduty.com/v2/enqueue';

const SEVERITIES = ['critical', 'error', 'warning', 'info'];

export const readPagerduty = (reader: FieldReader, client: HttpClient, globalUrl: string): Omit<PagerdutyIntegration, 'id' | 'receiver'> => {
  const severity = reader.plain('severity') || 'error';
  if (!severity.includes('{{') && !SEVERITIES.includes(severity)) reader.fail('severity', `severity: found another word, allowed are ${SEVERITIES.join(', ')}`);
  return {
    channel: 'pagerduty',
    url: readUrl(reader, 'url', globalUrl),
    ...readKey(reader),
    ...readHttpClient(reader, client),
    ...readTimeout(reader),
    description: reader.optional('description'),
    severity,
    client: reader.has('client') ? reader.plain('client') : 'Tidemark',
    clientUrl: reader.optional('client_url'),
    source: reader.optional('source'),
    class: reader.plain('class'),
    component: reader.plain('component'),
    group: reader.plain('group'),
    details: reader.pairs('details'),
    images: reader.each('images', ['src', 'alt', 'href']).map((image) => ({ src: image.plain('src'), alt: image.plain('alt'), href: image.plain('href') })),
    links: reader.each('links', ['href', 'text']).map((link) => ({ href: link.plain('href'), text: link.plain('text') })),
    sendResolved: reader.flag('send_resolved', true),
  };
};

/** A service's key speaks to the first Events API, whose address is its own: `url` is that of the second. */
const readKey = (reader: FieldReader): { readonly api: PagerdutyIntegration['api']; readonly key: Secret } => {
  const serviceKey = reader.secret('service_key');
  const routingKey = reader.secret('routing_key');
  if (serviceKey !== undefined && routingKey !== undefined) reader.fail('service_key', 'found both a routing key and a service key, one of them is allowed');
  if (serviceKey !== undefined) {
    reader.warn('url', 'url: the events of a service key go to the address of Events API v1');
    return { api: 'v1', key: serviceKey };
  }
  if (routingKey === undefined) reader.fail('routing_key', 'found neither routing_key, service_key nor a file of one, one of them is needed');
  return { api: 'v2', key: routingKey ?? { text: '' } };
};
