import { parseRetentionClasses } from '../../../shared/lakes/retention-class.ts';
import { hourStartMs } from '../../../shared/model/hour.ts';
import { ARRIVAL_MS } from '../store/store-road.ts';
import { type ClassRoad, openClassRoad } from './class-road.ts';

export const HOUR = '2026-03-01-10';
export const DAY_OVER_MS = hourStartMs('2026-03-02-00') + 600_000;
export const CLASSES = parseRetentionClasses([{ name: 'brief', match: '{host="b"}', retention: 'raw=3d,1m=4d,1h=5d' }]);

/** A sample each of hosts a and c in the default lake and of b in the class brief, an hour and a day compacted. */
export const openTwoLakes = async (): Promise<ClassRoad> => {
  const road = await openClassRoad();
  await road.store(CLASSES, 0, ['a', 'b', 'c'].map((host) => ({ metric: 'cpu', labels: `{"host":"${host}"}`, tMs: ARRIVAL_MS - 10_000, value: 1 })));
  await road.watermark(DAY_OVER_MS);
  await road.compact(DAY_OVER_MS, { classes: CLASSES });
  return road;
};
