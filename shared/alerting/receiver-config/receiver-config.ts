import type { YamlFile, YamlNode } from '../../rules/yaml-file.ts';
import type { HttpClient } from '../http-client.ts';
import type { Integration, Receiver } from '../receivers.ts';
import { PHONE_KEYS, SNS_KEYS, readPhone, readSns } from './aws-config.ts';
import { EMAIL_KEYS, readEmail } from './email-config.ts';
import type { SmtpDefaults } from './email-config.ts';
import { FieldReader } from './field-reader.ts';
import { MSTEAMS_KEYS, readMsteams } from './msteams-config.ts';
import { OPSGENIE_KEYS, readOpsgenie } from './opsgenie-config.ts';
import type { OpsgenieDefaults } from './opsgenie-config.ts';
import { PAGERDUTY_KEYS, readPagerduty } from './pagerduty-config.ts';
import { SLACK_KEYS, readSlack } from './slack-config.ts';
import type { SlackDefaults } from './slack-config.ts';
import { WEBHOOK_KEYS, readWebhook } from './webhook-config.ts';

/** Of one receiver: what a flush writes for each must fit one transaction. */
export const MAX_INTEGRATIONS = 25;

/** What receivers take from `global`. */
export interface ReceiverDefaults {
  readonly client: HttpClient;
  readonly smtp: SmtpDefaults;
  readonly pagerdutyUrl: string;
  readonly slack: SlackDefaults;
  readonly opsgenie: OpsgenieDefaults;
}

type WithoutId<T> = T extends Integration ? Omit<T, 'id' | 'receiver'> : never;

interface Kind {
  readonly key: `${Integration['channel']}_configs`;
  readonly channel: Integration['channel'];
  readonly keys: readonly string[];
  readonly read: (reader: FieldReader, defaults: ReceiverDefaults) => WithoutId<Integration>;
}

const KINDS: readonly Kind[] = [
  { key: 'webhook_configs', channel: 'webhook', keys: WEBHOOK_KEYS, read: (reader, { client }) => readWebhook(reader, client) },
  { key: 'email_configs', channel: 'email', keys: EMAIL_KEYS, read: (reader, { smtp }) => readEmail(reader, smtp) },
  { key: 'pagerduty_configs', channel: 'pagerduty', keys: PAGERDUTY_KEYS, read: (reader, { client, pagerdutyUrl }) => readPagerduty(reader, client, pagerdutyUrl) },
  { key: 'slack_configs', channel: 'slack', keys: SLACK_KEYS, read: (reader, { client, slack }) => readSlack(reader, client, slack) },
  { key: 'sns_configs', channel: 'sns', keys: SNS_KEYS, read: readSns },
  { key: 'phone_configs', channel: 'phone', keys: PHONE_KEYS, read: readPhone },
  { key: 'opsgenie_configs', channel: 'opsgenie', keys: OPSGENIE_KEYS, read: (reader, { client, opsgenie }) => readOpsgenie(reader, client, opsgenie) },
  { key: 'msteams_configs', channel: 'msteams', keys: MSTEAMS_KEYS, read: (reader, { client }) => readMsteams(reader, client) },
];

const RECEIVER_KEYS = ['name', ...KINDS.map(({ key }) => key)];

/** The list of receivers; names that stand twice are errors. */
export const readReceivers = (yaml: YamlFile, list: YamlNode, defaults: ReceiverDefaults): readonly Receiver[] => {
  const seen = new Set<string>();
  return yaml.elements(list, 'receivers').map((node, i) => {
    const receiver = readReceiver(yaml, node, i + 1, defaults);
    if (seen.has(receiver.name)) yaml.fail(node, `receiver ${JSON.stringify(receiver.name)}: found this name twice, a receiver's name stands once`);
    seen.add(receiver.name);
    return receiver;
  });
};

const readReceiver = (yaml: YamlFile, node: YamlNode, number: number, defaults: ReceiverDefaults): Receiver => {
  const fields = new FieldReader(yaml, node, `receiver ${number}`, RECEIVER_KEYS);
  const name = fields.text('name');
  const what = `receiver ${name === '' ? number : JSON.stringify(name)}`;
  if (name === '') yaml.fail(node, `${what}: found no name, every receiver needs one`);
  const integrations = KINDS.flatMap(({ key, channel, keys, read }) =>
    yaml.elements(fields.node(key), `${what}: ${key}`).map((each, i): Integration => {
      const reader = new FieldReader(yaml, each, `${what}: ${channel} ${i + 1}`, keys);
      return { ...read(reader, defaults), id: `${name}/${channel}/${i}`, receiver: name };
    }),
  );
  if (integrations.length > MAX_INTEGRATIONS) yaml.fail(node, `${what}: found ${integrations.length} integrations, at most ${MAX_INTEGRATIONS} are allowed`);
  return { name, integrations };
};
