import { describe, expect, it } from 'vitest';
import { parseQuery } from '../../../shared/promql/parser.ts';
import { printExpr } from '../../../shared/promql/printer.ts';

describe('printed expressions', () => {
  it.each([
    ['sum(x)by(b,a)', 'sum by (b, a) (x)'],
    ['SUM WITHOUT(a)(x)', 'sum without (a) (x)'],
    ['topk(3,x)', 'topk(3, x)'],
    ["x{b='c',a!~\"d\"}[300]", 'x{b="c",a!~"d"}[5m]'],
    ['x@5 offset -90s', 'x @ 5.000 offset -1m30s'],
    ['rate(x[5m])[1h:]@start()', 'rate(x[5m])[1h:] @ start()'],
    ['a==bool on()group_right b', 'a == bool on () group_right () b'],
    ['a/ignoring(x)group_left(y)b', 'a / ignoring (x) group_left (y) b'],
    ['-(a)', '-(a)'],
    ['{"a.b",c="d\\n"}', '{"a.b",c="d\\n"}'],
    ['x{"e f"="g"}', 'x{"e f"="g"}'],
    ['1e3 + 1h', '1000 + 1h'],
    ['label_replace(x,"a","b","c","d")', 'label_replace(x, "a", "b", "c", "d")'],
    ['{__name__=~"a.+"}', '{__name__=~"a.+"}'],
  ])('%s is %s', (query, printed) => {
    expect(printExpr(parseQuery(query))).toBe(printed);
  });
});
