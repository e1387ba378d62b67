import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeLabels } from '../../shared/model/labels.ts';
import { bitsOf, putStaleAt } from '../../shared/model/stale.ts';
import { evaluateInstant, evaluateRange } from '../../shared/promql/engine.ts';
import { PromqlExecutionError } from '../../shared/promql/errors.ts';
import { compileRegex } from '../../shared/promql/matcher.ts';
import { parseFloatText } from '../../shared/promql/number-text.ts';
import { formatDecimal, formatGeneral, formatValue } from '../../shared/promql/number-text.ts';
import { parseQuery } from '../../shared/promql/parser.ts';
import { printExpr } from '../../shared/promql/printer.ts';
import { instantVector, type QueryResult } from '../../shared/promql/query-result.ts';
import { labelsKey } from '../../shared/promql/step-vector.ts';
import { quote, unquote } from '../../shared/promql/string-text.ts';
import { RE2JS } from 're2js';
import { MemorySeries } from '../unit/promql/load.ts';

const number = fc.constantFrom('0', '1', '2.5', '1e3', 'Inf', 'NaN', '5m', '1 / 3');
const shift = fc.constantFrom('', '', ' offset 1m', ' offset -30s', ' @ 200', ' @ start()', ' @ end() offset 1m');
const selector = fc.tuple(fc.constantFrom('a', 'b', '{__name__=~"a|b"}', 'a{l="x"}', 'b{l!~"y.*"}', 'missing'));
const duration = fc.constantFrom('1m', '90s', '5m');

const { vector } = fc.letrec<{ vector: string; scalar: string; range: string }>((tie) => ({
  scalar: fc.oneof({ depthSize: 'small' }, number, fc.constant('time()'), tie('vector').map((v) => `scalar(${v})`), fc.tuple(number, number).map(([a, b]) => `(${a} >= bool ${b})`)),
  range: fc.oneof(
    { depthSize: 'small' },
    fc.tuple(selector, duration, shift).map(([[s], d, at]) => `${s}[${d}]${at}`),
    fc.tuple(tie('vector'), duration, shift).map(([v, d, at]) => `(${v})[${d}:40s]${at}`),
  ),
  vector: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.tuple(selector, shift).map(([[s], at]) => `${s}${at}`),
    fc.tuple(fc.constantFrom('rate', 'increase', 'delta', 'resets', 'sum_over_time', 'max_over_time', 'last_over_time', 'deriv', 'absent_over_time'), tie('range')).map(([f, r]) => `${f}(${r})`),
    fc.tuple(fc.constantFrom('sum', 'avg', 'max', 'count', 'stddev'), fc.constantFrom('', ' by (l) ', ' without (l) '), tie('vector')).map(([op, by, v]) => `${op}${by}(${v})`),
    fc.tuple(fc.constantFrom('topk', 'bottomk', 'quantile'), tie('vector')).map(([op, v]) => `${op}(0.9, ${v})`),
    fc.tuple(tie('vector'), fc.constantFrom('+', '-', '/', '>', '== bool', 'and', 'or', 'unless', '* on (l)', '< ignoring (k) group_left ()', 'and on (l)'), tie('vector')).map(([a, op, b]) => `(${a}) ${op} (${b})`),
    fc.tuple(tie('vector'), fc.constantFrom('+', '%', '^', '<=', '!= bool'), tie('scalar')).map(([v, op, s]) => `(${v}) ${op} ${s}`),
    fc.tuple(tie('scalar'), fc.constantFrom('*', '>'), tie('vector')).map(([s, op, v]) => `${s} ${op} (${v})`),
    fc.tuple(fc.constantFrom('abs', 'timestamp', 'absent', '-', 'hour', 'sgn'), tie('vector')).map(([f, v]) => `${f}(${v})`),
    tie('vector').map((v) => `label_replace(${v}, "n", "v-$1", "l", "(.).*")`),
  ),
}));

const sampleValue = fc.oneof({ weight: 8, arbitrary: fc.integer({ min: 0, max: 30 }) }, { weight: 1, arbitrary: fc.constantFrom(NaN, Infinity, 'stale' as const) });

