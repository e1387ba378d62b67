import { describe, expect, it } from 'vitest';
import type { Expr } from '../../../shared/promql/ast.ts';
import { FUNCTION_SIGNATURES } from '../../../shared/promql/function-signatures.ts';
import { FUNCTIONS } from '../../../shared/promql/evaluator.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';
import { printExpr } from '../../../shared/promql/printer.ts';

const problem = (query: string): string => {
  try {
    parseQuery(query);
  } catch (error) {
    return (error as Error).message;
  }
  return 'valid';
};

/** Every operation in parentheses. */
const shape = (expr: Expr): string => {
  if (expr.kind === 'binary') return `(${shape(expr.lhs)} ${expr.op} ${shape(expr.rhs)})`;
  if (expr.kind === 'unary') return `(${expr.op}${shape(expr.expr)})`;
  return printExpr(expr);
};

describe('operators', () => {
  it.each([
    ['a or b and c unless d', '(a or ((b and c) unless d))'],
    ['a + b * c - d', '((a + (b * c)) - d)'],
    ['a > b + c == bool d', '((a > (b + c)) == d)'],
    ['a ^ b ^ c', '(a ^ (b ^ c))'],
    ['-a ^ b', '(-(a ^ b))'],
    ['-a * b', '((-a) * b)'],
    ['a ^ -b * c', '((a ^ (-b)) * c)'],
    ['a % b atan2 c', '((a % b) atan2 c)'],
    ['2 - -1', '(2 - -1)'],
    ['a AND b Or c', '((a and b) or c)'],
  ])('%s groups as %s', (query, grouped) => {
    expect(shape(parseQuery(query))).toBe(grouped);
  });

  it('takes the list after group_left for its labels', () => {
    const expr = parseQuery('a / on (x) group_left (y, z) b');
    expect(expr).toMatchObject({ kind: 'binary', matching: { card: 'many-to-one', on: true, labels: ['x'], include: ['y', 'z'] } });
  });
});

describe('numbers and durations', () => {
  it.each([
    ['0x1F', 31], ['010', 8], ['08', 8], ['1_000', 1000], ['0b101', 5], ['0o17', 15], ['.5', 0.5], ['5.', 5], ['1e3', 1000], ['1E-3', 0.001],
    ['0x1p-2', 0.25], ['inf', Infinity], ['-Inf', -Infinity], ['+2', 2], ['1h30m', 5400], ['1ms', 0.001], ['9223372036854775808', 9223372036854775808],
  ])('%s is %d', (text, value) => {
    expect(parseQuery(text)).toMatchObject({ kind: 'number', value });
  });

  it('NaN is not a number', () => {
    expect(parseQuery('NaN')).toMatchObject({ kind: 'number', value: NaN });
  });

  it.each(['1x', '0x', '1__0', '1h1y', '1.5h', '1e1000'])('%s is refused', (text) => {
    expect(problem(text)).toMatch(/^1:1: parse error: (bad number or duration syntax|not a valid duration string)/);
  });

  it('a number in brackets counts seconds, and is cut to milliseconds', () => {
    expect(parseQuery('x[300]')).toMatchObject({ rangeMs: 300_000 });
    expect(parseQuery('x[1.0015]')).toMatchObject({ rangeMs: 1001 });
  });
});

describe('selectors', () => {
  it.each([
    'x', 'x{a="b"}', 'x{a="b",}', '{a=~"b.+",c!="d"}', 'x offset 5m', 'x offset -5m', 'x @ 1.500', 'x @ start() offset 1m', 'x[5m] @ end()',
    'x[5m:1m] offset 1h', 'x[5m:]', 'rate(x[5m])[10m:1m] @ 10.000', ':rule:name', 'sum', 'by', 'offset', '{"a.b"}', '{"a.b","c d"="e"}',
    'and', 'x{on="1"}', '{__name__="a b"}', "x{a='b'}", 'x{a=`b\\`}', 'x # comment', '\n\tx', 'sum by (a:b, "c d", on) (x)', 'limitk(1, x)', 'x anchored', 'x[5m] smoothed',
  ])('%s is valid', (query) => {
    expect(problem(query)).toBe('valid');
  });

  it('does not mind the order of @ and offset', () => {
    expect(printExpr(parseQuery('x offset 5m @ 10'))).toBe(printExpr(parseQuery('x @ 10 offset 5m')));
  });

  it('reads a quoted name and quoted labels', () => {
    expect(parseQuery('{"a.b", "c d"="e"}')).toMatchObject({
      metric: 'a.b',
      matchers: [{ name: '__name__', op: '=', value: 'a.b' }, { name: 'c d', op: '=', value: 'e' }],
    });
  });

  it('reads every escape of a string', () => {
    expect(parseQuery('"\\a\\n\\\\\\"\\x41\\101\\u00e9\\U0001F600"')).toMatchObject({ value: '\x07\n\\"AAé😀' });
    expect(parseQuery('"\\xff"')).toMatchObject({ value: '\udcff' });
  });
});

