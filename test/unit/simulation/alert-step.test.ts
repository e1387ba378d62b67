import { describe, expect, it } from 'vitest';
import { type StoredAlert, stepped } from '../../simulation/alerting/alert-step.ts';
import type { Outcome } from '../../simulation/alerting/expected-alerts.ts';
import { TargetTruth } from '../../simulation/alerting/target-truth.ts';
import { bitsOfNumber, STALE } from '../../simulation/sample.ts';

const OUTCOMES: Readonly<Record<string, Outcome>> = { '1': 'present', '.': 'absent', '=': 'held' };

/** The phase after each slot of 10 s. */
const story = (marks: string, holdMs: number, keepFiringMs = 0): string[] => {
  let alert: StoredAlert | undefined;
  return [...marks].map((mark, i) => {
    alert = stepped(alert, OUTCOMES[mark] as Outcome, i * 10_000, { holdMs, keepFiringMs });
    return alert?.phase ?? '-';
  });
};

describe('the alerts that the checker expects', () => {
  it.each([
    ['.11.', 10_000, 0, ['-', 'pending', 'firing', 'inactive']],
    ['1.', 10_000, 0, ['pending', '-']],
    ['1...', 0, 20_000, ['firing', 'firing', 'firing', 'inactive']],
    ['1==.', 0, 0, ['firing', 'firing', 'firing', 'inactive']],
    ['11.1.', 10_000, 0, ['pending', 'firing', 'inactive', 'pending', 'inactive']],
  ])('%s for %d ms, kept %d ms', (marks, holdMs, keepFiringMs, phases) => {
    expect(story(marks, holdMs, keepFiringMs)).toEqual(phases);
  });
});

describe('what an evaluation can have seen', () => {
  const UP = 'up{"dc":"a"}';

  it('is sure of what arrived within the lateness, and unsure of what came later', () => {
    const truth = new TargetTruth();
    truth.arrived(`${UP} 10000`, bitsOfNumber(1), 10_500, 'r1');
    truth.arrived(`${UP} 20000`, bitsOfNumber(0), 36_000, 'r2');
    expect([...truth.possible(UP, 10_000)]).toEqual([1]);
    expect([...truth.possible(UP, 20_000)]).toEqual([1, 0]);
    expect([...truth.possible(UP, 30_000)]).toEqual([0]);
    expect([...truth.possible(UP, 30_000, true)]).toEqual([undefined, 1, 0]);
    truth.gaps.add('r2');
    expect([...truth.possible(UP, 30_000)]).toEqual([1, 0]);
  });

  it('ends with a stale marker, and with the lookback', () => {
    const truth = new TargetTruth();
    truth.arrived(`${UP} 10000`, bitsOfNumber(1), 10_500, 'r1');
    expect([...truth.possible(UP, 309_999)]).toEqual([1]);
    expect([...truth.possible(UP, 310_000)]).toEqual([undefined]);
    truth.arrived(`${UP} 20000`, STALE, 20_500, 'r2');
    expect([...truth.possible(UP, 30_000)]).toEqual([undefined]);
    expect(truth.holds(UP, 30_000, 40_000)).toEqual({ surely: true, maybe: true });
  });
});
