import { describe, expect, it } from 'vitest';
import { NO_ESCALATION, advanceEscalation, escalationFrom, escalationIsDue, escalationTo } from '../../../shared/alerting/dispatch/escalation.ts';
import type { Escalation, EscalationNews } from '../../../shared/alerting/dispatch/escalation.ts';
import type { ToldAlert } from '../../../shared/alerting/dispatch/told-alert.ts';

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;
const step = { afterMs: 15 * MINUTE, receiver: 'leads' };

const alertOf = (hash: string, startsAtMs = NOW): ToldAlert => ({ hash, labels: [], annotations: [], startsAtMs, endedAtMs: undefined, isPending: false, generatorUrl: '' });

const advance = (before: Escalation, hashes: string, nowMs: number, changes: Partial<EscalationNews> = {}): Escalation =>
  advanceEscalation({ step, before, firing: [...hashes].map((hash) => alertOf(hash)), tellable: new Set(hashes), acknowledged: new Set(), tellsFirst: true, nowMs, ...changes });

describe('an escalation', () => {
  it('is due when the alert has been told of for so long, to the millisecond', () => {
    const told = advance(NO_ESCALATION, 'a', NOW);
    expect(told).toEqual({ told: new Map([['a', NOW]]), escalated: new Set(), nextMs: NOW + step.afterMs });
    expect(escalationIsDue(told, step, NOW + step.afterMs - 1)).toBe(false);
    expect(escalationIsDue(told, step, NOW + step.afterMs)).toBe(true);
    expect(escalationIsDue(told, undefined, NOW + step.afterMs)).toBe(false);
    expect([...advance(told, 'a', NOW + step.afterMs - 1, { tellsFirst: false }).escalated]).toEqual([]);
    expect(advance(told, 'a', NOW + step.afterMs, { tellsFirst: false })).toMatchObject({ escalated: new Set('a'), nextMs: undefined });
  });

  it('keeps what has escalated until the flush that tells of its end', () => {
    const both = advance(NO_ESCALATION, 'ab', NOW);
    const escalated = advance(both, 'ab', NOW + step.afterMs, { acknowledged: new Set('b') });
    expect([...escalated.escalated]).toEqual(['a']);
    expect([...advance(escalated, 'b', NOW + 20 * MINUTE, { tellsFirst: false }).escalated]).toEqual(['a', 'b']);
    expect([...advance(escalated, 'b', NOW + 20 * MINUTE).escalated]).toEqual(['b']);
  });

  it('begins with the telling, not with an alert that is muted or with its own timer', () => {
    expect(advance(NO_ESCALATION, 'a', NOW, { tellable: new Set() })).toEqual(NO_ESCALATION);
    expect(advance(NO_ESCALATION, 'a', NOW, { tellsFirst: false })).toEqual(NO_ESCALATION);
  });

  it('waits anew for an alert that has begun again', () => {
    const told = advance(NO_ESCALATION, 'a', NOW);
    const again = advance(told, 'a', NOW + 15 * MINUTE, { firing: [alertOf('a', NOW + 10 * MINUTE)] });
    expect(again).toMatchObject({ escalated: new Set(), nextMs: NOW + 25 * MINUTE });
  });

  it('is not held back by a clock that was ahead and is set back', () => {
    const told = advance(NO_ESCALATION, 'a', NOW + 24 * 60 * MINUTE);
    expect(escalationIsDue(told, step, NOW)).toBe(true);
    expect(advance(told, 'a', NOW).nextMs).toBe(NOW + step.afterMs);
  });

  it('comes back from what is stored, also from a group that has none', () => {
    const escalation = { told: new Map([['a', NOW], ['b', NOW + 1]]), escalated: new Set(['b']), nextMs: NOW + 2 };
    expect(escalationFrom(escalationTo(escalation))).toEqual(escalation);
    expect(escalationFrom({})).toEqual(NO_ESCALATION);
    expect(escalationTo(NO_ESCALATION)).toEqual({});
  });
});