describe('byte ranges', () => {
  it('count bytes, not characters', () => {
    const expr = parseQuery('{a="é😀"} + sum(b)');
    expect(expr.range).toEqual({ start: 0, end: 21 });
    expect(expr).toMatchObject({ opRange: { start: 13, end: 14 }, rhs: { range: { start: 15, end: 21 } } });
  });

  it('are printed as line and column in bytes', () => {
    expect(problem('x +\n"é" +')).toBe('2:7: parse error: unexpected end of input');
  });
});

describe('syntax errors', () => {
  it.each([
    ['', '1:1: parse error: no expression found in input'],
    ['1 +', '1:4: parse error: unexpected end of input'],
    ['rate(x[5m]', '1:11: parse error: unclosed left parenthesis'],
    ['(1))', "1:4: parse error: unexpected right parenthesis ')'"],
    ['*1', '1:1: parse error: unexpected <op:*>'],
    ['a b', '1:3: parse error: unexpected identifier "b"'],
    ['sum(x) offset', '1:14: parse error: unexpected end of input in offset, expected number, duration, step(), or range()'],
    ['foo{', '1:5: parse error: unexpected end of input inside braces'],
    ['foo{a}', '1:6: parse error: unexpected "}" in label matching, expected label matching operator'],
    ['foo{a=b}', '1:7: parse error: unexpected identifier "b" in label matching, expected string'],
    ['foo{a="b" c="d"}', '1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"'],
    ['foo{1}', "1:5: parse error: unexpected character inside braces: '1'"],
    ['x["5m"]', '1:3: parse error: unexpected string "\\"5m\\"" in subquery or range selector, expected number, duration, step(), or range()'],
    ['x[5m', '1:5: parse error: unclosed left bracket'],
    ['"abc', '1:1: parse error: unterminated quoted string'],
    ['a ! b', "1:3: parse error: unexpected character after '!': ' '"],
    ['sum by x (y)', '1:8: parse error: unexpected identifier "x" in grouping opts, expected "("'],
    ['sum by ("") (x)', '1:9: parse error: invalid label name for grouping: ""'],
    ['sum by (1) (x)', '1:9: parse error: unexpected number "1" in grouping opts, expected label'],
    ['1 =~ 1', "1:3: parse error: unexpected character after '=': '~'"],
    ['x{a!b="c"}', "1:4: parse error: unexpected character after '!' inside braces: 'b'"],
    ['x[5m:1m:4s]', "1:8: parse error: unexpected colon ':'"],
    ['sum x by (a)', '1:5: parse error: unexpected identifier "x" in aggregation'],
    ['max 5', '1:5: parse error: unexpected number "5" in aggregation'],
    ['"\\c"', "1:1: parse error: unknown escape sequence U+0063 'c'"],
    ["'\\\"'", "1:1: parse error: unknown escape sequence U+0022 '\"'"],
    ['x{a="\\x4"}', "1:5: parse error: illegal character U+0022 '\"' in escape sequence"],
    ['"\\u00g1"', "1:1: parse error: illegal character U+0067 'g' in escape sequence"],
    ['"\\400"', '1:1: parse error: escape sequence is an invalid Unicode code point'],
    ['"\\ud800"', '1:1: parse error: escape sequence is an invalid Unicode code point'],
    ['sum(x,)', '1:6: parse error: trailing commas not allowed in function call args'],
    ['sum()', '1:1: parse error: no arguments for aggregate expression provided'],
    ['topk(x)', '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 2, got 1'],
    ['nope(x)', '1:1: parse error: unknown function with name "nope"'],
    ['x{a=~"("}', '1:3: parse error: error parsing regexp: missing closing ): `^(?s:()$`'],
  ])('%s: %s', (query, message) => {
    expect(problem(query)).toBe(message);
  });
});

describe('hostile queries', () => {
  const millis = (query: string): number => {
    const from = performance.now();
    problem(query);
    return performance.now() - from;
  };

  it.each([
    ['a megabyte', '1+'.repeat(500_000), /found at least 1000000 bytes, limit 262144 bytes/],
    ['ten thousand parentheses', `${'('.repeat(10_000)}1${')'.repeat(10_000)}`, /nested deeper than 500 levels/],
    ['ten thousand signs', `${'-'.repeat(10_000)}1`, /nested deeper than 500 levels/],
    ['a long chain of operators', `1${'+1'.repeat(60_000)}`, /nested deeper than 500 levels/],
    ['a tower of subqueries', `x${'[5m:1m]'.repeat(5000)}`, /nested deeper than 500 levels/],
    ['a deep regex', `x{a=~"${'('.repeat(5000)}${')'.repeat(5000)}"}`, /nests too deeply/],
    ['a regex that repeats repeats', 'x{a=~"((a{100}){100}){100}"}', /too costly: found a cost of 1010100, limit 10000/],
  ])('%s is refused at once', (_, query, message) => {
    expect(problem(query)).toMatch(message);
    // Measured: 1 to 180 ms on a cold start; RegExp or a missing cap would take seconds or the stack.
    expect(millis(query)).toBeLessThan(2000);
  });

  it('400 terms are no attack', () => {
    expect(problem(`x${' or x'.repeat(400)}`)).toBe('valid');
  });
});

describe('functions', () => {
  it('every signature has an implementation, and the other way round', () => {
    expect(Object.keys(FUNCTIONS).toSorted()).toEqual([...FUNCTION_SIGNATURES.keys()].toSorted());
  });
});
