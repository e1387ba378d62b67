import { createHash } from 'node:crypto';
import type { LabelPair, Labels } from '../model/labels.ts';
import type { Expr } from '../promql/ast.ts';
import type { SlotStatement } from '../sql/slot-statement.ts';
import type { Template } from './template.ts';

export type NamedTemplate = readonly [name: string, template: Template];

/** What becomes of alerts whose series stop to report: they end, they stay as they are, or the series is an alert of its own. */
export type NoDataMode = 'ok' | 'keep' | 'alert';

export interface NoDataPolicy {
  readonly mode: NoDataMode;
  /** Series that have reported within it are expected; 0: only those of `expected`. */
  readonly windowMs: number;
  /** Label sets of which each must be carried, in full, by some series; also when none ever was. */
  readonly expected: readonly Labels[];
}

/** What a rule asks, parsed. */
export type RuleSource = { readonly language: 'promql'; readonly expr: Expr } | { readonly language: 'sql'; readonly statement: SlotStatement };

interface RuleOf {
  /** Names the rule's state: the same after an edit of its expression, `for` or annotations, so that these keep running alerts. */
  readonly id: string;
  readonly name: string;
  /** As the file has it. */
  readonly query: string;
  readonly source: RuleSource;
}

/** A rule whose result is stored as series of its name. */
export interface RecordingRule extends RuleOf {
  readonly kind: 'recording';
  /** The group's labels and the rule's own, which win; sorted by name. They replace those of the result, '' removes one. */
  readonly labels: readonly LabelPair[];
}

export interface AlertingRule extends RuleOf {
  readonly kind: 'alerting';
  /** `for`: time in pending. */
  readonly holdMs: number;
  /** `keep_firing_for`: time kept after the last match. */
  readonly keepFiringMs: number;
  readonly noData: NoDataPolicy;
  /** The group's labels and the rule's own, which win; sorted by name. */
  readonly labels: readonly NamedTemplate[];
  readonly annotations: readonly NamedTemplate[];
}

export type Rule = AlertingRule | RecordingRule;

/** Rules that share one evaluation time and run in order. */
export interface RuleGroup {
  /** `file;name`, Prometheus' own group key. */
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly intervalMs: number;
  /** Slots wait this much longer before they are evaluated. */
  readonly queryOffsetMs: number;
  /** Alerts, or series, a rule may give at once; 0 = no limit. */
  readonly limit: number;
  readonly rules: readonly Rule[];
}

/** All rules of an installation. */
export interface RuleSet {
  /** Changes with the files. */
  readonly version: string;
  readonly groups: readonly RuleGroup[];
  /** Files whose rules are not known now: alerts of their rules stay as they are. */
  readonly unreadFiles?: readonly string[];
}

export const groupId = (file: string, name: string): string => `${file};${name}`;

export const isGroupOf = (group: string, file: string): boolean => group.startsWith(groupId(file, ''));

/** `labels` as the file has them; `occurrence` counts the earlier rules of the group with the same name and labels. */
export const ruleId = (group: string, name: string, labels: readonly LabelPair[], occurrence: number): string =>
  createHash('sha256')
    .update(JSON.stringify([group, name, labels, occurrence]))
    .digest('hex')
    .slice(0, 24);

/** The labels of a rule as the file has them. */
export const labelSources = (rule: Rule): readonly LabelPair[] =>
  rule.kind === 'recording' ? rule.labels : rule.labels.map(([name, template]): LabelPair => [name, template.source]);

/** The rule's expression, for links to where PromQL is looked at; '' where it has none. */
export const promqlOf = (rule: Rule): string => (rule.source.language === 'promql' ? rule.query : '');

export const hasSql = (group: RuleGroup): boolean => group.rules.some(({ source }) => source.language === 'sql');
