import type { TargetPlan } from './alert-plan.ts';
import type { Possible, TargetTruth } from './target-truth.ts';

/** `held`: nothing is known, the alert stays as it is. */
export type Outcome = 'present' | 'absent' | 'held';

/** One alert that may come about, and what the rule may give for it at a slot. */
export interface ExpectedAlert {
  readonly rule: string;
  /** `tidemark`: what the installation tells of itself. */
  readonly group: 'targets' | 'load' | 'tidemark';
  readonly labels: Readonly<Record<string, string>>;
  readonly holdMs: number;
  readonly keepFiringMs: number;
  /** Whether it may come about because samples are missing. */
  readonly ofAbsence: boolean;
  /** Whether it reads what another rule records. */
  readonly ofRecorded: boolean;
  readonly outcomes: (slotMs: number, isPartial: boolean) => ReadonlySet<Outcome>;
}

const BUSY = 90;
/** Series that have reported within it are expected: the default of `no_data`. */
const ROSTER_MS = 3_600_000;
const GONE_MS = 40_000;

export const seriesOf = (metric: string, { dc, instance }: TargetPlan): string => `${metric}${JSON.stringify({ dc, instance })}`;

/** What the rules of alert-files.ts mean. `done` are the slots of the group `load` of which nobody doubts that they were evaluated. */
export const expectedAlerts = (targets: readonly TargetPlan[], truth: TargetTruth, done: ReadonlySet<number>): readonly ExpectedAlert[] => {
  const dcs = [...new Set(targets.map(({ dc }) => dc))];
  return [
    ...targets.map((target) => targetDown(target, truth)),
    ...dcs.map((dc) => dcDown(dc, targets, truth)),
    targetGone(targets[0] as TargetPlan, truth),
    ...targets.flatMap((target) => ofLoad(target, truth, done)),
  ];
};

const mapped = (values: Possible, outcome: (value: number | undefined) => Outcome): ReadonlySet<Outcome> => new Set([...values].map(outcome));

const targetDown = (target: TargetPlan, truth: TargetTruth): ExpectedAlert => ({
  rule: 'TargetDown',
  group: 'targets',
  labels: { alertname: 'TargetDown', dc: target.dc, instance: target.instance, severity: 'page' },
  holdMs: 30_000,
  keepFiringMs: 0,
  ofAbsence: false,
  ofRecorded: false,
  outcomes: (slotMs, isPartial) => mapped(truth.possible(seriesOf('up', target), slotMs, isPartial), (value) => (value === 0 ? 'present' : 'absent')),
});

const dcDown = (dc: string, targets: readonly TargetPlan[], truth: TargetTruth): ExpectedAlert => ({
  rule: 'DcDown',
  group: 'targets',
  labels: { alertname: 'DcDown', dc, severity: 'page' },
  holdMs: 0,
  keepFiringMs: 0,
  ofAbsence: false,
  ofRecorded: true,
  outcomes: (slotMs, isPartial) => mapped(possibleSums(dc, targets, truth, slotMs, isPartial), (sum) => (sum === 0 ? 'present' : 'absent')),
});

/** What `sum by (dc) (up)` may give. */
export const possibleSums = (dc: string, targets: readonly TargetPlan[], truth: TargetTruth, slotMs: number, isPartial: boolean): Possible => {
  let sums = new Set<number | undefined>([undefined]);
  for (const target of targets) {
    if (target.dc !== dc) continue;
    const values = truth.possible(seriesOf('up', target), slotMs, isPartial);
    sums = new Set([...sums].flatMap((sum) => [...values].map((value) => (value === undefined ? sum : (sum ?? 0) + value))));
  }
  return sums;
};

const targetGone = (target: TargetPlan, truth: TargetTruth): ExpectedAlert => ({
  rule: 'TargetGone',
  group: 'targets',
  labels: { alertname: 'TargetGone', instance: 't0', severity: 'ticket' },
  holdMs: 15_000,
  keepFiringMs: 0,
  ofAbsence: true,
  ofRecorded: false,
  outcomes: (slotMs, isPartial) => {
    if (target.instance !== 't0') return new Set(['present']);
    const { surely, maybe } = truth.holds(seriesOf('up', target), slotMs, GONE_MS, isPartial);
    return surely ? new Set(['absent']) : new Set(maybe ? ['absent', 'present'] : ['present']);
  },
});

const ofLoad = (target: TargetPlan, truth: TargetTruth, done: ReadonlySet<number>): readonly ExpectedAlert[] => {
  const name = seriesOf('load', target);
  const { dc, instance } = target;
  const shared = { group: 'load', holdMs: 0, keepFiringMs: 0, ofAbsence: false, ofRecorded: false } as const;
  const labels = { dc, instance, severity: 'ticket' };
  const isBusy = (slotMs: number, isPartial: boolean): ReadonlySet<Outcome> => mapped(truth.possible(name, slotMs, isPartial), (value) => (value !== undefined && value > BUSY ? 'present' : 'absent'));
  return [
    { ...shared, rule: 'LoadHigh', labels: { alertname: 'LoadHigh', ...labels }, keepFiringMs: 40_000, outcomes: isBusy },
    {
      ...shared,
      rule: 'LoadKept',
      labels: { alertname: 'LoadKept', ...labels },
      holdMs: 10_000,
      outcomes: (slotMs, isPartial) => mapped(truth.possible(name, slotMs, isPartial), (value) => (value === undefined ? 'held' : value > BUSY ? 'present' : 'absent')),
    },
    { ...shared, rule: 'LoadLost', labels: { alertname: 'LoadLost', ...labels }, outcomes: isBusy },
    { ...shared, rule: 'LoadLost', labels: { alertname: 'LoadLost', ...labels, no_data: 'true' }, ofAbsence: true, outcomes: (slotMs, isPartial) => isLost(name, { truth, done, slotMs, isPartial }) },
  ];
};

interface LossQuestion {
  readonly truth: TargetTruth;
  readonly done: ReadonlySet<number>;
  readonly slotMs: number;
  readonly isPartial: boolean;
}

const isNumber = (value: number | undefined): boolean => value !== undefined;

/** Missing now, and seen within the hour before: surely where a slot has shown it, maybe where it was there at all. */
const isLost = (name: string, { truth, done, slotMs, isPartial }: LossQuestion): ReadonlySet<Outcome> => {
  const now = truth.possible(name, slotMs, isPartial);
  if (!now.has(undefined)) return new Set(['absent']);
  const wasSeen = [...done].some((each) => each < slotMs && each >= slotMs - ROSTER_MS && [...truth.possible(name, each)].every(isNumber));
  const outcomes = new Set<Outcome>(truth.holds(name, slotMs, ROSTER_MS, isPartial).maybe ? ['present'] : []);
  if (!wasSeen || [...now].some(isNumber)) outcomes.add('absent');
  return outcomes;
};
