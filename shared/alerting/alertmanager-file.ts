import { parseDurationMs } from '../model/duration.ts';
import { YamlFile } from '../rules/yaml-file.ts';
import type { YamlNode } from '../rules/yaml-file.ts';
import { readEmail, readSmtpDefaults } from './email-config.ts';
import type { AlertmanagerConfig, Integration, Receiver } from './receivers.ts';
import { FieldReader } from './field-reader.ts';

/** Alertmanager's default. */
const RESOLVE_TIMEOUT_MS = 300_000;

/** Of one receiver: a transition and a notification for each must fit one transaction. */
const MAX_INTEGRATIONS = 25;

const WEBHOOK_KEYS = ['url', 'send_resolved'];

export interface AlertmanagerFile {
  /** Undefined when there are errors. */
  readonly config: AlertmanagerConfig | undefined;
  /** `file:line:column: ...`, all of them. They never quote a URL, a password or another value that may be secret. */
  readonly errors: readonly string[];
}

/** Reads Alertmanager's YAML as far as it is supported yet: one route without children, webhooks and e-mail. */
export const parseAlertmanagerFile = (text: string, file: string): AlertmanagerFile => {
  const yaml = new YamlFile(text, file, true);
  const reader = new FieldReader(yaml, yaml.fields(yaml.root, 'alertmanager file'), 'alertmanager file', ['global', 'route', 'receivers'], yaml.root);
  const global = new FieldReader(yaml, yaml.fields(reader.node('global'), 'global'), 'global', GLOBAL_KEYS, reader.node('global'));
  const smtp = readSmtpDefaults(global);
  const receivers = yaml.elements(reader.node('receivers'), 'receivers').map((node, i) => readReceiver(yaml, node, i + 1, (email) => readEmail(email, smtp)));
  refuseTwins(yaml, receivers);
  const receiver = yaml.errors.length === 0 || reader.has('route') ? readRoute(yaml, reader, receivers) : '';
  const resolveTimeoutMs = readResolveTimeout(global);
  if (yaml.errors.length > 0) return { config: undefined, errors: yaml.errors };
  return { config: { resolveTimeoutMs, receiver, receivers: receivers.map((read) => read.receiver) }, errors: [] };
};

const GLOBAL_KEYS = ['resolve_timeout', 'smtp_from', 'smtp_smarthost', 'smtp_hello', 'smtp_auth_username', 'smtp_auth_password', 'smtp_require_tls'];

interface ReadReceiver {
  readonly receiver: Receiver;
  readonly node: YamlNode;
}

const readReceiver = (yaml: YamlFile, node: YamlNode, number: number, email: (reader: FieldReader) => Omit<Extract<Integration, { channel: 'email' }>, 'id' | 'receiver'>): ReadReceiver => {
  const fields = yaml.fields(node, `receiver ${number}`);
  const name = yaml.text(fields.find((field) => field.key === 'name')?.value ?? null, `receiver ${number}: name`);
  const what = `receiver ${name === '' ? number : JSON.stringify(name)}`;
  const reader = new FieldReader(yaml, fields, what, ['name', 'webhook_configs', 'email_configs'], node);
  if (name === '') yaml.fail(node, `${what}: found no name, every receiver needs one`);
  const webhooks = yaml.elements(reader.node('webhook_configs'), `${what}: webhook_configs`).map((each, i): Integration => {
    const of = `${what}: webhook ${i + 1}`;
    return { ...readWebhook(new FieldReader(yaml, yaml.fields(each, of), of, WEBHOOK_KEYS, each)), id: `${name}/webhook/${i}`, receiver: name };
  });
  const emails = yaml.elements(reader.node('email_configs'), `${what}: email_configs`).map((each, i): Integration => {
    const of = `${what}: email ${i + 1}`;
    return { ...email(new FieldReader(yaml, yaml.fields(each, of), of, EMAIL_KEYS, each)), id: `${name}/email/${i}`, receiver: name };
  });
  const integrations = [...webhooks, ...emails];
  if (integrations.length > MAX_INTEGRATIONS) yaml.fail(node, `${what}: found ${integrations.length} webhooks and e-mails, at most ${MAX_INTEGRATIONS} are allowed`);
  return { receiver: { name, integrations }, node };
};

const EMAIL_KEYS = ['to', 'from', 'smarthost', 'hello', 'auth_username', 'auth_password', 'require_tls', 'headers', 'send_resolved', 'text', 'html'];

const readWebhook = (reader: FieldReader): Omit<Extract<Integration, { channel: 'webhook' }>, 'id' | 'receiver'> => {
  const url = reader.plain('url');
  if (!isHttpUrl(url)) reader.fail('url', 'url: found no address, http://... or https://... is needed');
  return { channel: 'webhook', url, sendResolved: reader.flag('send_resolved', true) };
};

const isHttpUrl = (text: string): boolean => {
  const url = URL.parse(text);
  return url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '';
};

const readRoute = (yaml: YamlFile, reader: FieldReader, receivers: readonly ReadReceiver[]): string => {
  const node = reader.node('route');
  if (!reader.has('route')) reader.fail('route', 'found no route, one with a receiver is needed');
  const route = new FieldReader(yaml, yaml.fields(node, 'route'), 'route', ['receiver'], node);
  const name = route.plain('receiver');
  if (reader.has('route') && name === '') route.fail('receiver', 'found no receiver, the route needs one');
  else if (name !== '' && !receivers.some((read) => read.receiver.name === name)) {
    route.fail('receiver', `receiver: found ${JSON.stringify(name)}, which is not among the receivers`);
  }
  return name;
};

const readResolveTimeout = (global: FieldReader): number => {
  if (!global.has('resolve_timeout')) return RESOLVE_TIMEOUT_MS;
  const durationMs = parseDurationMs(global.plain('resolve_timeout'));
  if (durationMs === undefined) global.fail('resolve_timeout', 'resolve_timeout: found no duration, one such as 5m is needed');
  return durationMs ?? RESOLVE_TIMEOUT_MS;
};

const refuseTwins = (yaml: YamlFile, receivers: readonly ReadReceiver[]): void => {
  const seen = new Set<string>();
  for (const { receiver, node } of receivers) {
    if (seen.has(receiver.name)) yaml.fail(node, `receiver ${JSON.stringify(receiver.name)}: found this name twice, a receiver's name stands once`);
    seen.add(receiver.name);
  }
};

