import { describe, expect, it } from 'vitest';
import type { ColumnValues } from '../../../shared/parquet/column-values.ts';
import { ParquetFileWriter } from '../../../shared/parquet/file-writer.ts';
import { SERIES_SORTED_BY, seriesTable } from '../../../shared/parquet/schema.ts';
import type { Matcher } from '../../../shared/promql/matcher.ts';
import { makeSeriesMatcher } from '../../../shared/storage/label-matching.ts';
import { readSeriesIndex, type SeriesIndex } from '../../../shared/storage/series-index.ts';
import { SeriesIndexWriter } from '../../../shared/storage/series-index-writer.ts';
import { seriesRanges } from '../../../shared/storage/series-ranges.ts';

type Series = readonly [metric: string, labels: string, rows: number, minTMs: number, maxTMs: number];

const SERIES: readonly Series[] = [
  ['cpu', '{"host":"a","zone":"1"}', 3, 1000, 3000],
  ['cpu', '{"host":"b"}', 1, 2000, 2000],
  ['up', '{"__proto__":"x","1":"one"}', 2, 1500, 4000],
  ['up', '{"host":"a","zone":"1"}', 5, 1000, 9000],
  ['größe', '{}', 1, 5000, 5000],
];

const written = (series: readonly Series[], groupSeries?: number): Uint8Array => {
  const writer = new SeriesIndexWriter(['host'], groupSeries);
  for (const each of series) writer.add(...each);
  return writer.finish().bytes;
};
const rowsOf = (series: readonly Series[]): number => series.reduce((sum, [, , rows]) => sum + rows, 0);
const read = (series: readonly Series[], groupSeries?: number): Promise<SeriesIndex> => readSeriesIndex(written(series, groupSeries), rowsOf(series));
const EVER = { fromMs: -Infinity, toMs: Infinity };
const is = (name: string, value: string, op: Matcher['op'] = '='): Matcher => ({ name, op, value });
const find = (index: SeriesIndex, matchers: readonly Matcher[], range = EVER): readonly string[] =>
  seriesRanges(index, makeSeriesMatcher(matchers), range).map(({ metric, labels, firstRow, rows }) => `${metric}${labels}@${firstRow}+${rows}`);

describe('a series index', () => {
  it.each([1, 2, 100])('tells every series and its rows, in row groups of %i series', async (groupSeries) => {
    const index = await read(SERIES, groupSeries);
    expect(find(index, [])).toEqual(['cpu{"host":"a","zone":"1"}@0+3', 'cpu{"host":"b"}@3+1', 'up{"__proto__":"x","1":"one"}@4+2', 'up{"host":"a","zone":"1"}@6+5', 'größe{}@11+1']);
    expect([...index.minTMs]).toEqual(SERIES.map(([, , , minTMs]) => minTMs));
    expect([...index.maxTMs]).toEqual(SERIES.map(([, , , , maxTMs]) => maxTMs));
    expect(index.sets.jsons).toHaveLength(4);
  });

  it('is the same whether its label sets stand in a dictionary or plain', async () => {
    const shared = Array.from({ length: 40 }, (_, k): Series => [`m${String(Math.floor(k / 4)).padStart(2, '0')}`, `{"host":"h${k % 4}"}`, 1, k, k]);
    const unique = Array.from({ length: 40 }, (_, k): Series => ['m', `{"host":"h${String(k).padStart(2, '0')}"}`, 1, k, k]);
    expect(find(await read(shared), [is('host', 'h3')])).toHaveLength(10);
    expect(find(await read(unique), [is('host', 'h3.', '=~')])).toHaveLength(10);
    expect((await read([])).setOf).toHaveLength(0);
  });

  it('takes a few KB for 10,000 series of 100 hosts, and 20 bytes for a label set of its own', () => {
    const host = (h: number): string => `{"env":"production","host":"ip-10-0-${h % 7}-${h}.internal","region":"eu-west-1","service":"service-${h % 20}"}`;
    const hosts = Array.from({ length: 10_000 }, (_, k): Series => [`metric_${Math.floor(k / 100)}`, host(k % 100), 360, 1_789_999_260_000 + (k % 100) * 97, 1_790_002_850_000]);
    expect(written(hosts).length).toBeLessThan(8000);
    const pods = Array.from({ length: 10_000 }, (_, k): Series => ['requests', `{"pod":"web-${String(Math.imul(k, 2_654_435_761) >>> 0)}"}`, 360, 1, 2]);
    expect(written(pods).length).toBeLessThan(200_000);
  });

  it('is the same bytes for the same series', () => {
    expect(Buffer.compare(written(SERIES, 2), written(SERIES, 2))).toBe(0);
  });
});

