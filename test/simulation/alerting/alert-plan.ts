import type { Outage, Part } from '../faults.ts';
import type { Random } from '../random.ts';

export interface Span {
  readonly fromMs: number;
  readonly untilMs: number; // exclusive
}

/** One target that is scraped, and what is true of it. */
export interface TargetPlan {
  readonly instance: string;
  readonly dc: string;
  /** `up` is 0. */
  readonly downs: readonly Span[];
  /** `load` is 95, else 10. */
  readonly busy: readonly Span[];
  /** It reports nothing. */
  readonly gaps: readonly Span[];
  /** Whether a gap begins with stale markers, as of a target that was removed. */
  readonly marks: boolean;
  /** Probability that a scrape is sent so much later than the others. */
  readonly late: number;
  readonly lateMs: number;
}

/** A silence that somebody sets at its beginning, over all alerts with this label. */
export interface SilencePlan extends Span {
  readonly label: string;
  readonly value: string;
}

/** Somebody takes on what fires with this label, as soon as it does within the time. */
export interface TakePlan extends Span {
  readonly label: string;
  readonly value: string;
}

/** How receivers answer: probabilities per request. */
export interface AnswerPlan {
  /** 500 without effect, and 500 after the effect. */
  readonly broken: number;
  readonly brokenAfter: number;
  /** 400: it will never take this one. */
  readonly refused: number;
}

/** Rules, their evaluators, and everybody on the way to the receivers. */
export interface AlertPlan {
  readonly targets: readonly TargetPlan[];
  readonly scrapeMs: number;
  readonly silences: readonly SilencePlan[];
  readonly takes: readonly TakePlan[];
  /** One process with a memory that stays, as in the all-in-one; else an invocation per minute, as on Lambda. */
  readonly resident: boolean;
  /** Clocks of evaluators and notifiers are off by at most so much. */
  readonly skewMs: number;
  /** Probabilities per minute: an invocation does not come, comes twice, is killed at some time. */
  readonly lost: number;
  readonly twice: number;
  readonly killed: number;
  /** Per message on the fan-out: it comes twice, it takes long. */
  readonly doubled: number;
  readonly delayed: number;
  readonly answers: AnswerPlan;
}

/** Parts of the world that only alerts have. */
const ALERT_PARTS = ['alerts', 'topic', 'receivers', 'objects', 'stream'] as const satisfies readonly Part[];

const DCS = ['a', 'b'] as const;

export const drawAlerts = (random: Random, startMs: number, activeMs: number, calm: boolean): AlertPlan => {
  const some = (share: number, high: number): number => (!calm && random.chance(share) ? high * (0.1 + 0.9 * random.next()) : 0);
  const span = (lowMs: number, highMs: number): Span => {
    const fromMs = startMs + random.int(0, activeMs);
    return { fromMs, untilMs: fromMs + random.int(lowMs, highMs) };
  };
  const spans = (share: number, most: number, highMs: number): Span[] => (random.chance(share) ? Array.from({ length: random.int(1, most) }, () => span(5000, highMs)) : []);
  const allDown = random.chance(0.4) ? [span(30_000, 150_000)] : [];
  const allGone = random.chance(0.2) ? [span(30_000, 150_000)] : [];
  const targets = Array.from({ length: random.int(1, 3) }, (_, k): TargetPlan => ({
    instance: `t${k}`,
    dc: random.pick(DCS),
    downs: [...allDown, ...spans(0.7, 3, 120_000)],
    busy: spans(0.6, 3, 90_000),
    gaps: [...allGone, ...spans(0.4, 2, 120_000)],
    marks: random.chance(0.5),
    late: some(0.4, 0.3),
    lateMs: random.pick([10_000, 20_000, 60_000]),
  }));
  return {
    targets,
    scrapeMs: random.pick([5000, 10_000]),
    silences: random.chance(0.35) ? [{ ...random.pick([{ label: 'dc', value: 'a' }, { label: 'severity', value: 'page' }, { label: 'alertname', value: 'LoadHigh' }]), ...span(30_000, 150_000) }] : [],
    resident: random.chance(0.35),
    skewMs: random.chance(0.5) ? random.int(100, 4000) : 0,
    lost: some(0.4, 0.5),
    twice: some(0.4, 0.6),
    killed: some(0.4, 0.6),
    doubled: some(0.5, 0.6),
    delayed: some(0.5, 0.6),
    answers: { broken: some(0.4, 0.5), brokenAfter: some(0.4, 0.5), refused: some(0.25, 0.4) },
    takes: random.chance(0.4) ? [{ ...random.pick([{ label: 'dc', value: 'a' }, { label: 'severity', value: 'page' }, { label: 'alertname', value: 'LoadHigh' }]), ...span(60_000, 200_000) }] : [],
  };
};

/** Long enough for slots that are evaluated without waiting any longer. */
export const drawAlertOutages = (random: Random, startMs: number, activeMs: number): readonly Outage[] =>
  ALERT_PARTS.filter(() => random.chance(0.12)).map((part): Outage => {
    const fromMs = startMs + random.int(0, activeMs);
    return { part, fromMs, untilMs: fromMs + random.int(5000, 200_000) };
  });

/** Smaller plans, the most drastic first. */
export function* lessAlerts(plan: AlertPlan): Generator<AlertPlan> {
  const { targets, answers } = plan;
  if (targets.length > 1) for (const left of targets) yield { ...plan, targets: targets.filter((each) => each !== left) };
  for (const rate of ['lost', 'twice', 'killed', 'doubled', 'delayed', 'skewMs'] as const) if (plan[rate] > 0) yield { ...plan, [rate]: 0 };
  for (const rate of ['broken', 'brokenAfter', 'refused'] as const) if (answers[rate] > 0) yield { ...plan, answers: { ...answers, [rate]: 0 } };
  if (plan.silences.length > 0) yield { ...plan, silences: [] };
  if (plan.takes.length > 0) yield { ...plan, takes: [] };
  for (const [i, target] of targets.entries()) {
    const replaced = (change: Partial<TargetPlan>): AlertPlan => ({ ...plan, targets: targets.map((each, k) => (k === i ? { ...each, ...change } : each)) });
    for (const list of ['downs', 'busy', 'gaps'] as const) for (const span of target[list]) yield replaced({ [list]: target[list].filter((each) => each !== span) });
    if (target.late > 0) yield replaced({ late: 0 });
    if (target.marks) yield replaced({ marks: false });
  }
}
