import type { Likeness } from './query-node.ts';

/** Values by series and time, or that the query failed. */
export type Answer = { readonly error: string } | { readonly points: ReadonlyMap<string, number> };

type Point = readonly [seconds: number, value: string];
interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}
/** `data` of the query API. */
export interface AnswerData {
  readonly resultType: string;
  readonly result: Point | readonly Series[];
}

const numberOf = (text: string): number => Number(text.replace('Inf', 'Infinity'));

const nameOf = (metric: Series['metric']): string =>
  Object.entries(metric)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',');

export const answerOf = ({ resultType, result }: AnswerData): Answer => {
  if (resultType === 'scalar') {
    const [seconds, text] = result as Point;
    return { points: new Map([[`scalar @${seconds}`, numberOf(text)]]) };
  }
  const points = new Map<string, number>();
  for (const { metric, value, values } of result as readonly Series[]) {
    for (const [seconds, text] of values ?? (value === undefined ? [] : [value])) points.set(`{${nameOf(metric)}} @${seconds}`, numberOf(text));
  }
  return { points };
};

/** Relative; absolute where a difference of greater numbers has lost its leading digits. */
const NEAR = 1e-12;
const NEAR_ZERO = 1e-9;

const areLike = (a: number, b: number, likeness: Likeness): boolean => {
  if (Object.is(a, b) || a === b) return true;
  return likeness === 2 && Math.abs(a - b) <= Math.max(NEAR_ZERO, NEAR * Math.max(Math.abs(a), Math.abs(b)));
};

/** The first way in which our answer differs from theirs; undefined when it does not. */
export const differenceOf = (ours: Answer, theirs: Answer, likeness: Likeness): string | undefined => {
  if ('error' in ours || 'error' in theirs) {
    if ('error' in ours && 'error' in theirs) return undefined;
    return 'error' in ours ? `we fail with ${JSON.stringify(ours.error)}, they do not` : `they fail with ${JSON.stringify('error' in theirs ? theirs.error : '')}, we do not`;
  }
  for (const [key, value] of theirs.points) {
    const own = ours.points.get(key);
    if (own === undefined) return `${key}: they have ${value}, we have nothing`;
    if (!areLike(own, value, likeness)) return `${key}: they have ${value}, we have ${own}`;
  }
  for (const [key, value] of ours.points) if (!theirs.points.has(key)) return `${key}: they have nothing, we have ${value}`;
  return undefined;
};