const memory = fc
  .array(
    fc.record({
      name: fc.constantFrom('a', 'b'),
      l: fc.constantFrom('', 'x', 'y', 'yz'),
      k: fc.constantFrom('', '1', '2'),
      samples: fc.array(fc.tuple(fc.integer({ min: 1000, max: 90_000 }), sampleValue), { maxLength: 15 }),
    }),
    { maxLength: 8 },
  )
  .map((rows) => {
    const store = new MemorySeries();
    for (const { name, l, k, samples } of rows) {
      let t = 0;
      const tMs = Float64Array.from(samples, ([gap]) => (t += gap));
      const values = new Float64Array(samples.length);
      samples.forEach(([, v], i) => (v === 'stale' ? putStaleAt(bitsOf(values), i) : (values[i] = v)));
      store.add(makeLabels([['__name__', name], ['l', l], ['k', k]]), { tMs, values });
    }
    return store;
  });

const table = (result: QueryResult): Map<string, number> => new Map(instantVector(result).map(({ labels, value }) => [labelsKey(labels), value]));

/** The result, or the message of an error that depends on the samples. */
const attempt = async <T>(run: () => Promise<T>): Promise<T | string> => {
  try {
    return await run();
  } catch (error) {
    if (error instanceof PromqlExecutionError) return error.message;
    throw error;
  }
};

describe('generated expressions', () => {
  it('give over a range what they give at each of its steps', async () => {
    await fc.assert(
      fc.asyncProperty(memory, vector, async (store, query) => {
        const bounds = { startMs: 60_000, endMs: 420_000, stepMs: 45_000 };
        const range = await attempt(() => evaluateRange(store.select, query.replaceAll('@ start()', '@ 60').replaceAll('@ end()', '@ 420'), bounds));
        // A step that fails makes the whole range fail, and duplicates are told by the range in more cases.
        if (typeof range === 'string' || range.type !== 'matrix') return;
        for (let tMs = bounds.startMs; tMs <= bounds.endMs; tMs += bounds.stepMs) {
          const instant = await attempt(() => evaluateInstant(store.select, query.replaceAll('@ start()', '@ 60').replaceAll('@ end()', '@ 420'), tMs));
          if (typeof instant === 'string') throw new Error(`at ${tMs}: ${instant}`);
          const column = new Map(
            range.series.flatMap(({ labels, tMs: times, values }) => {
              const at = times.indexOf(tMs);
              return at === -1 ? [] : [[labelsKey(labels), values[at] as number] as const];
            }),
          );
          expect(column, `${query} at ${tMs}`).toEqual(table(instant));
        }
      }),
      { numRuns: 400 },
    );
  });

  it('print to text that parses to the same expression', () => {
    fc.assert(
      fc.property(vector, (query) => {
        const printed = printExpr(parseQuery(query));
        expect(printExpr(parseQuery(printed))).toBe(printed);
      }),
      { numRuns: 500 },
    );
  });

  it('do not depend on samples outside of what they asked for', async () => {
    await fc.assert(
      fc.asyncProperty(memory, vector, async (store, query) => {
        const generous: typeof store.select = (request) => store.select({ ...request, fromMs: -1e9, toMs: 1e9 });
        const [narrow, wide] = await Promise.all([store.select, generous].map((select) => attempt(() => evaluateInstant(select, query, 300_000))));
        const plain = (result: QueryResult | string | undefined): unknown => (typeof result === 'object' ? [...table(result)] : result);
        expect(plain(wide)).toEqual(plain(narrow));
      }),
      { numRuns: 300 },
    );
  });

  it('any text parses or is refused with a position, quickly', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme' }), vector.chain((query) => fc.nat(query.length).map((at) => query.slice(0, at)))), (query) => {
        try {
          parseQuery(query);
        } catch (error) {
          expect((error as Error).message).toMatch(/^\d+:\d+: parse error: /);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('texts', () => {
  it('a regex on a fast path matches what RE2 matches', () => {
    const part = fc.constantFrom('a', 'b', 'ab', '', '\n', '.*', '.+', '|');
    const text = fc.array(fc.constantFrom('a', 'b', '\n', 'ab'), { maxLength: 6 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 5 }), text, (parts, subject) => {
        const pattern = parts.join('');
        expect(compileRegex(pattern)(subject)).toBe(RE2JS.compile(`^(?s:${pattern})$`).test(subject));
      }),
      { numRuns: 1000 },
    );
  });

  it('quoted text unquotes to itself', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
        (text) => {
          expect(unquote(quote(text))).toBe(text);
        },
      ),
    );
  });

  it('every form of a number reads back as the number', () => {
    fc.assert(
      fc.property(fc.double(), (value) => {
        for (const format of [formatDecimal, formatValue, formatGeneral]) expect(parseFloatText(format(value))).toBe(value);
        expect(formatDecimal(value)).not.toContain('e');
      }),
    );
  });
});
