import { PermanentError, messageOf } from '../../errors.ts';
import type { Matcher } from '../../promql/matcher.ts';
import type { YamlNode } from '../../rules/yaml-file.ts';
import { FieldReader } from '../receiver-config/field-reader.ts';
import { NO_MATCHERS, checkMatcher, compileMatchers, parseMatchers } from './matcher-text.ts';
import type { MatcherSet } from './matcher-text.ts';
import { allRoutes, childKey, rootRoute } from './route.ts';
import type { EscalationStep, Route } from './route.ts';

const ROUTE_KEYS = [
  'receiver', 'matchers', 'match', 'match_re', 'continue', 'group_by', 'group_wait', 'group_interval', 'repeat_interval', 'mute_time_intervals', 'active_time_intervals', 'escalate', 'routes',
];

/** Names that routes may use. */
export interface KnownNames {
  /** With their numbers of integrations. */
  readonly receivers: ReadonlyMap<string, number>;
  readonly timeIntervals: ReadonlySet<string>;
}

/** The routing tree under `route`. */
export const readRoot = (reader: FieldReader, names: KnownNames): Route => {
  if (!reader.has('route')) {
    reader.fail('route', 'found no route, one with a receiver is needed');
    return rootRoute('', NO_MATCHERS);
  }
  const root = new FieldReader(reader.yaml, reader.node('route'), 'route', ROUTE_KEYS, reader.place);
  if (root.text('receiver') === '') root.fail('receiver', 'found no receiver, the route needs one');
  for (const key of ['matchers', 'match', 'match_re', 'mute_time_intervals', 'active_time_intervals', 'continue']) {
    if (root.has(key)) root.fail(key, `found ${key}, which the root route may not have`);
  }
  return { ...readRoute(root, rootRoute('', NO_MATCHERS), NO_MATCHERS, names), key: '{}', continues: false };
};

const readRoute = (reader: FieldReader, parent: Route, matchers: MatcherSet, names: KnownNames): Route => {
  const read: Route = {
    key: childKey(parent.key, matchers),
    receiver: reader.text('receiver') || parent.receiver,
    matchers,
    continues: reader.flag('continue', false),
    groupBy: reader.has('group_by') ? readGroupBy(reader) : parent.groupBy,
    groupWaitMs: reader.durationMs('group_wait', parent.groupWaitMs),
    groupIntervalMs: positive(reader, 'group_interval', parent.groupIntervalMs),
    repeatIntervalMs: positive(reader, 'repeat_interval', parent.repeatIntervalMs),
    muteTimeIntervals: readNames(reader, 'mute_time_intervals', names.timeIntervals),
    activeTimeIntervals: readNames(reader, 'active_time_intervals', names.timeIntervals),
    escalate: undefined,
    routes: [],
  };
  const own = { ...read, escalate: readEscalation(reader, { parent, receiver: read.receiver, names }) };
  const receiver = reader.text('receiver');
  if (receiver !== '' && !names.receivers.has(receiver)) reader.fail('receiver', `receiver: found ${JSON.stringify(receiver)}, which is not among the receivers`);
  // The children know the parent's key as it will be: the root's own is `{}`.
  const asParent = parent.key === '{}' && reader.what === 'route' ? { ...own, key: '{}' } : own;
  const route = { ...own, routes: readChildren(reader, asParent, names) };
  if (reader.has('escalate')) checkHeard(reader, route, names);
  return route;
};

const readChildren = (reader: FieldReader, parent: Route, names: KnownNames): readonly Route[] =>
  reader.each('routes', ROUTE_KEYS).map((child) => readRoute(child, parent, readMatchers(child, { equal: 'match', regex: 'match_re', list: 'matchers' }), names));

/** Matchers in all three notations. */
export const readMatchers = (reader: FieldReader, keys: { readonly equal: string; readonly regex: string; readonly list: string }): MatcherSet => {
  const found: Matcher[] = [];
  const take = (node: YamlNode, read: () => readonly Matcher[]): void => {
    try {
      found.push(...read());
    } catch (error) {
      if (!(error instanceof PermanentError)) throw error;
      reader.yaml.fail(node, `${reader.what}: ${messageOf(error)}`);
    }
  };
  const fieldsOf = (key: string) => (reader.has(key) ? reader.yaml.fields(reader.node(key), `${reader.what}: ${key}`) : []);
  for (const { key: name, value } of fieldsOf(keys.equal)) {
    const text = reader.yaml.text(value, `${reader.what}: ${keys.equal}`);
    take(value, () => one({ name, op: '=', value: text }));
  }
  for (const { key: name, value } of fieldsOf(keys.regex)) {
    const text = reader.yaml.text(value, `${reader.what}: ${keys.regex}`);
    // Alertmanager keeps these with their anchors, which shows in group keys.
    take(value, () => one({ name, op: '=~', value: `^(?:${text})$` }));
  }
  for (const { text, node } of reader.texts(keys.list)) take(node, () => parseMatchers(text));
  return compileMatchers(found);
};

