import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../../shared/promql/parser.ts';
import { prettyPrint } from '../../../shared/promql/pretty-printer.ts';
import { printExpr } from '../../../shared/promql/printer.ts';

const LONG = 'a_metric_with_a_rather_long_name_that_takes_its_place{label="value",another_label="another value"}';

describe('formatted queries', () => {
  it('a short one stays on its line', () => {
    expect(prettyPrint(parseQuery('sum(rate(x[5m]))by(a)>0.5'))).toBe('sum by (a) (rate(x[5m])) > 0.5');
  });

  it('100 bytes are short, 101 are not', () => {
    const query = (length: number): string => `sum(${'x'.repeat(length - 5)})`;
    expect(prettyPrint(parseQuery(query(100)))).toBe(query(100));
    expect(prettyPrint(parseQuery(query(101)))).toBe(`sum(\n  ${'x'.repeat(96)}\n)`);
  });

  it('bytes count, not characters', () => {
    expect(prettyPrint(parseQuery(`sum({"${'é'.repeat(50)}"})`))).toBe(`sum(\n  {"${'é'.repeat(50)}"}\n)`);
  });

  it('operators, arguments and parentheses take lines of their own', () => {
    expect(prettyPrint(parseQuery(`(topk(5,${LONG})+on(label)group_left()-max_over_time(${LONG}[5m:1m] @ 5))`))).toBe(`(
    topk(
      5,
      ${LONG}
    )
  + on (label) group_left ()
    -max_over_time(
      ${LONG}[5m:1m] @ 5.000
    )
)`);
  });

  it.each([
    `sum by (a) (${LONG}) / ignoring (b) fill (0) sum without (c) (${LONG} offset 5m)`,
    `histogram_quantile(0.9, sum by (le) (rate(${LONG}[5m] anchored))) > bool 1`,
    `label_replace(${LONG}, "a", "$1", "b", "(.*)")[1h:5m] offset -1h`,
    `-(${LONG} ^ 2 or vector(0))`,
  ])('%s reads the same broken and on one line', (query) => {
    const expr = parseQuery(query);
    expect(printExpr(parseQuery(prettyPrint(expr)))).toBe(printExpr(expr));
  });

  it('takes time in proportion to the query, however deep', () => {
    const query = `${'abs('.repeat(450)}${LONG}${')'.repeat(450)}`;
    const from = performance.now();
    expect(prettyPrint(parseQuery(query)).split('\n')).toHaveLength(901);
    expect(performance.now() - from).toBeLessThan(1000);
  });
});
