import { describe, expect, it } from 'vitest';
import { RESOLVED_RETENTION_MS, advanceAlert } from '../../../shared/alerting/alert.ts';
import type { Alert, AlertSample, HoldTimes } from '../../../shared/alerting/alert.ts';
import { makeLabels } from '../../../shared/model/labels.ts';

const MINUTE = 60_000;
const SAMPLE: AlertSample = { labels: makeLabels([['alertname', 'A']]), annotations: [], value: 1 };

/** One word per minute: the phase after it, with what is told in upper case. `1` = there, `.` = not, `?` = not, in an incomplete slot. */
const story = (marks: string, hold: HoldTimes): string[] => {
  let alert: Alert | undefined;
  return [...marks].map((mark, minute) => {
    const step = advanceAlert(alert, mark === '1' || mark === '!' ? SAMPLE : undefined, minute * MINUTE, hold, mark !== '?' && mark !== '!');
    alert = step.alert;
    return `${alert?.phase ?? '-'}${step.notify === undefined ? '' : ` ${step.notify.toUpperCase()}`}`;
  });
};

const hold = (holdMinutes: number, keepMinutes = 0): HoldTimes => ({ holdMs: holdMinutes * MINUTE, keepFiringMs: keepMinutes * MINUTE });

describe('advanceAlert', () => {
  it.each([
    ['for 0: inactive => firing => resolved', '.11..', hold(0), ['-', 'firing FIRING', 'firing', 'inactive RESOLVED', 'inactive']],
    ['for 2m: inactive => pending => firing', '1111', hold(2), ['pending', 'pending', 'firing FIRING', 'firing']],
    ['pending => nothing', '1.1', hold(2), ['pending', '-', 'pending']],
    ['keep_firing_for holds and is reset by a match', '1.1...', hold(0, 2), ['firing FIRING', 'firing', 'firing', 'firing', 'firing', 'inactive RESOLVED']],
    ['a resolved label set that returns is a new alert', '1.1', hold(0), ['firing FIRING', 'inactive RESOLVED', 'firing FIRING']],
    ['a returning one waits for `for` again', '11.11', hold(1), ['pending', 'firing FIRING', 'inactive RESOLVED', 'pending', 'firing FIRING']],
    ['the end before is remembered by one that is pending in vain', '11.1..', hold(1), ['pending', 'firing FIRING', 'inactive RESOLVED', 'pending', 'inactive', 'inactive']],
    ['incomplete slots never resolve and never delete', '11??.', hold(1), ['pending', 'firing FIRING', 'firing', 'firing', 'inactive RESOLVED']],
    ['pending outlives incomplete slots', '1?1', hold(2), ['pending', 'pending', 'firing FIRING']],
    ['incomplete slots do not start keep_firing_for', '1??..', hold(0, 1), ['firing FIRING', 'firing', 'firing', 'firing', 'inactive RESOLVED']],
    ['incomplete slots may fire on what is there', '!!', hold(1), ['pending', 'firing FIRING']],
  ])('%s', (_name, marks, times, states) => {
    expect(story(marks, times)).toEqual(states);
  });

  const at = (alert: Alert | undefined, sample: AlertSample | undefined, minute: number, times = hold(0)) => advanceAlert(alert, sample, minute * MINUTE, times, true);

  it('changes at most once in a slot, whatever a repetition of the slot finds', () => {
    const fired = at(undefined, SAMPLE, 1).alert;
    expect(at(fired, undefined, 1)).toEqual({ alert: fired, changed: false, notify: undefined });
    const ended = at(fired, undefined, 2).alert;
    expect(at(ended, SAMPLE, 2)).toEqual({ alert: ended, changed: false, notify: undefined });
    expect(at(ended, SAMPLE, 1).changed).toBe(false);
  });

  it('falls back to pending, and tells so, when `for` grows', () => {
    const fired = at(undefined, SAMPLE, 0).alert;
    const step = at(fired, SAMPLE, 1, hold(5));
    expect(step).toMatchObject({ alert: { phase: 'pending', activeAtMs: 0, firedAtMs: 0, resolvedAtMs: MINUTE }, changed: true, notify: 'resolved' });
    expect(at(step.alert, undefined, 2, hold(5)).alert).toMatchObject({ phase: 'inactive', firedAtMs: 0, resolvedAtMs: MINUTE });
    const again = at(step.alert, SAMPLE, 5, hold(5));
    expect(again).toMatchObject({ alert: { phase: 'firing', firedAtMs: 5 * MINUTE }, notify: 'firing' });
    expect(again.alert?.resolvedAtMs).toBeUndefined();
  });

  it('takes new values and annotations without a write', () => {
    const fired = at(undefined, SAMPLE, 0).alert;
    expect(at(fired, { ...SAMPLE, value: 7 }, 1)).toMatchObject({ alert: { value: 7, firedAtMs: 0 }, changed: false });
  });

  it('forgets a resolved alert after a while', () => {
    const ended = at(at(undefined, SAMPLE, 0).alert, undefined, 1).alert;
    expect(at(ended, undefined, 1 + RESOLVED_RETENTION_MS / MINUTE).alert).toBe(ended);
    expect(at(ended, undefined, 2 + RESOLVED_RETENTION_MS / MINUTE)).toEqual({ alert: undefined, changed: false, notify: undefined });
  });
});
