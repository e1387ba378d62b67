import { messageOf } from '../../errors.ts';
import { makeLabels } from '../../model/labels.ts';
import type { LabelPair, Labels } from '../../model/labels.ts';
import { parseFloatText } from '../../promql/number-text.ts';
import { parseQuery } from '../../promql/parser.ts';
import { DEFAULT_INTERVAL_MS } from '../rule-file.ts';
import { fieldOf, readDuration, refuseUnknown } from '../yaml-fields.ts';
import { YamlFile } from '../yaml-file.ts';
import type { YamlField, YamlNode } from '../yaml-file.ts';
import { parseHistogram, parseSeries, parseValues } from './series-notation.ts';
import type { NotedValue } from './series-notation.ts';

export interface InputSeries {
  readonly labels: Labels;
  readonly values: readonly NotedValue[];
}

export interface ExpectedAlert {
  readonly labels: Labels;
  readonly annotations: Labels;
}

export interface AlertTest {
  readonly evalTimeMs: number;
  readonly alertname: string;
  readonly alerts: readonly ExpectedAlert[];
}

export interface ExpectedSample {
  readonly labels: Labels;
  readonly value: Exclude<NotedValue, undefined | 'stale'>;
}

export interface ExprTest {
  readonly expr: string;
  readonly evalTimeMs: number;
  readonly samples: readonly ExpectedSample[];
}

export interface RuleTest {
  readonly name: string;
  readonly intervalMs: number;
  readonly series: readonly InputSeries[];
  readonly alertTests: readonly AlertTest[];
  readonly exprTests: readonly ExprTest[];
  readonly externalLabels: Labels;
  readonly externalUrl: string;
}

/** A file of rule tests in promtool's format. */
export interface TestFile {
  /** Paths and patterns, relative to the file. */
  readonly ruleFiles: readonly string[];
  readonly evaluationIntervalMs: number;
  readonly groupOrder: readonly string[];
  readonly isFuzzy: boolean;
  readonly tests: readonly RuleTest[];
  readonly errors: readonly string[];
}

const FILE_KEYS = new Set(['rule_files', 'evaluation_interval', 'group_eval_order', 'fuzzy_compare', 'tests']);
const TEST_KEYS = new Set(['name', 'interval', 'input_series', 'alert_rule_test', 'promql_expr_test', 'external_labels', 'external_url']);

/** Reads a test file; errors come all at once, with their places. */
export const parseTestFile = (text: string, file: string): TestFile => {
  const yaml = new YamlFile(text, file);
  const reader = new Reader(yaml, yaml.root, 'test file', FILE_KEYS);
  const tests = reader.elements('tests').map((node, i) => readTest(yaml, node, `test ${i + 1}`));
  return {
    ruleFiles: reader.texts('rule_files'),
    evaluationIntervalMs: reader.durationMs('evaluation_interval') || DEFAULT_INTERVAL_MS,
    groupOrder: reader.texts('group_eval_order'),
    isFuzzy: reader.text('fuzzy_compare') === 'true',
    tests,
    errors: yaml.errors,
  };
};

/** The fields of one mapping. */
class Reader {
  private readonly yaml: YamlFile;
  private readonly node: YamlNode;
  private readonly fields: readonly YamlField[];
  private readonly what: string;

  constructor(yaml: YamlFile, node: YamlNode, what: string, known: ReadonlySet<string>) {
    this.yaml = yaml;
    this.node = node;
    this.what = what;
    this.fields = yaml.fields(node, what);
    refuseUnknown(yaml, this.fields, known, what);
  }

  text(key: string): string {
    return this.yaml.text(fieldOf(this.fields, key)?.value ?? null, `${this.what}: ${key}`);
  }

  texts(key: string): readonly string[] {
    return this.elements(key).map((node) => this.yaml.text(node, `${this.what}: ${key}`));
  }

  elements(key: string): readonly YamlNode[] {
    return this.yaml.elements(fieldOf(this.fields, key)?.value ?? null, `${this.what}: ${key}`);
  }

