import { messageOf } from '../errors.ts';
import { parseQuery } from '../promql/parser.ts';
import { typeOf } from '../promql/type-checker.ts';
import { parseSlotStatement } from '../sql/slot-statement.ts';
import type { RuleSource } from './rule-group.ts';
import { fieldOf } from './yaml-fields.ts';
import type { YamlField, YamlFile, YamlNode } from './yaml-file.ts';

export interface RuleQuery {
  readonly query: string;
  readonly source: RuleSource;
}

/** `expr` or `sql` of a rule; undefined, with an error of the file, when it has neither, both or a wrong one. */
export const readQuery = (yaml: YamlFile, fields: readonly YamlField[], rule: YamlNode, what: string): RuleQuery | undefined => {
  const [expr, sql] = [fieldOf(fields, 'expr'), fieldOf(fields, 'sql')];
  if (expr !== undefined && sql !== undefined) {
    yaml.fail(sql.keyNode, `${what}: found both expr and sql, one of them is allowed`);
    return undefined;
  }
  const field = sql ?? expr;
  const query = field === undefined ? '' : yaml.text(field.value, `${what}: ${field.key}`);
  if (query.trim() === '') {
    yaml.fail(field?.value ?? rule, `${what}: found no expr, every rule needs one`);
    return undefined;
  }
  try {
    return { query, source: sql === undefined ? readExpr(query) : { language: 'sql', statement: parseSlotStatement(query) } };
  } catch (error) {
    yaml.fail(field?.value ?? rule, `${what}: ${field?.key}: ${messageOf(error)}`);
    return undefined;
  }
};

const readExpr = (query: string): RuleSource => {
  const expr = parseQuery(query);
  const type = typeOf(expr);
  if (type === 'vector' || type === 'scalar') return { language: 'promql', expr };
  throw new Error(`found a ${type}, a vector or scalar is needed`);
};
