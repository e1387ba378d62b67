import { HOUR_MS, hourOf } from '../model/hour.ts';
import type { Item, ItemTable } from './item-table.ts';

/** The catalog row of one hot Parquet object. */
export interface HotFile {
  /** The partition, `YYYY-MM-DD-HH`. */
  readonly hour: string;
  readonly key: string;
  readonly bytes: number;
  readonly rows: number;
  readonly minTMs: number; // inclusive
  readonly maxTMs: number; // inclusive
  readonly minMetric: string; // inclusive, UTF-8 byte order
  readonly maxMetric: string; // inclusive
}

const HOURS = 'hours';

/** Names the object in the catalog, and its hour in the list of hours. Calling twice is the same as once. */
export const addHotFile = async (items: ItemTable, file: HotFile): Promise<void> => {
  const { hour, key, ...attributes } = file;
  await items.transact([
    { put: { pk: `hot/${hour}`, sk: key, attributes } },
    { put: { pk: HOURS, sk: hour, attributes: {} } },
  ]);
};

/** The hot files of an hour, by key: oldest arrival first. */
export const hotFilesOf = async (items: ItemTable, hour: string): Promise<readonly HotFile[]> =>
  (await items.query(`hot/${hour}`)).map((item) => hotFileFrom(hour, item));

/** The hours in which samples of [fromMs, toMs] may lie, in order. Nobody lists the bucket: this list is how readers find data. */
export const hoursWithSamples = async (items: ItemTable, fromMs: number, toMs: number): Promise<readonly string[]> => {
  // DynamoDB refuses bounds that are the wrong way round; and what lies outside of these has no samples.
  if (!(fromMs <= toMs) || toMs < 0 || fromMs >= MAX_HOUR_MS + HOUR_MS) return [];
  // A range such as 1970 to 2100 is common, and the list has at most a few hundred hours: one query either way.
  const from = hourOf(Math.max(fromMs, 0));
  const to = hourOf(Math.min(toMs, MAX_HOUR_MS));
  return (await items.query(HOURS, { from, to })).map((item) => item.sk);
};

/** 9999-12-31T23: the last hour whose text has four digits of year. */
const MAX_HOUR_MS = Date.UTC(9999, 11, 31, 23);

/** Of the row of a hot file, or of one that waits for its run. */
export const hotFileFrom = (hour: string, item: Item): HotFile => ({
  hour,
  key: item.sk,
  bytes: Number(item.attributes['bytes']),
  rows: Number(item.attributes['rows']),
  minTMs: Number(item.attributes['minTMs']),
  maxTMs: Number(item.attributes['maxTMs']),
  minMetric: String(item.attributes['minMetric']),
  maxMetric: String(item.attributes['maxMetric']),
});
