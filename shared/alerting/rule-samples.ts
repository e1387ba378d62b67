import { METRIC_NAME, labelsToJson, makeLabels } from '../model/labels.ts';
import type { LabelPair, Labels } from '../model/labels.ts';
import type { AlertingRule, NamedTemplate } from '../rules/rule-group.ts';
import type { TemplateInput, TemplateSetting } from '../rules/template.ts';
import type { AlertSample } from './alert.ts';

export const ALERT_NAME = 'alertname';

/**
 * Labels and annotations of one alert as JSON. A notification repeats them up to six times, and a transition with all its
 * notifications must fit one transaction of 4 MB (DynamoDB).
 */
export const MAX_ALERT_BYTES = 16 * 1024;

/** One element of an instant vector. */
export interface VectorSample {
  readonly labels: Labels;
  readonly value: number;
}

/**
 * The alerts that a rule's result stands for, by their identity (canonical labels JSON): the result's labels without the
 * name, the rule's labels over them, and `alertname` over all.
 * @throws Error in Prometheus' words when two of them have the same labels; when one is too large.
 */
export const samplesOfRule = async (rule: AlertingRule, vector: readonly VectorSample[], setting: TemplateSetting): Promise<ReadonlyMap<string, AlertSample>> => {
  const samples = new Map<string, AlertSample>();
  for (const { labels, value } of vector) {
    const input: TemplateInput = { labels, value };
    const pairs = new Map<string, string>(labels.filter(([name]) => name !== METRIC_NAME));
    for (const [name, text] of await expandAll(rule.labels, input, setting)) pairs.set(name, text);
    pairs.set(ALERT_NAME, rule.name);
    const alertLabels = makeLabels(pairs);
    const key = labelsToJson(alertLabels);
    if (samples.has(key)) throw new Error('vector contains metrics with the same labelset after applying alert labels');
    const annotations = await expandAll(rule.annotations, input, setting);
    const bytes = Buffer.byteLength(key) + Buffer.byteLength(JSON.stringify(annotations));
    if (bytes > MAX_ALERT_BYTES) throw new Error(`expand alert: found ${bytes} bytes of labels and annotations, at most ${MAX_ALERT_BYTES} are allowed`);
    samples.set(key, { labels: alertLabels, annotations, value });
  }
  return samples;
};

/** Annotations keep empty texts, unlike labels. */
const expandAll = async (templates: readonly NamedTemplate[], input: TemplateInput, setting: TemplateSetting): Promise<Labels> => {
  const pairs: LabelPair[] = [];
  for (const [name, template] of templates) {
    const text = template.expand(input, setting);
    // Only what asks a query is waited for: thousands of alerts make a text each.
    pairs.push([name, typeof text === 'string' ? text : await text]);
  }
  return pairs;
};
