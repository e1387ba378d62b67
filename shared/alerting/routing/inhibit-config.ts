import type { FieldReader } from '../receiver-config/field-reader.ts';
import type { InhibitRule } from './inhibition.ts';
import { readMatchers } from './route-config.ts';

const KEYS = ['source_match', 'source_match_re', 'source_matchers', 'target_match', 'target_match_re', 'target_matchers', 'equal'];

/** A flush looks at each of them for each of its alerts. */
const MAX_INHIBIT_RULES = 1000;

export const readInhibitRules = (reader: FieldReader): readonly InhibitRule[] => {
  const rules = reader.each('inhibit_rules', KEYS).map((rule): InhibitRule => ({
    source: readMatchers(rule, { equal: 'source_match', regex: 'source_match_re', list: 'source_matchers' }),
    target: readMatchers(rule, { equal: 'target_match', regex: 'target_match_re', list: 'target_matchers' }),
    equal: rule.texts('equal').map(({ text }) => text),
  }));
  if (rules.length > MAX_INHIBIT_RULES) reader.fail('inhibit_rules', `inhibit_rules: found ${rules.length} rules, at most ${MAX_INHIBIT_RULES} are allowed`);
  return rules;
};
