import { messageOf } from '../errors.ts';
import { GO_BUILTINS } from '../rules/templates/go-builtins.ts';
import { escapeHtml } from '../rules/templates/go-escape.ts';
import { TemplateError, stringMap } from '../rules/templates/go-value.ts';
import type { GoList, GoMap, GoStruct, GoValue } from '../rules/templates/go-value.ts';
import { goTime } from '../rules/templates/go-time.ts';
import { TEMPLATE_FUNCTIONS } from '../rules/templates/prometheus-functions.ts';
import { executeTemplate } from '../rules/templates/template-executor.ts';
import type { TemplateFunction } from '../rules/templates/template-executor.ts';
import { parseGoTemplate } from '../rules/templates/template-parser.ts';
import type { ParsedTemplate } from '../rules/templates/template-parser.ts';
import { DEFAULT_TEMPLATES } from './default-templates.ts';
import type { MessageAlert, WebhookMessage } from './message.ts';

/** Alertmanager's functions that Prometheus has too. */
const SHARED = ['toUpper', 'toLower', 'title', 'match', 'reReplaceAll', 'safeHtml', 'humanizeDuration'];

const join: TemplateFunction = {
  params: ['string', 'any'],
  call: ([separator, list]) => {
    if (typeof list !== 'object' || list?.kind !== 'list') throw new TemplateError('join: found no list, one of texts is needed');
    return list.elements.map(String).join(separator as string);
  },
};

const stringSlice: TemplateFunction = { params: [], rest: 'string', call: (elements) => texts(elements as readonly string[]) };

const trimSpace: TemplateFunction = { params: ['string'], call: ([text]) => (text as string).trim() };

/** The functions of Alertmanager's templates (template/template.go: DefaultFuncs). */
const FUNCTIONS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ...GO_BUILTINS,
  ...SHARED.map((name): [string, TemplateFunction] => [name, TEMPLATE_FUNCTIONS.get(name) as TemplateFunction]),
  ['join', join],
  ['stringSlice', stringSlice],
  ['trimSpace', trimSpace],
]);

/** The functions that a template may call. */
export const TEMPLATE_NAMES: ReadonlySet<string> = new Set(FUNCTIONS.keys());

const DEFAULTS = parseGoTemplate(DEFAULT_TEMPLATES, 'default.tmpl', TEMPLATE_NAMES);

/** What `{{ template "name" . }}` finds beside the definitions of its own text: by name the file that defines it. */
export type NamedTemplates = ReadonlyMap<string, ParsedTemplate>;

/** What is wrong with a text that may hold a template; undefined when nothing is. It may quote the text. */
export const templateProblem = (source: string): string | undefined => {
  if (!source.includes('{{')) return undefined;
  try {
    parseGoTemplate(source, '', TEMPLATE_NAMES);
    return undefined;
  } catch (error) {
    return messageOf(error);
  }
};

export interface ExpandSetting {
  readonly nowMs: number;
  readonly templates: NamedTemplates;
}

/**
 * Expands the texts of a receiver over a message, also within lists and mappings of it; secrets and the names of things stay as
 * they are. A template that fails prints its error and is sent all the same.
 */
export const expandTexts = <T>(value: T, message: WebhookMessage, { nowMs, templates }: ExpandSetting): T => {
  const expand = (each: unknown, over: WebhookMessage): unknown => {
    if (typeof each === 'string') return each.includes('{{') ? expandText(each, over, { nowMs, templates }) : each;
    if (Array.isArray(each)) return each.map((inner) => expand(inner, over));
    if (typeof each !== 'object' || each === null || isSecret(each)) return each;
    return Object.fromEntries(Object.entries(each).map(([key, inner]) => [key, KEPT.has(key) ? inner : expand(inner, key === 'html' ? escaped(message) : over)]));
  };
  return expand(value, message) as T;
};

/** With every text of the message as HTML has it: labels and annotations come from senders. */
const escaped = (message: WebhookMessage): WebhookMessage => JSON.parse(JSON.stringify(message), (_key, each: unknown) => (typeof each === 'string' ? escapeHtml(each) : each)) as WebhookMessage;