describe('the series that match', () => {
  it('are found by metric, by labels, by their absence and by time', async () => {
    const index = await read(SERIES);
    expect(find(index, [is('host', 'a')])).toHaveLength(2);
    expect(find(index, [is('host', '')])).toEqual(['up{"__proto__":"x","1":"one"}@4+2', 'größe{}@11+1']);
    expect(find(index, [is('host', 'a|b', '=~'), is('host', 'a', '!=')])).toEqual(['cpu{"host":"b"}@3+1']);
    expect(find(index, [is('__name__', 'cp.|gr.*', '=~'), is('zone', '.+', '!~')])).toEqual(['cpu{"host":"b"}@3+1', 'größe{}@11+1']);
    expect(find(index, [is('__proto__', 'x'), is('1', 'one')])).toHaveLength(1);
    expect(find(index, [is('rack', '1')])).toEqual([]);
    expect(find(index, [is('__name__', 'none')])).toEqual([]);
    expect(find(index, [], { fromMs: 4001, toMs: 4999 })).toEqual(['up{"host":"a","zone":"1"}@6+5']);
    expect(find(index, [is('__name__', 'cpu')], { fromMs: 2000, toMs: 2000 })).toHaveLength(2);
  });

  it('cost a judgement of each value, not of each series, and the check ends the search', async () => {
    const index = await read(Array.from({ length: 1000 }, (_, k): Series => ['m', `{"host":"h${String(k).padStart(4, '0')}","zone":"${k % 2}"}`, 1, k, k]));
    let checks = 0;
    expect(seriesRanges(index, makeSeriesMatcher([is('zone', '1+', '=~')], () => void checks++), EVER)).toHaveLength(500);
    expect(checks).toBeLessThan(10);
    const late = (): void => {
      throw new Error('time is up');
    };
    expect(() => seriesRanges(index, makeSeriesMatcher([is('zone', '1')], late), EVER)).toThrow('time is up');
  });
});

describe('what is no series index', () => {
  const fileOf = (rows: number, over: Readonly<Record<string, ColumnValues>>): Uint8Array => {
    const texts = (text: string): ColumnValues => ({ kind: 'text-runs', dictionary: [text], runs: { ids: Int32Array.of(0), ends: Uint32Array.of(rows) } });
    const numbers = (...values: readonly number[]): ColumnValues => ({ kind: 'numbers', values: Float64Array.from(values), present: undefined });
    const columns: Readonly<Record<string, ColumnValues>> = { metric: texts('m'), labels: texts('{}'), first_row: numbers(0), rows: numbers(1), min_ts: numbers(0), max_ts: numbers(0), ...over };
    const file = new ParquetFileWriter({ columns: seriesTable([]), sortedBy: SERIES_SORTED_BY, zstdLevel: 1 });
    file.writeRowGroup(rows, Object.values(columns));
    return file.finish({});
  };
  const texts = (text: string): ColumnValues => ({ kind: 'text-runs', dictionary: [text], runs: { ids: Int32Array.of(0), ends: Uint32Array.of(1) } });
  const number = (value: number): ColumnValues => ({ kind: 'numbers', values: Float64Array.of(value), present: undefined });

  it('is refused with an error that says what was found', async () => {
    expect((await readSeriesIndex(fileOf(1, {}), 1)).setOf).toHaveLength(1);
    await expect(readSeriesIndex(fileOf(1, {}), 2)).rejects.toThrow('the file has 2 rows');
    await expect(readSeriesIndex(fileOf(1, { first_row: number(1) }), 2)).rejects.toThrow('found a series at row 1');
    await expect(readSeriesIndex(fileOf(1, { rows: number(0) }), 0)).rejects.toThrow('found a series at row 0');
    for (const labels of ['', '[]', 'null', '{"a":1}', '{"a":{}}', '{']) {
      await expect(readSeriesIndex(fileOf(1, { labels: texts(labels) }), 1)).rejects.toMatchObject({ name: 'CorruptFileError', message: expect.stringContaining('found labels') });
    }
    await expect(readSeriesIndex(Buffer.from('PAR1'), 0)).rejects.toThrow('no Parquet footer');
  });

  it('is refused wherever a byte of it is flipped or it is cut, or is read as it was', async () => {
    const bytes = written(SERIES);
    const whole = find(await read(SERIES), []);
    for (let at = 0; at < bytes.length; at++) {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = (flipped[at] as number) ^ 0x41;
      const outcome = await readSeriesIndex(flipped, rowsOf(SERIES)).then((index) => find(index, []), (error: Error) => error.name);
      if (Array.isArray(outcome)) expect(outcome).toEqual(whole);
      else expect(['CorruptFileError', 'UnsupportedFileError']).toContain(outcome);
    }
    for (const length of [0, 7, 100, bytes.length - 1]) {
      await expect(readSeriesIndex(bytes.subarray(0, length), rowsOf(SERIES))).rejects.toMatchObject({ name: 'CorruptFileError' });
    }
  });
});
