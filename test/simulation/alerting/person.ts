import { acknowledge } from '../../../shared/alerting/acknowledgements.ts';
import { setSilence } from '../../../shared/alerting/silences/silence-store.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import type { Faults } from '../faults.ts';
import { never, SimProcess } from '../process.ts';
import type { SimItems } from '../sim-items.ts';
import type { SilencePlan, TakePlan } from './alert-plan.ts';
import type { KnownAlert } from './state-invariants.ts';

const PATIENCE_MS = 3000;
const LOOK_MS = 10_000;

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

/** Somebody who takes on what fires, whenever something new does, and tries until that is written down. */
export const runTaker = async (faults: Faults, alerts: SimItems, { fromMs, untilMs, label, value }: TakePlan, known: ReadonlyMap<string, KnownAlert>): Promise<void> => {
  const { scheduler } = faults;
  await scheduler.sleep(Math.max(0, fromMs - scheduler.nowMs()), 'taker');
  const taken = new Set<string>();
  for (let tries = 0; scheduler.nowMs() < untilMs; tries++) {
    const open = [...known.values()].flatMap(({ key, expected, state }) => {
      const startsAtMs = state?.phase === 'firing' ? state.firedAtMs : undefined;
      return startsAtMs === undefined || expected.labels[label] !== value || taken.has(`${key} ${startsAtMs}`) ? [] : [{ labels: makeLabels(Object.entries(expected.labels)), startsAtMs, name: `${key} ${startsAtMs}` }];
    });
    if (open.length > 0) {
      const process = new SimProcess(`taker-${tries}`);
      const by = { actor: 'somebody', nowMs: scheduler.nowMs(), random: scheduler.random.bytes(16) };
      const ended = await process.run(() => acknowledge(alerts.through(faults, process, 'alerts'), { alerts: open, author: 'somebody', comment: 'mine', subject: 'what fires' }, by));
      if (ended.end === 'done') for (const { name } of open) taken.add(name);
    }
    await scheduler.sleep(open.length > 0 ? PATIENCE_MS : LOOK_MS, 'taker');
  }
};
