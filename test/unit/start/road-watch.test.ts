import { expect, it } from 'vitest';
import { openRoadWatch, ROAD_SILENT_MS } from '../../../scripts/start/road-watch.ts';
import { MetricRegistry } from '../../../shared/client/metric-registry.ts';
import { toTextFormat } from '../../../shared/client/text-format.ts';

const START = 1_700_000_000_000;

it('the watch over the road says once that nothing comes back, and once that it does again', () => {
  const said: string[] = [];
  const registry = new MetricRegistry({}, 10);
  const watch = openRoadWatch(registry, (line) => said.push(line), START);
  watch.check(START + ROAD_SILENT_MS);
  expect(said).toEqual([]);
  watch.came(3000, START + ROAD_SILENT_MS + 1000);
  watch.check(START + 2 * ROAD_SILENT_MS - 2000);
  expect(said).toEqual([]);
  for (let at = 2 * ROAD_SILENT_MS; at < 4 * ROAD_SILENT_MS; at += 5000) watch.check(START + at);
  expect(said).toEqual([expect.stringMatching(/^road: nothing has come back for 62 s/)]);
  expect(toTextFormat(registry)).toContain('tidemark_road_age_seconds 177');
  watch.came(2000, START + 4 * ROAD_SILENT_MS);
  expect(said.slice(1)).toEqual(['road: samples come back again']);
  expect(toTextFormat(registry)).toContain('tidemark_road_age_seconds 2');
});
