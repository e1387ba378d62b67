import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeParameters } from '../../functions/query/params.ts';
import { evaluateInstant, evaluateRange } from '../../shared/promql/engine.ts';
import { PromqlExecutionError, PromqlParseError } from '../../shared/promql/errors.ts';
import { compileRegex } from '../../shared/promql/matcher.ts';
import { parseQuery } from '../../shared/promql/parser.ts';
import { prettyPrint } from '../../shared/promql/pretty-printer.ts';
import { printExpr } from '../../shared/promql/printer.ts';
import { MAX_REGEX_COST, regexCost } from '../../shared/promql/regex-cost.ts';
import { load } from '../unit/promql/load.ts';

const memory = load('1m', 'x{a="b"} 1+1x100');

const instant = async (query: string): Promise<void> => void (await evaluateInstant(memory.select, query, 60_000));

const millisOf = async (act: () => Promise<void> | void): Promise<number> => {
  const from = performance.now();
  await Promise.resolve().then(act).catch(() => undefined);
  return performance.now() - from;
};

/** Least time of either, measured by turns, so that a busy machine slows both. */
const ratio = async (act: () => Promise<void> | void): Promise<number> => {
  let [own, plain] = [Infinity, Infinity];
  for (let i = 0; i < 200; i++) {
    plain = Math.min(plain, await millisOf(() => instant('1+1')));
    own = Math.min(own, await millisOf(act));
  }
  return own / plain;
};

describe('a query that asks for too much', () => {
  it.each([
    ['a megabyte', '1+'.repeat(500_000), /found at least 1000000 bytes, limit 262144 bytes/],
    ['ten thousand parentheses', `${'('.repeat(10_000)}1${')'.repeat(10_000)}`, /nested deeper than 500 levels/],
    ['ten thousand signs', `${'-'.repeat(10_000)}1`, /nested deeper than 500 levels/],
    ['ten thousand parentheses in a range', `x[${'('.repeat(10_000)}1m${')'.repeat(10_000)}]`, /nested deeper than 500 levels/],
    ['steps of a millisecond over a year', 'count_over_time(x[1y:1ms])', /too many samples/],
  ])('%s is refused within ten times the time of 1+1', async (_, query, problem) => {
    await expect(instant(query)).rejects.toThrow(problem);
    expect(await ratio(() => instant(query))).toBeLessThan(10);
  });

  it('a million steps are refused within ten times the time of 1+1, before any memory is taken', async () => {
    const params = new URLSearchParams({ query: '1', start: '0', end: '1000000', step: '1' });
    expect(() => rangeParameters(params)).toThrow('exceeded maximum resolution of 11,000 points per timeseries');
    expect(await ratio(() => void rangeParameters(params))).toBeLessThan(10);
    const bounds = { startMs: 0, endMs: 1e12, stepMs: 1000 };
    await expect(evaluateRange(memory.select, '1', bounds)).rejects.toThrow('too many samples');
    expect(await ratio(async () => void (await evaluateRange(memory.select, '1', bounds)))).toBeLessThan(10);
  });

  it.each([
    ['dots', '.a'.repeat(30_000)],
    ['alternatives', `${'ab|'.repeat(20_000)}c.*`],
    ['optional letters', `${'a?'.repeat(15_000)}${'a'.repeat(30_000)}`],
    ['Unicode classes', '\\pL'.repeat(20_000)],
    ['repetitions of repetitions', `(a{100}){100}${'a'.repeat(59_000)}`],
    ['escaped literals', `${'10\\.0\\.0\\.1:9100|'.repeat(3300)}a`],
    ['literals', 'a'.repeat(60_000)],
  ])('a regex of 60,000 characters of %s takes less than 100 ms', async (_, pattern) => {
    expect(pattern.length).toBeGreaterThan(45_000);
    let least = Infinity;
    for (let i = 0; i < 5; i++) least = Math.min(least, await millisOf(() => instant(`x{a=~\`${pattern}\`}`)));
    expect(least).toBeLessThan(100);
  });
});

const SYMBOLS = ['(', ')', '{', '}', '[', ']', '+', '-', '^', '/', '@', ':', ',', '=', '=~', '"a"', '5m', '1', 'x', 'sum', 'rate', 'offset', 'by', 'on',
  'fill', 'group_left', 'step', 'min_of', 'anchored', 'smoothed', 'bool', 'and', 'unless', '</', '\\', '\u0000', 'é', '#', '\n', '0x', "'", '`'];

describe('any text', () => {
  it('is a query or a parse error with a position, and what is a query prints as one that prints the same', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...SYMBOLS), { maxLength: 30 }), (parts) => {
        const query = parts.join(' ');
        try {
          const expr = parseQuery(query);
          expect(printExpr(parseQuery(printExpr(expr)))).toBe(printExpr(expr));
          expect(printExpr(parseQuery(prettyPrint(expr)))).toBe(printExpr(expr));
        } catch (error) {
          if (!(error instanceof PromqlParseError)) throw error;
          expect(error.message).toMatch(/^\d+:\d+: parse error: ./);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('is evaluated to an answer or an error of PromQL', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...SYMBOLS), { maxLength: 12 }), async (parts) => {
        try {
          await evaluateInstant(memory.select, parts.join(' '), 60_000);
        } catch (error) {
          if (!(error instanceof PromqlParseError) && !(error instanceof PromqlExecutionError)) throw error;
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the cost of a regex', () => {
  it('is that of the pattern with its repetitions written out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), (inner, outer) => {
        expect(regexCost(`(?:a{${inner}}b){${outer}}`)).toBe((inner + 1 + 3) * outer);
      }),
    );
  });

  it('keeps whatever compiles under a second, and refuses the rest at once', () => {
    const piece = fc.constantFrom('a', '.', '[a-z]', '[^a]', '\\pL', '\\d', '(', ')', '|', '*', '+', '?', '{10}', '{2,50}', '{1000}', '(?i)', '^', '$');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), fc.integer({ min: 1, max: 60 }), (pieces, times) => {
        const pattern = pieces.join('').repeat(times);
        const from = performance.now();
        try {
          compileRegex(pattern)('a');
        } catch (error) {
          expect((error as Error).message).toMatch(/error parsing regexp|nests too deeply/);
        }
        expect(performance.now() - from).toBeLessThan(1000);
        if (regexCost(pattern) > MAX_REGEX_COST) expect(performance.now() - from).toBeLessThan(100);
      }),
      { numRuns: 300 },
    );
  });
});
