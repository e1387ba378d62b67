import { describe, expect, it } from 'vitest';
import { astJson } from '../../../shared/promql/ast-json.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';

const json = (query: string): unknown => JSON.parse(JSON.stringify(astJson(parseQuery(query))));

describe('the syntax tree as JSON', () => {
  it('tells selectors with their times and matchers, the name last', () => {
    expect(json('x{a=~"b.*"}[5m] anchored @ start() offset 1m')).toEqual({
      type: 'matrixSelector',
      range: 300_000,
      name: 'x',
      offset: 60_000,
      timestamp: null,
      startOrEnd: 'start',
      matchers: [{ name: 'a', value: 'b.*', type: '=~' }, { name: '__name__', value: 'x', type: '=' }],
      anchored: true,
      smoothed: false,
    });
  });

  it('tells the time of @', () => {
    expect(json('x @ 1.5')).toMatchObject({ type: 'vectorSelector', timestamp: 1500, startOrEnd: null, smoothed: false });
  });

  it('tells how vectors match', () => {
    expect(json('a / on (i) group_left (v) fill_right (1) b')).toMatchObject({
      type: 'binaryExpr',
      op: '/',
      bool: false,
      matching: { card: 'many-to-one', labels: ['i'], on: true, include: ['v'], fillValues: { lhs: null, rhs: 1 } },
    });
    expect(json('a and b')).toMatchObject({ matching: { card: 'many-to-many', on: false, labels: [] } });
    expect(json('a > bool 1')).toMatchObject({ matching: null, bool: true });
    expect(json('a + fill (Inf) b')).toMatchObject({ matching: { fillValues: { lhs: '+Inf', rhs: '+Inf' } } });
  });

  it('tells calls with the signatures of their functions', () => {
    expect(json('round(x, 5)')).toMatchObject({
      type: 'call',
      func: { name: 'round', argTypes: ['vector', 'scalar'], variadic: 1, returnType: 'vector' },
      args: [{ type: 'vectorSelector' }, { type: 'numberLiteral', val: '5' }],
    });
  });

  it('tells aggregations, subqueries, signs, parentheses and literals', () => {
    expect(json('topk by (a) (2, x)')).toMatchObject({ type: 'aggregation', op: 'topk', param: { val: '2' }, grouping: ['a'], without: false });
    expect(json('sum(x)')).toMatchObject({ type: 'aggregation', param: null, grouping: [] });
    expect(json('x[1h:] offset -5m')).toMatchObject({ type: 'subquery', range: 3_600_000, step: 0, offset: -300_000, expr: { name: 'x' } });
    expect(json('-(x)')).toMatchObject({ type: 'unaryExpr', op: '-', expr: { type: 'parenExpr', expr: { type: 'vectorSelector' } } });
    expect(json('"a\\n"')).toEqual({ type: 'stringLiteral', val: 'a\n' });
    expect(json('NaN')).toEqual({ type: 'numberLiteral', val: 'NaN' });
    expect(json('1e21')).toEqual({ type: 'numberLiteral', val: '1000000000000000000000' });
  });
});