/** What names the integration, and where it leads; no text that people see has one of these names. */
const KEPT: ReadonlySet<string> = new Set(['id', 'receiver', 'channel', 'auth', 'tls', 'proxy', 'smarthost', 'url', 'signingSecrets']);

const isSecret = (value: object): boolean => ('text' in value || 'file' in value) && Object.keys(value).length === 1;

const expandText = (source: string, message: WebhookMessage, { nowMs, templates }: ExpandSetting): string => {
  try {
    const setting = { nowMs, externalUrl: message.externalURL, answers: new Map() };
    return executeTemplate(parseGoTemplate(source, '', TEMPLATE_NAMES), messageValue(message), FUNCTIONS, setting, { get: (name) => templates.get(name) ?? DEFAULTS });
  } catch (error) {
    return `<error expanding template: ${messageOf(error)}>`;
  }
};

const struct = (type: string, fields: Readonly<Record<string, GoValue>>): GoStruct => ({ kind: 'struct', type, fields: new Map(Object.entries(fields)) });

const texts = (elements: readonly string[]): GoList => ({ kind: 'list', type: '[]string', elements });

/** `template.Data` of Alertmanager. */
const messageValue = (message: WebhookMessage): GoStruct =>
  struct('*template.Data', {
    Receiver: message.receiver,
    Status: message.status,
    Alerts: alertList(message.alerts.map(({ status }) => status), message.alerts.map(alertValue)),
    GroupLabels: pairMap(message.groupLabels),
    CommonLabels: pairMap(message.commonLabels),
    CommonAnnotations: pairMap(message.commonAnnotations),
    ExternalURL: message.externalURL,
  });

const alertList = (statuses: readonly string[], elements: readonly GoValue[]): GoList => {
  const only = (status: string): GoList => ({ kind: 'list', type: '[]template.Alert', elements: elements.filter((_, i) => statuses[i] === status) });
  return { kind: 'list', type: 'template.Alerts', elements, methods: new Map([['Firing', () => only('firing')], ['Resolved', () => only('resolved')]]) };
};

const alertValue = (alert: MessageAlert): GoStruct =>
  struct('template.Alert', {
    Status: alert.status,
    Labels: pairMap(alert.labels),
    Annotations: pairMap(alert.annotations),
    StartsAt: goTime(Date.parse(alert.startsAt)),
    EndsAt: goTime(Date.parse(alert.endsAt)),
    GeneratorURL: alert.generatorURL,
    Fingerprint: alert.fingerprint,
  });

/** `template.KV`: a map with methods. */
const pairMap = (record: Readonly<Record<string, string>>): GoMap => {
  const pairs = Object.entries(record);
  return {
    ...stringMap(pairs),
    type: 'template.KV',
    methods: new Map<string, (args: readonly GoValue[]) => GoValue>([
      ['SortedPairs', () => pairList(sorted(pairs))],
      ['Names', () => texts(sorted(pairs).map(([name]) => name))],
      ['Values', () => texts(sorted(pairs).map(([, value]) => value))],
      ['Remove', ([names]) => pairMap(Object.fromEntries(pairs.filter(([name]) => !isAmong(names, name))))],
    ]),
  };
};

const isAmong = (names: GoValue | undefined, name: string): boolean => typeof names === 'object' && names?.kind === 'list' && names.elements.includes(name);

/** By name, the alert's own name first. */
const sorted = (pairs: readonly [string, string][]): readonly [string, string][] =>
  [...pairs].sort(([a], [b]) => (a === 'alertname' ? -1 : b === 'alertname' ? 1 : a < b ? -1 : 1));

const pairList = (pairs: readonly (readonly [string, string])[]): GoList => ({
  kind: 'list',
  type: 'template.Pairs',
  elements: pairs.map(([name, value]) => struct('template.Pair', { Name: name, Value: value })),
  methods: new Map<string, () => GoValue>([
    ['Names', () => texts(pairs.map(([name]) => name))],
    ['Values', () => texts(pairs.map(([, value]) => value))],
  ]),
});