const one = (matcher: Matcher): readonly Matcher[] => {
  checkMatcher(matcher);
  return [matcher];
};

const readGroupBy = (reader: FieldReader): Route['groupBy'] => {
  const names = reader.texts('group_by');
  const seen = new Set<string>();
  for (const { text, node } of names) {
    if (text === '') reader.yaml.fail(node, `${reader.what}: group_by: found an empty name, a label name is needed`);
    if (seen.has(text)) reader.yaml.fail(node, `${reader.what}: group_by: found ${JSON.stringify(text)} twice, a label stands once`);
    seen.add(text);
  }
  if (!seen.has('...')) return [...seen];
  if (names.length > 1) reader.fail('group_by', 'group_by: found "..." beside other labels, it stands alone');
  return 'all';
};

const positive = (reader: FieldReader, key: string, otherwise: number): number => {
  const durationMs = reader.durationMs(key, otherwise);
  if (durationMs <= 0) reader.fail(key, `${key}: found 0, a duration such as 5m is needed`);
  return durationMs;
};

/** What one flush tells of a group must fit one transaction (100 writes): two for each integration, the group and the lease. */
const MAX_INTEGRATIONS_WITH_ESCALATION = 49;

interface OwnReceiver {
  readonly parent: Route;
  /** The route's own. */
  readonly receiver: string;
  readonly names: KnownNames;
}

/** `escalate: { after: 15m, receiver: leads }`; `null` is for a child whose parent has one that it does not want. */
const readEscalation = (reader: FieldReader, { parent, receiver, names }: OwnReceiver): EscalationStep | undefined => {
  // Those who hear of an alert at once need not hear of it later.
  const inherited = parent.escalate?.receiver === receiver ? undefined : parent.escalate;
  const step = reader.isNull('escalate') ? undefined : reader.has('escalate') ? readStep(reader, names) : inherited;
  if (step === undefined) return undefined;
  if (step.receiver === receiver) reader.fail('escalate', `escalate: found the receiver ${JSON.stringify(receiver)} of the route itself, another one is needed`);
  const integrations = (names.receivers.get(receiver) ?? 0) + (names.receivers.get(step.receiver) ?? 0);
  if (integrations > MAX_INTEGRATIONS_WITH_ESCALATION) {
    reader.fail('escalate', `escalate: found ${integrations} integrations of both receivers, at most ${MAX_INTEGRATIONS_WITH_ESCALATION} are allowed together`);
  }
  return step;
};

/** An escalation that nobody could ever hear of is a mistake. Where only a route below has no integrations, that one is meant to be quiet. */
const checkHeard = (reader: FieldReader, route: Route, { receivers }: KnownNames): void => {
  const step = route.escalate;
  if (step === undefined) return;
  if (receivers.get(step.receiver) === 0) {
    reader.fail('escalate', `escalate: found the receiver ${JSON.stringify(step.receiver)}, which has no integrations, one that somebody hears is needed`);
  }
  if (allRoutes(route).every(({ receiver, escalate }) => escalate !== step || receivers.get(receiver) === 0)) {
    reader.fail('escalate', 'escalate: found no receiver with integrations on this route or below it, and alerts of which nobody is told do not escalate');
  }
};

const readStep = (reader: FieldReader, { receivers }: KnownNames): EscalationStep => {
  const step = reader.under('escalate', ['after', 'receiver']);
  if (!step.has('after')) reader.fail('escalate', 'escalate: found no after, a duration such as 15m is needed');
  const afterMs = positive(step, 'after', 1);
  const receiver = step.text('receiver');
  if (receiver === '') reader.fail('escalate', 'escalate: found no receiver, one of the receivers is needed');
  else if (!receivers.has(receiver)) step.fail('receiver', `receiver: found ${JSON.stringify(receiver)}, which is not among the receivers`);
  return { afterMs, receiver };
};

const readNames = (reader: FieldReader, key: string, known: ReadonlySet<string>): readonly string[] =>
  reader.texts(key).map(({ text, node }) => {
    if (!known.has(text)) reader.yaml.fail(node, `${reader.what}: ${key}: found ${JSON.stringify(text)}, which is not among the time_intervals`);
    return text;
  });
