import { compactMinute } from '../../functions/compact/compact.ts';
import type { CompactPorts } from '../../shared/compaction/commit-attempt.ts';
import type { SamplesView } from '../../shared/compaction/open-hours.ts';
import { MissingObjectError } from '../../shared/storage/object-store.ts';
import { ThrottledError, UnavailableError } from '../../shared/errors.ts';
import { openTierRollup } from '../../shared/storage/tier-rollup.ts';
import { TIER_BUCKET_MS } from '../../shared/tiers/bucket.ts';
import type { Faults } from './faults.ts';
import { addressOf } from './lake.ts';
import type { Pace } from './pace.ts';
import { never, SimProcess } from './process.ts';
import type { CompactionPlan } from './scenario.ts';
import type { SimItems } from './sim-items.ts';
import type { SimObjects } from './sim-objects.ts';
import { type Truth, Violation } from './truth.ts';

/** The view `samples`: hours before the boundary are read as they are. */
export interface SqlView {
  openFrom: string;
}

/** One call of the compactor, in a process of its own. */
export interface CompactorRun {
  readonly process: SimProcess;
  readonly startedEvents: number;
  readonly startedMs: number;
  /** Of virtual time in which its process stood still. */
  stalledMs: number;
  endedMs: number | undefined;
}

export interface CompactorParts {
  readonly faults: Faults;
  readonly objects: SimObjects;
  readonly items: SimItems;
  readonly truth: Truth;
  readonly pace: Pace;
  readonly view: SqlView;
  readonly runs: CompactorRun[];
  /** Told of every run that did all it meant to do. */
  readonly succeeded: (run: CompactorRun) => void;
}

const HOUR_MS = 3_600_000;
/** Longer than the grace, or than most of it. */
const STALL_MS = [0.8 * HOUR_MS, 2.2 * HOUR_MS] as const;

/** A schedule that starts a run now and then, whether or not the one before is over; never ends. */
export const runCompactor = async (parts: CompactorParts, plan: CompactionPlan, name: string): Promise<never> => {
  const { scheduler } = parts.faults;
  for (let n = 0; ; n++) {
    await scheduler.sleep(scheduler.random.int(1, parts.pace.compactMs), name);
    const run = runOnce(parts, plan, `${name}-${n}`);
    run.catch((error: unknown) => parts.truth.violate(error instanceof Violation ? error : new Violation('actors never reject', String((error as Error).stack))));
    // On Lambda the next minute does not wait; here, for as long as it is not stuck.
    await Promise.race([run, scheduler.sleep(parts.pace.compactMs, name)]);
  }
};

const viewOf = ({ faults, view }: CompactorParts, process: SimProcess): SamplesView => ({
  publish: (openFrom) => faults.call(process, 'catalog', `publish ${openFrom}`, () => void (view.openFrom = openFrom)),
  promotedLabels: ['host'],
  clockMs: faults.scheduler.nowMs,
});

const runOnce = async (parts: CompactorParts, plan: CompactionPlan, name: string): Promise<void> => {
  const { faults, truth, runs } = parts;
  const { scheduler } = faults;
  const process = new SimProcess(name);
  const run: CompactorRun = { process, startedEvents: scheduler.events, startedMs: scheduler.nowMs(), stalledMs: 0, endedMs: undefined };
  runs.push(run);
  const options = {
    nowMs: scheduler.nowMs(),
    attempt: Buffer.from(scheduler.random.bytes(6)).toString('hex'),
    addressOf,
    promotedLabels: ['host'],
    buckets: plan.buckets,
    maxRows: plan.maxRows,
    openHotFiles: plan.openHotFiles,
    ...(plan.view ? { view: viewOf(parts, process) } : {}),
    openRollup: () => openTierRollup(TIER_BUCKET_MS['1m'], { promotedLabels: ['host'] }),
  };
  const wasActive = faults.active;
  const outcome = await process.run(() => compactMinute(portsOf(parts, run, plan), options));
  run.endedMs = scheduler.nowMs();
  scheduler.note(`${name} ${outcome.end}`);
  if (outcome.end === 'done') parts.succeeded(run);
  if (outcome.end !== 'failed') return;
  const isCalm = !wasActive && !faults.active;
  if (isCalm || !causesOf(outcome.error).every((cause) => isOutage(cause, run))) truth.violate(new Violation('the compactor fails by outages alone', String((outcome.error as Error).stack)));
};

/** A run that stood still may find that the world has gone on. */
const isOutage = (error: unknown, { stalledMs }: CompactorRun): boolean =>
  error instanceof UnavailableError || error instanceof ThrottledError || (stalledMs > 0 && error instanceof MissingObjectError);

const causesOf = (error: unknown): readonly unknown[] => (error instanceof AggregateError ? error.errors.map((each: Error) => each.cause) : [error]);

/** Before each call the process may stand still. */
const portsOf = ({ faults, objects, items }: CompactorParts, run: CompactorRun, { stall }: CompactionPlan): CompactPorts => {
  const { scheduler } = faults;
  const { process } = run;
  const still = async (): Promise<void> => {
    if (!faults.chance(stall)) return;
    const ms = scheduler.random.int(...STALL_MS);
    run.stalledMs += ms;
    scheduler.note(`stall ${process.name}`);
    await scheduler.sleep(ms, `stall ${process.name}`);
    if (!process.alive) await never();
  };
  const through = objects.through(faults, process);
  const catalog = items.through(faults, process);
  return {
    objects: {
      get: (key, range) => still().then(() => through.get(key, range)),
      putIfAbsent: (key, bytes) => still().then(() => through.putIfAbsent(key, bytes)),
      replace: (key, bytes) => still().then(() => through.replace(key, bytes)),
      remove: (keys) => still().then(() => through.remove(keys)),
    },
    catalog: {
      get: (key) => still().then(() => catalog.get(key)),
      query: (pk, range) => still().then(() => catalog.query(pk, range)),
      transact: (writes) => still().then(() => catalog.transact(writes)),
    },
  };
};