  durationMs(key: string): number {
    return readDuration(this.yaml, fieldOf(this.fields, key), this.what) ?? 0;
  }

  /** Empty texts stay: annotations have them. */
  pairs(key: string): readonly LabelPair[] {
    return this.yaml.fields(fieldOf(this.fields, key)?.value ?? null, `${this.what}: ${key}`).map(({ key: name, value }): LabelPair => [name, this.yaml.text(value, `${this.what}: ${key} ${name}`)]);
  }

  /** What `read` makes of the text of a field; an error at its place, and undefined, where it throws. */
  parsed<T>(key: string, read: (text: string) => T): T | undefined {
    const field = fieldOf(this.fields, key);
    try {
      return read(this.text(key));
    } catch (error) {
      this.yaml.fail(field?.value ?? this.node, `${this.what}: ${key}: ${messageOf(error)}`);
      return undefined;
    }
  }
}

const readTest = (yaml: YamlFile, node: YamlNode, what: string): RuleTest => {
  const reader = new Reader(yaml, node, what, TEST_KEYS);
  return {
    name: reader.text('name'),
    intervalMs: reader.durationMs('interval') || DEFAULT_INTERVAL_MS,
    series: reader.elements('input_series').map((each, i) => readSeries(yaml, each, `${what}, series ${i + 1}`)),
    alertTests: reader.elements('alert_rule_test').map((each, i) => readAlertTest(yaml, each, `${what}, alert_rule_test ${i + 1}`)),
    exprTests: reader.elements('promql_expr_test').map((each, i) => readExprTest(yaml, each, `${what}, promql_expr_test ${i + 1}`)),
    externalLabels: makeLabels(reader.pairs('external_labels')),
    externalUrl: reader.text('external_url').replace(/\/+$/, ''),
  };
};

const readSeries = (yaml: YamlFile, node: YamlNode, what: string): InputSeries => {
  const reader = new Reader(yaml, node, what, new Set(['series', 'values']));
  return { labels: reader.parsed('series', parseSeries) ?? [], values: reader.parsed('values', parseValues) ?? [] };
};

const readAlertTest = (yaml: YamlFile, node: YamlNode, what: string): AlertTest => {
  const reader = new Reader(yaml, node, what, new Set(['eval_time', 'alertname', 'exp_alerts']));
  const alertname = reader.text('alertname');
  const alerts = reader.elements('exp_alerts').map((each, i): ExpectedAlert => {
    const expected = new Reader(yaml, each, `${what}, alert ${i + 1}`, new Set(['exp_labels', 'exp_annotations']));
    return {
      labels: makeLabels(new Map([...expected.pairs('exp_labels'), ['alertname', alertname]])),
      annotations: expected.pairs('exp_annotations').toSorted((a, b) => Buffer.compare(Buffer.from(a[0]), Buffer.from(b[0]))),
    };
  });
  return { evalTimeMs: reader.durationMs('eval_time'), alertname, alerts };
};

const readExprTest = (yaml: YamlFile, node: YamlNode, what: string): ExprTest => {
  const reader = new Reader(yaml, node, what, new Set(['expr', 'eval_time', 'exp_samples']));
  const expr =
    reader.parsed('expr', (text) => {
      parseQuery(text);
      return text;
    }) ?? '';
  const samples = reader.elements('exp_samples').map((each, i): ExpectedSample => {
    const expected = new Reader(yaml, each, `${what}, sample ${i + 1}`, new Set(['labels', 'value', 'histogram']));
    const histogram = expected.text('histogram');
    const value = histogram === '' ? expected.parsed('value', floatOf) : expected.parsed('histogram', parseHistogram);
    return { labels: expected.parsed('labels', labelsOf) ?? [], value: value ?? 0 };
  });
  return { expr, evalTimeMs: reader.durationMs('eval_time'), samples };
};

const labelsOf = (text: string): Labels => (text === '' ? [] : parseSeries(text));

const floatOf = (text: string): number => {
  const value = parseFloatText(text);
  if (value === undefined) throw new Error(`found ${JSON.stringify(text.slice(0, 100))}, a number is needed`);
  return value;
};

