import { describe, expect, it } from 'vitest';
import { answerLakeCalls, type LakeCall } from '../../../scripts/admin/lake-calls.ts';
import { deleteSeries } from '../../../shared/commands/delete.ts';
import { rebuild } from '../../../shared/commands/rebuild.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { runBackfill, textFile } from '../backfill/backfill-road.ts';
import { openAdmin } from '../commands/open-admin.ts';
import { CLASSES, DAY_OVER_MS, openTwoLakes } from '../lakes/two-lakes.ts';

describe('the heavy work of the tools', () => {
  it('all goes where the installation does such work', async () => {
    const road = await openTwoLakes();
    const calls: LakeCall[] = [];
    let attempts = 0;
    const settings = { ...road.ports, classes: CLASSES, addressOf: road.addressOf, promotedLabels: ['host'], buckets: 1, retention: DEFAULT_RETENTION, nextAttempt: () => `heavy${attempts++}` };
    const answer = answerLakeCalls(settings);
    const api = openAdmin({
      ...settings,
      clockMs: () => DAY_OVER_MS,
      answerCall: (call) => {
        calls.push(call);
        return answer(call);
      },
    });
    const quiet = { json: true, progress: () => undefined };
    await rebuild(api, { ...quiet, verify: true });
    await rebuild(api, { ...quiet, verify: false, tier: '1h' });
    await deleteSeries(api, { ...quiet, match: 'cpu', from: '2026-03-01T10:00:00Z', to: '2026-03-01T11:00:00Z', dryRun: true });
    const file = textFile('x.prom', `cpu{host="b"} 1 ${DAY_OVER_MS - 1000}\n`);
    await runBackfill(api, [file], { dryRun: true });
    await runBackfill(api, [file]);
    const count = (kind: LakeCall['kind']): number => calls.filter((call) => call.kind === kind).length;
    expect([count('rebuild'), count('delete'), count('judge'), count('piece')]).toEqual([6, 6, 1, 1]);
    expect(count('step')).toBeGreaterThan(0);
    expect(calls.flatMap((call) => ('class' in call && call.class !== undefined ? [call.class] : []))).toEqual(Array(6).fill('brief'));
    // What goes to another thread is copied.
    for (const call of calls) expect(structuredClone(call)).toEqual(call);
  });
});
