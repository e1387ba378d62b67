import { formatDurationMs } from '../model/duration.ts';
import { METRIC_NAME, labelsToJson, makeLabels } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { DEFAULT_RETENTION } from '../tiers/retention.ts';
import type { NoDataMode, NoDataPolicy } from './rule-group.ts';
import { fieldOf, readDuration, refuseUnknown } from './yaml-fields.ts';
import type { YamlField, YamlFile, YamlNode } from './yaml-file.ts';

const MODES: readonly string[] = ['ok', 'keep', 'alert'] satisfies readonly NoDataMode[];

const POLICY_KEYS = new Set(['mode', 'window', 'expected']);

/** Long enough for a host to come back by itself, short enough that what is gone for good is soon forgotten. */
const DEFAULT_WINDOW_MS = 3_600_000;

/** What is looked for before raw samples expire. */
const MAX_WINDOW_MS = DEFAULT_RETENTION.raw;

/** Each slot looks for every one of them in what reports: a fleet's hosts, not its series. */
const MAX_EXPECTED = 1000;

/** What any series may have (reference: labels 40, name 256, value 2048 characters). */
const MAX_LABELS = 40;
const MAX_NAME_CHARS = 256;
const MAX_VALUE_CHARS = 2048;

const policyOf = (mode: NoDataMode): NoDataPolicy => ({ mode, windowMs: DEFAULT_WINDOW_MS, expected: [] });

/** A word, or a mapping of `mode`, `window` and `expected`. Prometheus' own way is `ok`: what is not there does not match. */
export const readNoData = (yaml: YamlFile, field: YamlField | undefined, rule: string): NoDataPolicy => {
  if (field === undefined) return policyOf('ok');
  const what = `${rule}: no_data`;
  if (!yaml.isMapping(field.value)) return policyOf(readMode(yaml, field, what));
  const fields = yaml.fields(field.value, what);
  refuseUnknown(yaml, fields, POLICY_KEYS, what);
  const modeField = fieldOf(fields, 'mode');
  if (modeField === undefined) yaml.fail(field.value, `${what}: found no mode, one of ${MODES.join(', ')} is needed`);
  const mode = modeField === undefined ? 'ok' : readMode(yaml, modeField, `${what}: mode`);
  for (const key of ['window', 'expected']) {
    const other = fieldOf(fields, key);
    if (other !== undefined && modeField !== undefined && mode !== 'alert') yaml.fail(other.keyNode, `${what}: found ${key} with the mode ${mode}, which only the mode alert has`);
  }
  return { mode, windowMs: readWindow(yaml, fieldOf(fields, 'window'), what), expected: readExpected(yaml, fieldOf(fields, 'expected'), what) };
};

const readMode = (yaml: YamlFile, field: YamlField, what: string): NoDataMode => {
  const text = yaml.text(field.value, what);
  if (MODES.includes(text)) return text as NoDataMode;
  yaml.fail(field.value ?? field.keyNode, `${what}: found ${JSON.stringify(text)}, ok, keep and alert are allowed`);
  return 'ok';
};

const readWindow = (yaml: YamlFile, field: YamlField | undefined, what: string): number => {
  const windowMs = readDuration(yaml, field, what) ?? DEFAULT_WINDOW_MS;
  if (windowMs <= MAX_WINDOW_MS) return windowMs;
  yaml.fail(field?.value ?? null, `${what}: window: found ${formatDurationMs(windowMs)}, at most ${formatDurationMs(MAX_WINDOW_MS)} is allowed: raw samples are kept for so long`);
  return DEFAULT_WINDOW_MS;
};

const readExpected = (yaml: YamlFile, field: YamlField | undefined, what: string): readonly Labels[] => {
  if (field === undefined) return [];
  const nodes = yaml.elements(field.value, `${what}: expected`);
  if (nodes.length > MAX_EXPECTED) yaml.fail(field.value, `${what}: expected: found ${nodes.length} label sets, at most ${MAX_EXPECTED} are allowed`);
  const seen = new Set<string>();
  return nodes.slice(0, MAX_EXPECTED).map((node, i) => {
    const of = `${what}: expected ${i + 1}`;
    const labels = readLabelSet(yaml, node, of);
    const key = labelsToJson(labels);
    if (labels.length > 0 && seen.has(key)) yaml.fail(node, `${of}: found ${key} twice, a label set stands once`);
    seen.add(key);
    return labels;
  });
};

const readLabelSet = (yaml: YamlFile, node: YamlNode, what: string): Labels => {
  const pairs = yaml.fields(node, what);
  if (pairs.length === 0 || pairs.length > MAX_LABELS) yaml.fail(node, `${what}: found ${pairs.length} labels, 1 to ${MAX_LABELS} are allowed`);
  const labels = pairs.slice(0, MAX_LABELS).map(({ key, keyNode, value }) => {
    const text = yaml.text(value, `${what}: ${JSON.stringify(key.slice(0, MAX_NAME_CHARS))}`);
    if (key === '' || key === METRIC_NAME || key.length > MAX_NAME_CHARS || !key.isWellFormed()) {
      yaml.fail(keyNode, `${what}: found a name of ${key.length} characters that is not allowed here; 1 to ${MAX_NAME_CHARS} other than ${METRIC_NAME} are`);
    }
    if (text === '' || text.length > MAX_VALUE_CHARS || !text.isWellFormed()) {
      yaml.fail(value ?? keyNode, `${what}: found a value of ${text.length} characters, 1 to ${MAX_VALUE_CHARS} are allowed`);
    }
    return [key, text] as const;
  });
  return makeLabels(new Map(labels.filter(([key, text]) => key !== '' && text !== '' && key.isWellFormed() && text.isWellFormed())));
};
