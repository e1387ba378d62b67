import { lessAlerts } from './alerting/alert-plan.ts';
import { CALL_FAULTS } from './faults.ts';
import { runScenario } from './run-seed.ts';
import type { CompactionPlan, Scenario } from './scenario.ts';

/** Smaller scenarios, the most drastic first. */
function* smaller(scenario: Scenario): Generator<Scenario> {
  const { senders, calls, content, mapping, outages, compaction, alerts } = scenario;
  if (compaction !== undefined) yield* lessCompaction(scenario, compaction);
  if (alerts !== undefined) for (const plan of lessAlerts(alerts)) yield { ...scenario, alerts: plan };
  if (senders.length > (alerts === undefined ? 1 : 0)) for (let i = 0; i < senders.length; i++) yield { ...scenario, senders: senders.filter((_, k) => k !== i) };
  if (scenario.reshards > 0) yield { ...scenario, reshards: 0 };
  if (scenario.reshards > 1) yield { ...scenario, reshards: scenario.reshards - 1 };
  for (let i = 0; i < outages.length; i++) yield { ...scenario, outages: outages.filter((_, k) => k !== i) };
  for (const fault of CALL_FAULTS) if (calls[fault] > 0) yield { ...scenario, calls: { ...calls, [fault]: 0 } };
  for (const rate of ['late', 'edge', 'conflict', 'poison', 'killer'] as const) if (content[rate] > 0) yield { ...scenario, content: { ...content, [rate]: 0 } };
  for (const rate of ['timeOut', 'loseOutcome', 'again'] as const) if (mapping[rate] > 0) yield { ...scenario, mapping: { ...mapping, [rate]: 0 } };
  if (scenario.partialPut > 0) yield { ...scenario, partialPut: 0 };
  if (scenario.shards > 1) yield { ...scenario, shards: 1 };
  if (scenario.readers > 1) yield { ...scenario, readers: 1 };
  for (const [i, plan] of senders.entries()) {
    const { flushes, samples } = plan;
    const replaced = (change: Partial<typeof plan>): Scenario => ({ ...scenario, senders: senders.map((each, k) => (k === i ? { ...each, ...change } : each)) });
    if (flushes > 1) yield replaced({ flushes: flushes >> 1 });
    if (samples > 1) yield replaced({ samples: samples >> 1 });
    if (plan.skewMs !== 0) yield replaced({ skewMs: 0 });
  }
  if (scenario.activeMs > 5000) yield { ...scenario, activeMs: scenario.activeMs >> 1 };
}

function* lessCompaction(scenario: Scenario, plan: CompactionPlan): Generator<Scenario> {
  const changed = (change: Partial<CompactionPlan>): Scenario => ({ ...scenario, compaction: { ...plan, ...change } });
  yield { ...scenario, compaction: undefined };
  if (plan.daysPass) yield changed({ daysPass: false });
  if (plan.stall > 0) yield changed({ stall: 0 });
  if (plan.compactors > 1) yield changed({ compactors: 1 });
  if (plan.sqlReaders > 0) yield changed({ sqlReaders: 0 });
  if (plan.view) yield changed({ view: false });
  if (plan.buckets > 1) yield changed({ buckets: 1 });
}

/** The same scenario takes another course when a part of it is missing: a few schedules are tried for each. */
const SCHEDULES = 8;

/**
 * A smaller scenario that still violates the same invariant, found by leaving out one part after the other; the given one
 * when there is none. At most `maxRuns` runs.
 */
export const shrink = async (failing: Scenario, invariant: string, maxRuns = 1500): Promise<Scenario> => {
  let best = failing;
  let runs = 0;
  const stillFails = async (candidate: Scenario): Promise<Scenario | undefined> => {
    for (let k = 0; k < SCHEDULES && runs < maxRuns; k++, runs++) {
      const tried = { ...candidate, seed: candidate.seed + k };
      if ((await runScenario(tried)).violation?.invariant === invariant) return tried;
    }
    return undefined;
  };
  const smallerStill = async (): Promise<Scenario | undefined> => {
    for (const candidate of smaller(best)) {
      const found = await stillFails(candidate);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (let next = await smallerStill(); next !== undefined; next = await smallerStill()) best = next;
  return best;
};
