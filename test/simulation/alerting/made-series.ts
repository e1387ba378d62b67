import { numberOf, isStale } from '../sample.ts';
import { type Truth, Violation } from '../truth.ts';
import type { TargetPlan } from './alert-plan.ts';
import { possibleSums } from './expected-alerts.ts';
import { keyOf, type KnownAlert } from './state-invariants.ts';
import type { TargetTruth } from './target-truth.ts';

interface DoneSlot {
  readonly slotMs: number;
  /** By data centre, where there is one answer; undefined: nothing is to be recorded. */
  readonly sums: ReadonlyMap<string, number | undefined>;
  readonly phases: readonly { readonly labels: Readonly<Record<string, string>>; readonly phase: string | undefined }[];
}

/** What rules make: every sample once and for all with one value, and those of slots that have only one truth are the right ones. */
export class MadeSeries {
  private readonly done: DoneSlot[] = [];
  private readonly truth: Truth;
  private readonly targets: TargetTruth;
  private readonly plans: readonly TargetPlan[];

  constructor(truth: Truth, targets: TargetTruth, plans: readonly TargetPlan[]) {
    this.truth = truth;
    this.targets = targets;
    this.plans = plans;
  }

  /** A slot whose alerts are as they stand now, if there is nothing about it that could have been seen otherwise. */
  slotDone(group: string, slotMs: number, alerts: readonly KnownAlert[]): void {
    const own = alerts.filter(({ expected }) => expected.group === group);
    if (own.some(({ expected }) => expected.outcomes(slotMs, false).size > 1)) return;
    const dcs = group === 'targets' ? [...new Set(this.plans.map(({ dc }) => dc))] : [];
    const sums = dcs.map((dc) => [dc, [...possibleSums(dc, this.plans, this.targets, slotMs, false)]] as const);
    this.done.push({
      slotMs,
      sums: new Map(sums.flatMap(([dc, values]) => (values.length === 1 ? [[dc, values[0]] as const] : []))),
      phases: own.map(({ expected, state }) => ({ labels: expected.labels, phase: state?.phase })),
    });
  }

  /** Once everything is in the stream; what the stream holds is what readers see (invariants.ts). @throws Violation */
  check(): void {
    for (const [identity, values] of this.truth.possible) {
      if (!/^(?:dc:up:sum|ALERTS|ALERTS_FOR_STATE)\{/.test(identity)) continue;
      const [first] = values;
      if (values.some(({ low, high }) => low !== first?.low || high !== first.high)) throw new Violation('a slot makes each sample once', `${identity} has ${values.map(({ low, high }) => numberOf(low, high)).join(' and ')}`);
    }
    for (const { slotMs, sums, phases } of this.done) {
      for (const [dc, sum] of sums) this.require(`dc:up:sum${keyOf({ dc })} ${slotMs}`, sum);
      for (const { labels, phase } of phases) {
        for (const alertstate of ['pending', 'firing']) this.require(`ALERTS${keyOf({ ...labels, alertstate })} ${slotMs}`, phase === alertstate ? 1 : undefined);
      }
    }
  }

  private require(identity: string, value: number | undefined): void {
    const found = this.truth.possible.get(identity)?.find((bits) => !isStale(bits));
    const number = found === undefined ? undefined : numberOf(found.low, found.high);
    if (number !== value) throw new Violation('rules record what is so', `${identity} is ${number}, it was ${value}`);
  }
}
