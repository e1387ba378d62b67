import type { OpsgenieIntegration, Secret } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readUrl } from './http-config.ts';

export const OPSGENIE_KEYS = ['api_key', 'api_key_file', 'api_url', 'send_resolved', 'message', 'description', 'source', 'priority', 'tags', 'details'];

/** Alertmanager's `global.opsgenie_api_url`. */
export const OPSGENIE_URL = 'https://api.opsgenie.com/';

export interface OpsgenieDefaults {
  readonly url: string;
  readonly apiKey: Secret | undefined;
}

export const readOpsgenie = (reader: FieldReader, { url, apiKey: globalKey }: OpsgenieDefaults): Omit<OpsgenieIntegration, 'id' | 'receiver'> => {
  const apiKey = reader.secret('api_key') ?? globalKey;
  if (apiKey === undefined) reader.fail('api_key', 'found neither api_key, api_key_file nor a global one, one of them is needed');
  const priority = reader.plain('priority');
  if (!priority.includes('{{') && !/^(?:P[1-5])?$/.test(priority)) reader.fail('priority', 'priority: found another word, P1 to P5 are allowed');
  return {
    channel: 'opsgenie',
    url: readUrl(reader, 'api_url', url),
    apiKey: apiKey ?? { text: '' },
    message: reader.optional('message'),
    description: reader.optional('description'),
    source: reader.optional('source'),
    priority,
    tags: reader.plain('tags').split(',').map((tag) => tag.trim()).filter((tag) => tag !== ''),
    details: reader.pairs('details'),
    sendResolved: reader.flag('send_resolved', true),
  };
};
