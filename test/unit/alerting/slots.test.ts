import { describe, expect, it } from 'vitest';
import { dueSlots, parseLatenessMs } from '../../../shared/alerting/slots.ts';
import type { SlotClock } from '../../../shared/alerting/slots.ts';

const MINUTE = 60_000;
const GROUP = { intervalMs: MINUTE, queryOffsetMs: 0 };
const clock = (watermarkMs: number, nowMs = watermarkMs): SlotClock => ({ nowMs, watermarkMs, latenessMs: 15_000, capMs: 60_000 });

describe('dueSlots', () => {
  it('is due once the watermark less lateness has passed the slot, not at it', () => {
    expect(dueSlots(GROUP, 9 * MINUTE, clock(10 * MINUTE + 15_000)).slots).toEqual([]);
    expect(dueSlots(GROUP, 9 * MINUTE, clock(10 * MINUTE + 15_001)).slots).toEqual([{ slotMs: 10 * MINUTE, complete: true }]);
  });

  it('waits for query_offset beyond that', () => {
    const group = { ...GROUP, queryOffsetMs: 30_000 };
    expect(dueSlots(group, 9 * MINUTE, clock(10 * MINUTE + 45_000)).slots).toEqual([]);
    expect(dueSlots(group, 9 * MINUTE, clock(10 * MINUTE + 45_001)).slots).toHaveLength(1);
  });

  it('comes as incomplete after the cap', () => {
    expect(dueSlots(GROUP, 9 * MINUTE, clock(10 * MINUTE, 10 * MINUTE + 74_999)).slots).toEqual([]);
    expect(dueSlots(GROUP, 9 * MINUTE, clock(10 * MINUTE, 10 * MINUTE + 75_000)).slots).toEqual([{ slotMs: 10 * MINUTE, complete: false }]);
  });

  it('gives complete slots before incomplete ones, in order', () => {
    expect(dueSlots(GROUP, 7 * MINUTE, clock(9 * MINUTE + 16_000, 11 * MINUTE + 75_000)).slots).toEqual([
      { slotMs: 8 * MINUTE, complete: true },
      { slotMs: 9 * MINUTE, complete: true },
      { slotMs: 10 * MINUTE, complete: false },
      { slotMs: 11 * MINUTE, complete: false },
    ]);
  });

  it('skips and counts what is older than five intervals', () => {
    const { slots, skipped } = dueSlots(GROUP, 0, clock(100 * MINUTE + 16_000));
    expect([slots.length, slots[0]?.slotMs, skipped]).toEqual([6, 95 * MINUTE, 94]);
  });

  it('starts a new group at the newest due slot, once something was stored', () => {
    expect(dueSlots(GROUP, undefined, clock(100 * MINUTE + 16_000))).toEqual({ slots: [{ slotMs: 100 * MINUTE, complete: true }], skipped: 0, waits: false });
    expect(dueSlots(GROUP, undefined, clock(0, 100 * MINUTE)).slots).toEqual([]);
    expect(dueSlots(GROUP, undefined, { ...clock(0, 100 * MINUTE), watermarkMs: undefined }).slots).toEqual([]);
  });

  it('finds the grid of a changed interval', () => {
    expect(dueSlots({ ...GROUP, intervalMs: 40_000 }, 9 * MINUTE, clock(10 * MINUTE + 16_000)).slots.map((slot) => slot.slotMs)).toEqual([560_000, 600_000]);
  });

  it('waits while only the watermark is missing', () => {
    expect(dueSlots(GROUP, 9 * MINUTE, clock(10 * MINUTE, 10 * MINUTE + 14_999)).waits).toBe(false);
    expect(dueSlots(GROUP, 9 * MINUTE, clock(10 * MINUTE, 10 * MINUTE + 15_000)).waits).toBe(true);
    expect(dueSlots(GROUP, 9 * MINUTE, clock(10 * MINUTE + 15_001, 10 * MINUTE + 20_000)).waits).toBe(false);
    expect(dueSlots(GROUP, 10 * MINUTE, clock(10 * MINUTE, 10 * MINUTE + 20_000)).waits).toBe(false);
  });
});

describe('a lateness', () => {
  it('is a duration from 1s to 5m', () => {
    expect(['1s', '15s', '1m5s', '5m'].map(parseLatenessMs)).toEqual([1000, 15_000, 65_000, 300_000]);
  });

  it.each(['', '0s', '999ms', '5m1s', '15', 'soon'])('is refused as %j', (text) => {
    expect(() => parseLatenessMs(text)).toThrow(/^read lateness: found .*, a duration from 1s to 5m is allowed$/);
  });
});
