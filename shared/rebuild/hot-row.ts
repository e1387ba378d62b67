import type { HotFile } from '../catalog/hot-files.ts';
import { compareUtf8 } from '../model/utf8.ts';
import { readGroups } from '../storage/merge-read.ts';
import type { ListedObject, ObjectStore } from '../storage/object-store.ts';

/**
 * The catalog row of a hot object, from the object alone; undefined for one without samples.
 * @throws CorruptFileError, UnsupportedFileError
 */
export const hotRowOf = async (objects: Pick<ObjectStore, 'get'>, hour: string, { key, bytes }: ListedObject): Promise<HotFile | undefined> => {
  let rows = 0;
  let minTMs = Infinity;
  let maxTMs = -Infinity;
  let minMetric: string | undefined;
  let maxMetric = '';
  for await (const { metrics, tMs } of readGroups((offset, length) => objects.get(key, { offset, length }), bytes)) {
    rows += tMs.length;
    for (const t of tMs) {
      if (t < minTMs) minTMs = t;
      if (t > maxTMs) maxTMs = t;
    }
    for (const metric of new Set(metrics)) {
      if (minMetric === undefined || compareUtf8(metric, minMetric) < 0) minMetric = metric;
      if (compareUtf8(metric, maxMetric) > 0) maxMetric = metric;
    }
  }
  return minMetric === undefined ? undefined : { hour, key, bytes, rows, minTMs, maxTMs, minMetric, maxMetric };
};
