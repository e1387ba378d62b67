import { labelValue } from '../../model/labels.ts';
import type { Labels } from '../../model/labels.ts';
import type { MatcherSet } from './matcher-text.ts';

/** While an alert that matches `source` fires, alerts that match `target` and have equal labels with it are not told of. */
export interface InhibitRule {
  readonly source: MatcherSet;
  readonly target: MatcherSet;
  readonly equal: readonly string[];
}

/** An alert that fires, under a name of the caller's. */
export interface Inhibitor {
  readonly id: string;
  readonly labels: Labels;
}

/** The ids of alerts that inhibit one with these labels, at most one per rule; none: it may be told of. */
export type InhibitedBy = (labels: Labels) => readonly string[];

interface Sources {
  readonly any: string;
  /** One that is no target itself. */
  strict: string | undefined;
}

/**
 * Inhibition among the alerts that fire now. An alert that matches both sides of a rule is not inhibited by others that do,
 * nor by itself (alertmanager, inhibit/inhibit.go: hasEqual). Linear in alerts times rules.
 */
export const makeInhibition = (rules: readonly InhibitRule[], firing: Iterable<Inhibitor>): InhibitedBy => {
  const indexes = rules.map(() => new Map<string, Sources>());
  if (rules.length > 0) for (const alert of firing) rules.forEach((rule, i) => addSource(indexes[i] as Map<string, Sources>, rule, alert));
  return (labels) =>
    rules.flatMap((rule, i) => {
      const found = rule.target.matches(labels) ? indexes[i]?.get(equalKey(rule, labels)) : undefined;
      const id = found === undefined ? undefined : rule.source.matches(labels) ? found.strict : found.any;
      return id === undefined ? [] : [id];
    });
};

const addSource = (index: Map<string, Sources>, rule: InhibitRule, { id, labels }: Inhibitor): void => {
  if (!rule.source.matches(labels)) return;
  const key = equalKey(rule, labels);
  const strict = rule.target.matches(labels) ? undefined : id;
  const found = index.get(key);
  if (found === undefined) index.set(key, { any: id, strict });
  else found.strict ??= strict;
};

const equalKey = ({ equal }: InhibitRule, labels: Labels): string => JSON.stringify(equal.map((name) => labelValue(labels, name)));
