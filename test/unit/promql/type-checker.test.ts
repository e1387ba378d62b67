import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../../shared/promql/parser.ts';

const problem = (query: string): string => {
  try {
    parseQuery(query);
  } catch (error) {
    return (error as Error).message;
  }
  return 'valid';
};

describe('types', () => {
  it.each([
    ['rate(x)', '1:6: parse error: expected type range vector in call to function "rate", got instant vector'],
    ['abs(x[5m])', '1:5: parse error: expected type instant vector in call to function "abs", got range vector'],
    ['vector("a")', '1:8: parse error: expected type scalar in call to function "vector", got string'],
    ['abs()', '1:1: parse error: expected 1 argument(s) in call to "abs", got 0'],
    ['time(1)', '1:1: parse error: expected 0 argument(s) in call to "time", got 1'],
    ['round()', '1:1: parse error: expected at least 1 argument(s) in call to "round", got 0'],
    ['round(x, 1, 2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3'],
    ['label_join(x, "a")', '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 2'],
    ['sum(x[5m])', '1:5: parse error: expected type instant vector in aggregation expression, got range vector'],
    ['topk(x, x)', '1:6: parse error: expected type scalar in aggregation parameter, got instant vector'],
    ['count_values(1, x)', '1:14: parse error: expected type string in aggregation parameter, got scalar'],
    ['1 and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['x and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression'],
    ['1 == 1', '1:3: parse error: comparisons between scalars must use BOOL modifier'],
    ['x + bool y', '1:3: parse error: bool modifier can only be used on comparison operators'],
    ['x + "a"', '1:5: parse error: binary expression must contain only scalar and instant vector types'],
    ['x[5m] + y', '1:1: parse error: binary expression must contain only scalar and instant vector types'],
    ['1 + on (a) x', '1:1: parse error: vector matching only allowed between instant vectors'],
    ['x and on (a) group_left y', '1:1: parse error: no grouping allowed for "and" operation'],
    ['x + on (a) group_left (a) y', '1:3: parse error: label "a" must not occur in ON and GROUP clause at once'],
    ['-"a"', '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "string"'],
    ['-x[5m]', '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"'],
    ['1[5m:1m]', '1:1: parse error: subquery is only allowed on instant vector, got scalar instead'],
    ['x[5m][5m:1m]', '1:1: parse error: subquery is only allowed on instant vector, got matrix instead'],
    ['sum(x)[5m]', '1:7: parse error: ranges only allowed for vector selectors'],
    ['x offset 5m [5m]', '1:13: parse error: no offset modifiers allowed before range'],
    ['x @ 5 [5m]', '1:7: parse error: no @ modifiers allowed before range'],
    ['x offset 1m offset 2m', '1:1: parse error: offset may not be set multiple times'],
    ['x @ 1 @ 2', '1:1: parse error: @ <timestamp> may not be set multiple times'],
    ['sum(x) offset 5m', '1:1: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery'],
    ['sum(x) @ 5', '1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery'],
    ['x[0s]', '1:3: parse error: duration must be greater than 0'],
    ['{}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['{a=~".*"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['{a!="b"}', '1:1: parse error: vector selector must contain at least one non-empty matcher'],
    ['foo{__name__="bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"'],
    ['foo{"bar"}', '1:1: parse error: metric name must not be set twice: "foo" or "bar"'],
    ['x @ Inf', '1:5: parse error: timestamp out of bounds for @ modifier: +Inf'],
  ])('%s: %s', (query, message) => {
    expect(problem(query)).toBe(message);
  });

  it.each(['{a!=""}', '{a=~".+"}', 'x{a=""}', 'hour()', 'label_join(x, "a", ",")', '1 == bool 1', 'x + on () y', '((x[5m]))', 'topk((2), (x))'])('%s is valid', (query) => {
    expect(problem(query)).toBe('valid');
  });
});
