import { YamlFile } from '../rules/yaml-file.ts';
import { SMTP_KEYS, readSmtpDefaults } from './receiver-config/email-config.ts';
import { FieldReader } from './receiver-config/field-reader.ts';
import { readHttpClient, readSecretUrl, readUrl } from './receiver-config/http-config.ts';
import { OPSGENIE_URL } from './receiver-config/opsgenie-config.ts';
import { PAGERDUTY_URL } from './receiver-config/pagerduty-config.ts';
import { readReceivers } from './receiver-config/receiver-config.ts';
import type { ReceiverDefaults } from './receiver-config/receiver-config.ts';
import { redactedText } from './receiver-config/redacted-text.ts';
import { SLACK_APP_URL } from './receiver-config/slack-config.ts';
import type { AlertmanagerConfig } from './receivers.ts';
import { readInhibitRules } from './routing/inhibit-config.ts';
import { readRoot } from './routing/route-config.ts';
import { readTimeIntervals } from './routing/time-interval-config.ts';
import { parseTemplateFiles } from './template-files.ts';
import type { TemplateFile } from './template-files.ts';

/** Alertmanager's default. */
const RESOLVE_TIMEOUT_MS = 300_000;

const FILE_KEYS = ['global', 'route', 'inhibit_rules', 'receivers', 'templates', 'time_intervals', 'mute_time_intervals', 'tracing'];

/** Defaults of receivers that there are none of here, and of what Alertmanager tells of itself. */
const IDLE_KEYS = [
  'jira_api_url', 'victorops_api_url', 'victorops_api_key', 'victorops_api_key_file', 'rocketchat_api_url', 'rocketchat_token', 'rocketchat_token_file', 'rocketchat_token_id', 'rocketchat_token_id_file',
  'wechat_api_url', 'wechat_api_secret', 'wechat_api_secret_file', 'wechat_api_corp_id', 'telegram_api_url', 'telegram_bot_token', 'telegram_bot_token_file', 'webex_api_url', 'mattermost_webhook_url',
  'mattermost_webhook_url_file',
];

const GLOBAL_KEYS = [
  'resolve_timeout', 'http_config', ...SMTP_KEYS, 'pagerduty_url', 'slack_api_url', 'slack_api_url_file', 'slack_app_token', 'slack_app_token_file', 'slack_app_url',
  'opsgenie_api_url', 'opsgenie_api_key', 'opsgenie_api_key_file', ...IDLE_KEYS,
];

export interface AlertmanagerFile {
  /** Undefined when there are errors. */
  readonly config: AlertmanagerConfig | undefined;
  /** `file:line:column: ...`, all of them. They never quote a URL, a password or another value that may be secret. */
  readonly errors: readonly string[];
  /** `file:line:column: warning: ...`: what is taken and means something else, or nothing, here. */
  readonly warnings: readonly string[];
}

/** Reads Alertmanager's YAML, and the files that its list of templates names (template-files.ts: templatePatterns). */
export const parseAlertmanagerFile = (text: string, file: string, templateFiles: readonly TemplateFile[] = []): AlertmanagerFile => {
  const yaml = new YamlFile(text, file, true);
  const reader = new FieldReader(yaml, yaml.root, 'alertmanager file', FILE_KEYS);
  const global = new FieldReader(yaml, reader.node('global'), 'global', GLOBAL_KEYS);
  for (const key of IDLE_KEYS) global.warn(key, `${key}: there are no receivers here that would use it`);
  reader.warn('tracing', 'tracing: traces of sending are not written here');
  const resolveTimeoutMs = global.durationMs('resolve_timeout', RESOLVE_TIMEOUT_MS);
  const receivers = readReceivers(yaml, reader.node('receivers'), readDefaults(global));
  const timeIntervals = readTimeIntervals(reader);
  const inhibitRules = readInhibitRules(reader);
  reader.texts('templates');
  const { templates, errors } = parseTemplateFiles(templateFiles);
  // Of a file that is no YAML at all it would be an error that helps nobody.
  const readable = yaml.errors.length === 0 || reader.has('route') || reader.has('receivers');
  const route = readable ? readRoot(reader, { receivers: new Map(receivers.map(({ name, integrations }) => [name, integrations.length])), timeIntervals: new Set(timeIntervals.keys()) }) : undefined;
  if (yaml.errors.length > 0 || errors.length > 0 || route === undefined) return { config: undefined, errors: [...yaml.errors, ...errors], warnings: yaml.warnings };
  return { config: { resolveTimeoutMs, route, inhibitRules, timeIntervals, receivers, templates, redactedText: redactedText(text) }, errors: [], warnings: yaml.warnings };
};

const readDefaults = (global: FieldReader): ReceiverDefaults => ({
  client: readHttpClient(global),
  smtp: readSmtpDefaults(global),
  pagerdutyUrl: readUrl(global, 'pagerduty_url', PAGERDUTY_URL),
  slack: {
    url: global.has('slack_api_url') || global.has('slack_api_url_file') ? readSecretUrl(global, 'slack_api_url') : undefined,
    appToken: global.secret('slack_app_token'),
    appUrl: readUrl(global, 'slack_app_url', SLACK_APP_URL),
  },
  opsgenie: { url: readUrl(global, 'opsgenie_api_url', OPSGENIE_URL), apiKey: global.secret('opsgenie_api_key') },
});
