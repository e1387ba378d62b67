import { hotFilesOf, hoursWithSamples } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { partitionsOf } from '../catalog/partitions.ts';
import { classRows } from '../lakes/class-rows.ts';
import { classPorts } from '../lakes/lakes.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import type { FileState } from '../promql/range-cache.ts';
import { mapBounded } from './map-bounded.ts';

const PARALLEL_HOURS = 8;

type NamedTimes = readonly [name: string, times: { readonly fromMs: number; readonly toMs: number }];

/**
 * What answers of [fromMs, toMs] out of raw samples are made of: hot files and versions of partitions, of all lakes. Names are never
 * used twice within a lake; hot files of one batch have the same name in several.
 */
export const fileState = async (catalog: ItemTable, fromMs: number, toMs: number): Promise<FileState> => {
  const state: NamedTimes[] = [...(await stateOfLake(catalog, fromMs, toMs))];
  for (const { name } of await classRows(catalog)) {
    const ofClass = await stateOfLake(classPorts({ objects: {}, catalog }, name).catalog, fromMs, toMs);
    for (const [file, times] of ofClass) state.push([`${name} ${file}`, times]);
  }
  return new Map(state);
};

const stateOfLake = async (catalog: ItemTable, fromMs: number, toMs: number): Promise<readonly NamedTimes[]> => {
  const hours = await hoursWithSamples(catalog, fromMs, toMs);
  const hot = await mapBounded(hours, PARALLEL_HOURS, (hour) => hotFilesOf(catalog, hour));
  const partitions = await partitionsOf(catalog, 'raw', fromMs, toMs);
  return [
    ...hot.flat().map(({ key, minTMs, maxTMs }) => [key, { fromMs: minTMs, toMs: maxTMs }] as const),
    // All of its hour: a version in which a deletion left nothing hides hot files that it has merged.
    ...partitions.map(({ dt, manifestKey }) => [manifestKey, { fromMs: hourStartMs(dt), toMs: hourStartMs(dt) + HOUR_MS - 1 }] as const),
  ];
};
