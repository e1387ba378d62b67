import { comeToRest, passDays } from './aftermath.ts';
import { type CompactorParts, type CompactorRun, runCompactor, type SqlView } from './compactor.ts';
import type { Faults } from './faults.ts';
import { LakeInvariants } from './lake-invariants.ts';
import { Lake } from './lake.ts';
import type { Pace } from './pace.ts';
import { SimProcess } from './process.ts';
import type { Read } from './reader.ts';
import { checkRest } from './rest.ts';
import { numberOf, isStale } from './sample.ts';
import type { CompactionPlan } from './scenario.ts';
import type { SimItems } from './sim-items.ts';
import type { SimObjects } from './sim-objects.ts';
import { runSqlReader, runStatement, type SqlReaderParts, type Statement } from './sql-reader.ts';
import { type Truth, Violation } from './truth.ts';

export interface StorageParts {
  readonly faults: Faults;
  readonly objects: SimObjects;
  readonly items: SimItems;
  readonly truth: Truth;
  readonly pace: Pace;
}

/** Compactors, readers of SQL, and all that is held against them. */
export class Storage {
  private readonly parts: StorageParts;
  private readonly plan: CompactionPlan;
  private readonly lake: Lake;
  private readonly runs: CompactorRun[] = [];
  private readonly statements = new Set<Statement>();
  private readonly compactorParts: CompactorParts;
  private readonly sqlParts: SqlReaderParts;
  /**
   * What was last written by a process that had stood still for longer than any run may last (design 4: the grace is longer than
   * that). Nobody may have known any more that it would come.
   */
  private readonly excused = new Set<string>();

  constructor(parts: StorageParts, plan: CompactionPlan) {
    const { faults, objects, items, truth } = parts;
    const { scheduler } = faults;
    const { runs, statements } = this;
    this.parts = parts;
    this.plan = plan;
    objects.watchers.push({
      put: (key, _bytes, process) => {
        const isLate = runs.some((run) => run.process === process && run.stalledMs > 0);
        if (isLate) this.excused.add(key);
        else this.excused.delete(key);
      },
    });
    this.wakeReaders();
    this.lake = new Lake(objects, items, () => scheduler.events);
    const invariants = new LakeInvariants({ lake: this.lake, truth, nowMs: scheduler.nowMs, runs, statements, stalls: plan.stall > 0, view: plan.view });
    const view: SqlView = { openFrom: '' };
    this.compactorParts = { ...parts, view, runs, succeeded: (run) => invariants.succeeded(run) };
    this.sqlParts = { ...parts, statements, stalls: plan.stall > 0, view: plan.view ? view : undefined, check: (samples) => this.checkPossible(samples) };
  }

  /** A version is committed soon after its attempt is announced. */
  private wakeReaders(): void {
    const { items, pace } = this.parts;
    let waiting: (() => void)[] = [];
    pace.working = () => new Promise((resolve) => waiting.push(resolve));
    items.watchers.push((writes) => {
      if (!writes.some((write) => 'put' in write && write.put.pk === 'garbage')) return;
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    });
  }

  actors(): readonly Promise<never>[] {
    const { compactors, sqlReaders } = this.plan;
    return [
      ...Array.from({ length: compactors }, (_, i) => runCompactor(this.compactorParts, this.plan, `compact-${i}`)),
      ...Array.from({ length: sqlReaders }, (_, i) => runSqlReader(this.sqlParts, `sql-${i}`)),
    ];
  }

  comeToRest(): Promise<void> {
    return comeToRest({ ...this.parts, lake: this.lake });
  }

  async passDays(look: () => Promise<void>): Promise<void> {
    if (this.plan.daysPass) await passDays({ ...this.parts, lake: this.lake }, look, this.excused);
  }

  /** At rest: nothing is left over, and SQL answers what PromQL has answered. */
  async look(read: Read): Promise<void> {
    checkRest(this.lake, this.excused);
    // Such a list may name what is gone.
    if ([...this.excused].some((key) => key.startsWith('sql/'))) return;
    await runStatement({ ...this.sqlParts, check: (samples) => requireSame(samples, read) }, new SimProcess('last-statement'));
  }

  private checkPossible(samples: ReadonlyMap<string, number>): void {
    for (const [identity, value] of samples) {
      const possible = this.parts.truth.possible.get(identity)?.some(({ low, high }) => isEqual(value, numberOf(low, high))) === true;
      if (!possible) throw new Violation('nothing appears that no record holds', `${identity} has the value ${value} in SQL`);
    }
  }
}

/** As numbers: which of two zeros, or of many NaNs, an engine shows is its own affair. */
const isEqual = (a: number, b: number): boolean => a === b || (Number.isNaN(a) && Number.isNaN(b));

const requireSame = (samples: ReadonlyMap<string, number>, read: Read): void => {
  const expected = new Map([...read.samples].flatMap(([identity, bits]) => (isStale(bits) ? [] : [[identity, numberOf(bits.low, bits.high)] as const])));
  for (const [identity, value] of expected) {
    const found = samples.get(identity);
    if (found === undefined || !isEqual(found, value)) throw new Violation('SQL and PromQL answer alike', `${identity} is ${value} in PromQL, in SQL ${found ?? 'not there'}`);
  }
  const more = [...samples.keys()].find((identity) => !expected.has(identity));
  if (more !== undefined) throw new Violation('SQL and PromQL answer alike', `${more} is in SQL alone`);
};
