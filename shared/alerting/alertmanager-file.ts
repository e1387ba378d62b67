import { YamlFile } from '../rules/yaml-file.ts';
import { SMTP_KEYS, readSmtpDefaults } from './receiver-config/email-config.ts';
import { FieldReader } from './receiver-config/field-reader.ts';
import { readHttpAuth, readSecretUrl, readUrl } from './receiver-config/http-config.ts';
import { OPSGENIE_URL } from './receiver-config/opsgenie-config.ts';
import { PAGERDUTY_URL } from './receiver-config/pagerduty-config.ts';
import { readReceivers } from './receiver-config/receiver-config.ts';
import type { ReceiverDefaults } from './receiver-config/receiver-config.ts';
import { redactedText } from './receiver-config/redacted-text.ts';
import type { AlertmanagerConfig } from './receivers.ts';
import { readInhibitRules } from './routing/inhibit-config.ts';
import { readRoot } from './routing/route-config.ts';
import { readTimeIntervals } from './routing/time-interval-config.ts';
import { parseTemplateFiles } from './template-files.ts';
import type { TemplateFile } from './template-files.ts';

/** Alertmanager's default. */
const RESOLVE_TIMEOUT_MS = 300_000;

const FILE_KEYS = ['global', 'route', 'inhibit_rules', 'receivers', 'templates', 'time_intervals', 'mute_time_intervals'];

const GLOBAL_KEYS = ['resolve_timeout', 'http_config', ...SMTP_KEYS, 'pagerduty_url', 'slack_api_url', 'slack_api_url_file', 'opsgenie_api_url', 'opsgenie_api_key', 'opsgenie_api_key_file'];

export interface AlertmanagerFile {
  /** Undefined when there are errors. */
  readonly config: AlertmanagerConfig | undefined;
  /** `file:line:column: ...`, all of them. They never quote a URL, a password or another value that may be secret. */
  readonly errors: readonly string[];
}

/** Reads Alertmanager's YAML, and the files that its list of templates names (template-files.ts: templatePatterns). */
export const parseAlertmanagerFile = (text: string, file: string, templateFiles: readonly TemplateFile[] = []): AlertmanagerFile => {
  const yaml = new YamlFile(text, file, true);
  const reader = new FieldReader(yaml, yaml.root, 'alertmanager file', FILE_KEYS);
  const global = new FieldReader(yaml, reader.node('global'), 'global', GLOBAL_KEYS);
  const resolveTimeoutMs = global.durationMs('resolve_timeout', RESOLVE_TIMEOUT_MS);
  const receivers = readReceivers(yaml, reader.node('receivers'), readDefaults(global));
  const timeIntervals = readTimeIntervals(reader);
  const inhibitRules = readInhibitRules(reader);
  reader.texts('templates');
  const { templates, errors } = parseTemplateFiles(templateFiles);
  // Of a file that is no YAML at all it would be an error that helps nobody.
  const readable = yaml.errors.length === 0 || reader.has('route') || reader.has('receivers');
  const route = readable ? readRoot(reader, { receivers: new Map(receivers.map(({ name, integrations }) => [name, integrations.length])), timeIntervals: new Set(timeIntervals.keys()) }) : undefined;
  if (yaml.errors.length > 0 || errors.length > 0 || route === undefined) return { config: undefined, errors: [...yaml.errors, ...errors] };
  return { config: { resolveTimeoutMs, route, inhibitRules, timeIntervals, receivers, templates, redactedText: redactedText(text) }, errors: [] };
};

const readDefaults = (global: FieldReader): ReceiverDefaults => ({
  auth: readHttpAuth(global),
  smtp: readSmtpDefaults(global),
  pagerdutyUrl: readUrl(global, 'pagerduty_url', PAGERDUTY_URL),
  slackUrl: global.has('slack_api_url') || global.has('slack_api_url_file') ? readSecretUrl(global, 'slack_api_url') : undefined,
  opsgenie: { url: readUrl(global, 'opsgenie_api_url', OPSGENIE_URL), apiKey: global.secret('opsgenie_api_key') },
});
