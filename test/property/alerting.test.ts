import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advanceAlert } from '../../shared/alerting/alert.ts';
import type { Alert, AlertSample } from '../../shared/alerting/alert.ts';
import { makeLabels } from '../../shared/model/labels.ts';

const SAMPLE: AlertSample = { labels: makeLabels([['alertname', 'A']]), annotations: [], value: 1 };
const SLOT = 1000;

const slots = fc.array(fc.record({ present: fc.boolean(), complete: fc.oneof({ weight: 4, arbitrary: fc.constant(true) }, fc.constant(false)) }), { maxLength: 40 });
const times = fc.record({ holdMs: fc.integer({ min: 0, max: 6 }).map((n) => n * SLOT), keepFiringMs: fc.integer({ min: 0, max: 6 }).map((n) => n * SLOT) });

interface Told {
  readonly atMs: number;
  readonly status: 'firing' | 'resolved';
}

const run = (history: readonly { present: boolean; complete: boolean }[], hold: { holdMs: number; keepFiringMs: number }, repeat: (i: number) => boolean = () => false) => {
  let alert: Alert | undefined;
  const told: Told[] = [];
  const phases: string[] = [];
  history.forEach(({ present, complete }, i) => {
    for (let left = repeat(i) ? 2 : 1; left > 0; left--) {
      const step = advanceAlert(alert, present ? SAMPLE : undefined, i * SLOT, hold, complete);
      if (step.notify !== undefined) told.push({ atMs: i * SLOT, status: step.notify });
      alert = step.alert;
    }
    phases.push(alert?.phase ?? 'gone');
  });
  return { told, phases };
};

describe('the state machine of an alert', () => {
  it('tells firing and resolved in turns, each at a slot of its own', () => {
    fc.assert(
      fc.property(slots, times, (history, hold) => {
        const { told } = run(history, hold);
        told.forEach(({ status, atMs }, i) => {
          expect(status).toBe(i % 2 === 0 ? 'firing' : 'resolved');
          if (i > 0) expect(atMs).toBeGreaterThan((told[i - 1] as Told).atMs);
        });
      }),
    );
  });

  it('says the same when any slots are evaluated twice', () => {
    fc.assert(
      fc.property(slots, times, fc.func(fc.boolean()), (history, hold, repeat) => {
        expect(run(history, hold, repeat)).toEqual(run(history, hold));
      }),
    );
  });

  it('fires only after `for` of matches, never in a slot without one, and resolves only in complete slots', () => {
    fc.assert(
      fc.property(slots, times, (history, hold) => {
        for (const { atMs, status } of run(history, hold).told) {
          const i = atMs / SLOT;
          const slot = history[i] as { present: boolean; complete: boolean };
          if (status === 'resolved') {
            expect(slot).toEqual({ present: false, complete: true });
            continue;
          }
          expect(slot.present).toBe(true);
          const held = history.slice(Math.max(0, i - hold.holdMs / SLOT), i + 1);
          expect(held.every((each) => each.present || !each.complete)).toBe(true);
        }
      }),
    );
  });

  it('with all slots complete, keep_firing_for bridges gaps shorter than itself and nothing longer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 0, max: 10 }), (gap, keep) => {
        const history = [true, ...Array.from({ length: gap }, () => false), true].map((present) => ({ present, complete: true }));
        const { told } = run(history, { holdMs: 0, keepFiringMs: keep * SLOT });
        expect(told.length).toBe(gap > keep ? 3 : 1);
      }),
    );
  });
});
