import { expect, it } from 'vitest';
import { advanceRoster } from '../../../shared/alerting/roster.ts';
import type { RosterSlot } from '../../../shared/alerting/roster.ts';
import { labelsToJson, makeLabels } from '../../../shared/model/labels.ts';

const SLOT: RosterSlot = { of: 'up', slotMs: 60_000, windowMs: 3_600_000, expected: [], keyOf: labelsToJson, present: [], seen: [], fromMs: 0, retirements: [] };
const hosts = (count: number, from = 0) => Array.from({ length: count }, (_, i) => ({ labels: makeLabels([['host', String(from + i)]]), lastSeenMs: 60_000 }));

it('a roster of more series than memory is for is an error, until some of them have gone', () => {
  const full = advanceRoster(undefined, { ...SLOT, seen: hosts(200_000) });
  expect(full.series.size).toBe(200_000);
  const present = hosts(1, 200_000).map(({ labels }) => labels);
  expect(() => advanceRoster(full, { ...SLOT, slotMs: 120_000, present })).toThrow('no_data: found 200001 series that have reported within 1h, at most 200000 are allowed; watch fewer, such as a sum by host');
  expect(advanceRoster(full, { ...SLOT, slotMs: 120_000 + 3_600_000, present }).series.size).toBe(1);
});
