import { setSilence } from '../../../shared/alerting/silences/silence-store.ts';
import type { Faults } from '../faults.ts';
import { never, SimProcess } from '../process.ts';
import type { SimItems } from '../sim-items.ts';
import type { SilencePlan } from './alert-plan.ts';

const PATIENCE_MS = 3000;

/** Somebody who sets a silence when it is to begin, and tries until it is set or over. */
export const runPerson = async (faults: Faults, alerts: SimItems, { fromMs, untilMs, label, value }: SilencePlan): Promise<void> => {
  const { scheduler } = faults;
  await scheduler.sleep(Math.max(0, fromMs - scheduler.nowMs()), 'person');
  let isSet = false;
  for (let tries = 0; !isSet && scheduler.nowMs() < untilMs; tries++) {
    const process = new SimProcess(`person-${tries}`);
    const wanted = { id: undefined, matchers: [{ name: label, op: '=' as const, value }], startsAtMs: fromMs, endsAtMs: untilMs, createdBy: 'somebody', comment: 'work' };
    const by = { actor: 'somebody', nowMs: scheduler.nowMs(), random: scheduler.random.bytes(16) };
    const ended = await process.run(() => setSilence(alerts.through(faults, process, 'alerts'), wanted, by, untilMs - fromMs));
    isSet = ended.end === 'done';
    await scheduler.sleep(PATIENCE_MS, 'person');
  }
  return isSet ? undefined : never();
};
