import { describe, expect, it } from 'vitest';
import { evaluateInstant } from '../../../shared/promql/engine.ts';
import { isOverlap, isStartReset, sinceStart } from '../../../shared/promql/start-times.ts';
import { lines, MemorySeries } from './load.ts';
import { noteToColumns, parseSeriesLine } from './series-notation.ts';
import { parseStartLine } from './start-notation.ts';

const memoryOf = (...pairs: readonly (readonly [string, string])[]): MemorySeries => {
  const memory = new MemorySeries();
  for (const [starts, series] of pairs) {
    const { labels, values } = parseSeriesLine(series);
    memory.add(labels, noteToColumns(values, 60_000, parseStartLine(`x@st ${starts}`)?.starts ?? []));
  }
  return memory;
};

const at = async (memory: MemorySeries, query: string, minutes: number): Promise<string[]> =>
  lines(await evaluateInstant(memory.select, query, minutes * 60_000));

describe('start times', () => {
  it.each([
    ['unknown', { tMs: 10, startMs: 5 }, { tMs: 20, startMs: 0 }, false],
    ["at the sample's own time, which is OTel's unknown", { tMs: 10, startMs: 5 }, { tMs: 20, startMs: 20 }, false],
    ['after its sample', { tMs: 10, startMs: 5 }, { tMs: 20, startMs: 21 }, false],
    ['before the earlier sample', { tMs: 10, startMs: 5 }, { tMs: 20, startMs: 5 }, false],
    ['between the samples', { tMs: 10, startMs: 5 }, { tMs: 20, startMs: 15 }, true],
    ['at the earlier sample of a delta', { tMs: 10, startMs: 5 }, { tMs: 20, startMs: 10 }, true],
    ['at the earlier sample, whose own start is unknown', { tMs: 10, startMs: 0 }, { tMs: 20, startMs: 10 }, false],
    ['at the earlier sample, whose start is its own time', { tMs: 10, startMs: 10 }, { tMs: 20, startMs: 10 }, false],
    ['at the earlier sample, whose start is wrong', { tMs: 10, startMs: 11 }, { tMs: 20, startMs: 10 }, false],
  ])('%s: reset is %s', (_, before, after, reset) => {
    expect(isStartReset(before, after)).toBe(reset);
  });

  it('overlap when they fall before the earlier sample and are not its start', () => {
    expect(isOverlap({ tMs: 10, startMs: 5 }, { tMs: 20, startMs: 8 })).toBe(true);
    expect(isOverlap({ tMs: 10, startMs: 5 }, { tMs: 20, startMs: 5 })).toBe(false);
    expect(isOverlap({ tMs: 10, startMs: 5 }, { tMs: 20, startMs: 10 })).toBe(false);
    expect(isOverlap({ tMs: 10, startMs: 5 }, { tMs: 20, startMs: 0 })).toBe(false);
  });

  it('one sample has no distance to extend by', () => {
    expect(sinceStart({ tMs: 20_000, startMs: 10_000 }, 20_000, 60_000, 1)).toBe(1);
  });
});

describe('functions over samples with start times', () => {
  const deltas = memoryOf(['-1m -1mx4', 'd_total 60 60x4']);

  it('every delta counts', async () => {
    expect(await at(deltas, 'increase(d_total[3m])', 4)).toEqual(['{} 180']);
    expect(await at(deltas, 'rate(d_total[3m])', 4)).toEqual(['{} 1']);
    expect(await at(deltas, 'irate(d_total[3m])', 4)).toEqual(['{} 1']);
    expect(await at(deltas, 'resets(d_total[3m])', 4)).toEqual(['{} 2']);
  });

  it('delta, idelta and subqueries know nothing of them', async () => {
    expect(await at(deltas, 'delta(d_total[3m])', 4)).toEqual(['{} 0']);
    expect(await at(deltas, 'idelta(d_total[3m])', 4)).toEqual(['{} 0']);
    expect(await at(deltas, 'increase(d_total[3m:1m])', 4)).toEqual(['{} 0']);
  });

  it('a start inside the window makes one sample enough', async () => {
    const fresh = memoryOf(['-30s', 'c_total 30']);
    expect(await at(fresh, 'increase(c_total[5m])', 1)).toEqual(['{} 30']);
    expect(await at(memoryOf(['_', 'c_total 30']), 'increase(c_total[5m])', 1)).toEqual([]);
    const histogram = memoryOf(['-30s', 'h_total {{count:30 sum:3 buckets:[30]}}']);
    expect(await at(histogram, 'histogram_count(increase(h_total[5m]))', 1)).toEqual(['{} 30']);
  });

  it('deltas of histograms count as well', async () => {
    const memory = memoryOf(['-1m -1mx4', 'h_total {{count:60 sum:6 buckets:[60]}}x5']);
    expect(await at(memory, 'histogram_count(increase(h_total[3m]))', 4)).toEqual(['{} 180']);
    expect(await at(memory, 'histogram_count(irate(h_total[3m]))', 4)).toEqual(['{} 1']);
    expect(await at(memory, 'resets(h_total[3m])', 4)).toEqual(['{} 2']);
  });

  it('an overlap is told once per series', async () => {
    const memory = memoryOf(['-90s -90sx4', 'c_total 1+1x5']);
    const result = await evaluateInstant(memory.select, 'rate(c_total[4m])', 240_000);
    expect(result.warnings).toEqual(['PromQL warning: sample has start time that overlaps with previous sample timestamp for metric "c_total" (1:6)']);
  });

  it('start_timestamp() gives them, 0 where they are unknown, nothing for expressions', async () => {
    const memory = memoryOf(['-30s _', 'c_total 1 1']);
    expect(await at(memory, 'start_timestamp(c_total)', 0)).toEqual(['{} -30']);
    expect(await at(memory, 'start_timestamp(c_total)', 1)).toEqual(['{} 0']);
    expect(await at(memory, 'start_timestamp(c_total + 0)', 1)).toEqual([]);
  });
});
