import { hotFilesOf, hoursWithSamples } from '../catalog/hot-files.ts';
import type { ItemTable } from '../catalog/item-table.ts';
import { listPartitions } from '../catalog/partitions.ts';
import { allLakes } from '../lakes/lakes.ts';
import type { FileState } from '../promql/range-cache.ts';
import { mapBounded } from './map-bounded.ts';

const PARALLEL_HOURS = 8;

/** What answers of [fromMs, toMs] out of raw samples are made of: hot files and versions of partitions, of all lakes. Names are never used twice. */
export const fileState = async (catalog: ItemTable, fromMs: number, toMs: number): Promise<FileState> => {
  const state: [string, { readonly fromMs: number; readonly toMs: number }][] = [];
  let place = 0;
  for await (const lake of allLakes({ objects: {}, catalog })) {
    for (const [name, times] of await stateOfLake(lake.catalog, fromMs, toMs)) state.push([`${place} ${name}`, times]);
    place++;
  }
  return new Map(state);
};

const stateOfLake = async (catalog: ItemTable, fromMs: number, toMs: number): Promise<readonly (readonly [string, { readonly fromMs: number; readonly toMs: number }])[]> => {
  const hours = await hoursWithSamples(catalog, fromMs, toMs);
  const hot = await mapBounded(hours, PARALLEL_HOURS, (hour) => hotFilesOf(catalog, hour));
  const partitions = await listPartitions(catalog, 'raw', fromMs, toMs);
  return [
    ...hot.flat().map(({ key, minTMs, maxTMs }) => [key, { fromMs: minTMs, toMs: maxTMs }] as const),
    ...partitions.map(({ manifestKey, minTMs, maxTMs }) => [manifestKey, { fromMs: minTMs, toMs: maxTMs }] as const),
  ];
};
