import type { HttpClient } from '../http-client.ts';
import type { OpsgenieIntegration, OpsgenieResponder, Secret } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpClient, readUrl } from './http-config.ts';

export const OPSGENIE_KEYS = [
  'api_key', 'api_key_file', 'api_url', 'send_resolved', 'http_config', 'message', 'description', 'source', 'priority', 'note', 'entity', 'actions', 'responders', 'update_alerts', 'tags', 'details',
];

/** Alertmanager's `global.opsgenie_api_url`. */
export const OPSGENIE_URL = 'https://api.opsgenie.com/';

export interface OpsgenieDefaults {
  readonly url: string;
  readonly apiKey: Secret | undefined;
}

export const readOpsgenie = (reader: FieldReader, client: HttpClient, { url, apiKey: globalKey }: OpsgenieDefaults): Omit<OpsgenieIntegration, 'id' | 'receiver'> => {
  const apiKey = reader.secret('api_key') ?? globalKey;
  if (apiKey === undefined) reader.fail('api_key', 'found neither api_key, api_key_file nor a global one, one of them is needed');
  const priority = reader.plain('priority');
  if (!priority.includes('{{') && !/^(?:P[1-5])?$/.test(priority)) reader.fail('priority', 'priority: found another word, P1 to P5 are allowed');
  if (reader.flag('update_alerts', false)) reader.warn('update_alerts', 'update_alerts: an alert that is there keeps its message and description');
  return {
    channel: 'opsgenie',
    url: readUrl(reader, 'api_url', url),
    ...readHttpClient(reader, client),
    apiKey: apiKey ?? { text: '' },
    message: reader.optional('message'),
    description: reader.optional('description'),
    source: reader.optional('source'),
    priority,
    note: reader.plain('note'),
    entity: reader.plain('entity'),
    actions: reader.plain('actions'),
    responders: reader.each('responders', ['id', 'name', 'username', 'type']).map(readResponder),
    tags: reader.plain('tags').split(',').map((tag) => tag.trim()).filter((tag) => tag !== ''),
    details: reader.pairs('details'),
    sendResolved: reader.flag('send_resolved', true),
  };
};

const RESPONDER_TYPES = ['team', 'teams', 'user', 'escalation', 'schedule'];

const readResponder = (reader: FieldReader): OpsgenieResponder => {
  const [identifier, name, username] = [reader.plain('id'), reader.plain('name'), reader.plain('username')];
  if (identifier === '' && name === '' && username === '') reader.fail('id', 'found neither id, name nor username, one of them is needed');
  const type = reader.plain('type');
  if (!type.includes('{{') && !RESPONDER_TYPES.includes(type.toLowerCase())) reader.fail('type', `type: found another word, allowed are ${RESPONDER_TYPES.join(', ')}`);
  return { type, identifier, name, username };
};
