import type { Tier } from '../catalog/partitions.ts';
import { PermanentError } from '../errors.ts';
import { parseDurationMs } from '../model/duration.ts';

/** How long each tier answers for, after the end of its partitions, in ms: whole days, since the lifecycle of a bucket knows no other. */
export type Retention = Readonly<Record<Tier, number>>;

const DAY_MS = 86_400_000;
const TIERS = ['raw', '1m', '1h'] as const;

/** Design 5. */
export const DEFAULT_RETENTION: Retention = { raw: 7 * DAY_MS, '1m': 30 * DAY_MS, '1h': 365 * DAY_MS };

/** Samples are taken until two days before raw samples expire, and one day late at least. */
export const LEAST_RAW_MS = 3 * DAY_MS;
/** A hundred years: beyond, dates have five digits of year before long. */
const MOST_MS = 36_500 * DAY_MS;
/** How long before its raw partition expires an hour is closed to late samples: it can be rebuilt until then. */
const CLOSED_BEFORE_MS = 2 * DAY_MS;
/** How long after a tier has let go of an object the lifecycle of the bucket would (design 4, deletion order). */
const BACKSTOP_DAYS = 2;

/** How late a sample may arrive after its own time. */
export const latestArrivalMs = ({ raw }: Retention): number => raw - CLOSED_BEFORE_MS;

/** The days after which the bucket itself removes the objects of a tier: the backstop. */
export const lifecycleDays = (retention: Retention, tier: Tier): number => retention[tier] / DAY_MS + BACKSTOP_DAYS;

const inDays = (durationMs: number): string => `${durationMs / DAY_MS}d`;

const ALLOWED = 'days by tier such as raw=7d,1m=30d,1h=365d are allowed';

/**
 * `raw=7d,1m=30d,1h=365d`, in any order; what is left out has its default. Durations as Prometheus writes them, of whole days.
 * @throws PermanentError that names all that is wrong.
 */
export const parseRetention = (text: string): Retention => {
  const found: Partial<Record<Tier, number>> = {};
  const faults: string[] = [];
  for (const part of text.split(',').filter((each) => each.trim() !== '')) {
    const [name = '', duration = '', ...more] = part.split('=').map((each) => each.trim());
    const tier = TIERS.find((each) => each === name);
    const durationMs = parseDurationMs(duration);
    if (tier === undefined || more.length > 0) faults.push(`found ${JSON.stringify(part.trim().slice(0, 50))}, ${ALLOWED}`);
    else if (durationMs === undefined || durationMs % DAY_MS !== 0) faults.push(`found ${tier} of ${JSON.stringify(duration.slice(0, 50))}, whole days such as ${inDays(DEFAULT_RETENTION[tier])} are allowed`);
    else if (found[tier] !== undefined) faults.push(`found ${tier} twice, ${ALLOWED}`);
    else found[tier] = durationMs;
  }
  const retention = { ...DEFAULT_RETENTION, ...found };
  if (faults.length === 0) faults.push(...faultsOf(retention));
  if (faults.length > 0) throw new PermanentError(`read retention: ${faults.join('; ')}`);
  return retention;
};

const faultsOf = (retention: Retention): readonly string[] => {
  const shown = (tier: Tier): string => `${tier} of ${inDays(retention[tier])}`;
  return [
    ...(retention.raw < LEAST_RAW_MS ? [`found ${shown('raw')}, ${inDays(LEAST_RAW_MS)} or more are allowed, since samples are taken until two days before`] : []),
    ...(retention['1m'] < retention.raw ? [`found ${shown('1m')} with ${shown('raw')}, as long or longer is allowed`] : []),
    ...(retention['1h'] < retention['1m'] ? [`found ${shown('1h')} with ${shown('1m')}, as long or longer is allowed`] : []),
    ...TIERS.filter((tier) => retention[tier] > MOST_MS).map((tier) => `found ${shown(tier)}, at most ${inDays(MOST_MS)} are allowed`),
  ];
};

/** As {@link parseRetention} reads it. */
export const formatRetention = (retention: Retention): string => TIERS.map((tier) => `${tier}=${inDays(retention[tier])}`).join(',');
