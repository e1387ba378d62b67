import type { Random } from '../../test/simulation/random.ts';
import type { Likeness, QueryNode } from './query-node.ts';
import { BUCKET_METRIC, INSTANCES, JOBS, SERIES_END_MS, SERIES_START_MS, SHAPES, type Shape } from './series.ts';

/** Of windows over samples: multiples of 5 s. */
const RANGES = ['30s', '45s', '1m', '2m', '200s', '5m', '10m'];
/** Of windows over the steps of a subquery: 5 s past the multiples of 10 s, which every step is. */
const SUBQUERY_RANGES = ['95s', '185s', '305s', '605s'];
const SUBQUERY_STEPS = ['10s', '30s', '1m', '2m', ''];
const OFFSETS = ['30s', '1m', '4m', '-1m'];
const MATCHERS = [`job="${JOBS[0]}"`, `job!="${JOBS[0]}"`, `instance=~"[01]"`, `instance!~"2|9"`, `job=~".+"`, `zone=""`, `instance="${INSTANCES[2]}"`, `job="none"`];

/** Evaluation times: 1 s past the multiples of 5 s, late enough for every window to begin behind the first samples. */
export const drawTimeMs = (random: Random): number => {
  const firstMs = SERIES_START_MS + 30 * 60_000;
  return firstMs + 5000 * random.int(0, (SERIES_END_MS + 6 * 60_000 - firstMs) / 5000) + 1000;
};

/** `offset` and `@`, or neither, of a selector or a subquery. */
const shift = (random: Random): string => {
  const at = random.chance(0.08) ? ` @ ${random.pick([String(drawTimeMs(random) / 1000), 'start()', 'end()'])}` : '';
  return at + (random.chance(0.12) ? ` offset ${random.pick(OFFSETS)}` : '');
};

const braces = (random: Random): string => (random.chance(0.35) ? `{${random.pick(MATCHERS)}}` : '');

export const shapeNode = (random: Random, { metric, keys }: Shape, range = ''): QueryNode => ({
  type: range === '' ? 'vector' : 'matrix',
  parts: [`${metric}${braces(random)}${range}${shift(random)}`],
  likeness: 0,
  keys,
  isSteady: true,
});

const BUCKET_SHAPE: Shape = { metric: BUCKET_METRIC, isGapless: true, isDistinct: true, keys: ['job', 'le'] };

export const drawShape = (random: Random): Shape => (random.chance(0.05) ? BUCKET_SHAPE : random.pick(SHAPES));

/** `m[5m]` */
export const rangeSelector = (random: Random, shape = drawShape(random)): QueryNode => shapeNode(random, shape, `[${random.pick(RANGES)}]`);

export const bucketSelector = (random: Random): QueryNode => shapeNode(random, BUCKET_SHAPE);
export const bucketRange = (random: Random): QueryNode => rangeSelector(random, BUCKET_SHAPE);

/** `(…)[305s:30s]` */
export const subquery = (random: Random, inner: QueryNode): QueryNode => ({
  type: 'matrix',
  parts: ['(', inner, `)[${random.pick(SUBQUERY_RANGES)}:${random.pick(SUBQUERY_STEPS)}]${shift(random)}`],
  likeness: inner.likeness,
  keys: inner.keys,
  isSteady: inner.isSteady,
});

type Render = (random: Random) => readonly [before: string, behind: string];
const plain = (name: string): Render => () => [`${name}(`, ')'];

export interface RangeFunction {
  readonly render: Render;
  /** How alike its argument must be. */
  readonly needs: Likeness;
  /** How alike it is of an argument that is as alike as this. */
  readonly gives: (argument: Likeness) => Likeness;
  readonly needsSteady?: boolean;
  readonly dropsKeys?: boolean;
  /** Whether its argument has no `@`. */
  readonly refusesPins?: boolean;
}

const FRACTIONS = ['0', '0.25', '0.5', '0.9', '1', '-1', '2'];
const all = (names: string, rest: Omit<RangeFunction, 'render'>): readonly RangeFunction[] => names.split(' ').map((name) => ({ ...rest, render: plain(name) }));

export const RANGE_FUNCTIONS: readonly RangeFunction[] = [
  ...all('rate increase', { needs: 1, gives: () => 1, needsSteady: true }),
  ...all('delta irate idelta', { needs: 1, gives: () => 1 }),
  ...all('changes resets', { needs: 1, gives: () => 0 }),
  ...all('min_over_time max_over_time last_over_time', { needs: 2, gives: (argument) => argument }),
  ...all('count_over_time present_over_time', { needs: 2, gives: () => 0 }),
  ...all('absent_over_time', { needs: 2, gives: () => 0, dropsKeys: true }),
  ...all('sum_over_time', { needs: 2, gives: (argument) => (argument === 0 ? 0 : 2) }),
  ...all('avg_over_time', { needs: 2, gives: () => 2 }),
  ...all('stddev_over_time stdvar_over_time deriv', { needs: 1, gives: () => 2 }),
  { render: (random) => [`quantile_over_time(${random.pick(FRACTIONS)}, `, ')'], needs: 1, gives: () => 2 },
  { render: (random) => ['predict_linear(', `, ${random.pick(['60', '-30', '3600'])})`], needs: 1, gives: () => 2, refusesPins: true },
  { render: (random) => ['double_exponential_smoothing(', `, ${random.pick(['0.3', '0.5', '0.9'])}, ${random.pick(['0.1', '0.5', '0.8'])})`], needs: 1, gives: () => 2 },
];
