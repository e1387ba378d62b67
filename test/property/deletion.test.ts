import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HOUR, openCompactRoad, type Row, samplesOf } from '../unit/compact/compact-road.ts';
import { bucketsOf, CLOSED_MS, listedRows, minute, runDelete } from '../unit/deletion/delete-road.ts';

const row = fc.record({
  metric: fc.constantFrom('cpu', 'up'),
  labels: fc.constantFrom('{"host":"a"}', '{"host":"b"}'),
  s: fc.integer({ min: 0, max: 300 }),
  value: fc.oneof(fc.constant<'stale'>('stale'), fc.double(), fc.integer()),
}) satisfies fc.Arbitrary<Row>;

const flushes = fc.array(fc.array(row, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 });
const edges = fc.tuple(fc.integer({ min: 0, max: 301 }), fc.integer({ min: 0, max: 301 })).filter(([a, b]) => a !== b);

describe('a deletion at any range, whatever is merged already', () => {
  it('leaves what would stand if the samples had never come', async () => {
    await fc.assert(
      fc.asyncProperty(flushes, fc.nat(4), edges, async (batches, merged, [a, b]) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const isMeant = ({ metric, s }: Row): boolean => metric === 'cpu' && s >= from && s < to;
        const left = batches.flat().filter((each) => !isMeant(each));
        const [road, never] = [await openCompactRoad(), await openCompactRoad()];
        await road.watermark(CLOSED_MS);
        for (const [i, rows] of batches.entries()) {
          if (i === merged) await minute(road, CLOSED_MS);
          await road.addHot(i + 1, rows);
        }
        if (left.length > 0) await never.addHot(1, left);
        await runDelete(road, { match: 'cpu', from, to });
        expect(await road.read()).toEqual(samplesOf(left));
        // Once all is merged, in every tier.
        await never.watermark(CLOSED_MS);
        for (const each of [road, never]) await minute(each, CLOSED_MS + 3_600_000);
        expect([await bucketsOf(road, '1m'), await bucketsOf(road, '1h')]).toEqual([await bucketsOf(never, '1m'), await bucketsOf(never, '1h')]);
        const lines = (await listedRows(road, HOUR)).map((line) => line.split(' '));
        expect(lines.filter(([metric, , s]) => metric === 'cpu' && Number(s) >= from && Number(s) < to)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
