import { vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionImplementation, FunctionTable } from './function-context.ts';
import { FLOAT, floatPresence, newLike, newVector } from './step-vector.ts';

/** Applies `f` to every cell; the result is another quantity, so the name goes. */
const eachCell = (context: FunctionContext, f: (value: number, step: number) => number): ReturnType<FunctionImplementation> => {
  const input = context.vector(0);
  context.scope.reserve(input.values.length);
  const output = newLike(input, true);
  for (let cell = 0; cell < input.values.length; cell++) {
    if (input.present[cell] === 1) output.values[cell] = f(input.values[cell] as number, cell % input.steps);
  }
  output.present.set(floatPresence(input));
  return vectorValue(output);
};

const map = (f: (value: number) => number): FunctionImplementation => (context) => eachCell(context, f);

// Go's math.Max and math.Min are JavaScript's but for one thing: the infinity that decides wins over NaN.
const maxOf = (a: number, b: number): number => (a === Infinity || b === Infinity ? Infinity : Math.max(a, b));
const minOf = (a: number, b: number): number => (a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b));

const ofScalars = (f: (a: number, b: number) => number): FunctionImplementation => (context) => {
  const [a, b] = [context.scalar(0), context.scalar(1)];
  return { type: 'scalar', values: a.map((value, step) => f(value, b[step] as number)) };
};

const clamp = (context: FunctionContext, least: Float64Array | undefined, most: Float64Array | undefined): ReturnType<FunctionImplementation> =>
  eachCell(context, (value, step) => maxOf(least?.[step] ?? -Infinity, minOf(most?.[step] ?? Infinity, value)));

/** clamp(v, min, max): nothing at steps where min > max. */
const clampBoth: FunctionImplementation = (context) => {
  const least = context.scalar(1);
  const most = context.scalar(2);
  const result = clamp(context, least, most);
  if (result.type === 'vector') {
    const { present, steps } = result.vector;
    for (let cell = 0; cell < present.length; cell++) {
      if ((most[cell % steps] as number) < (least[cell % steps] as number)) present[cell] = 0;
    }
  }
  return result;
};

/** round(v, n): to the nearest multiple of n, ties up; the inverse first, as Prometheus does, so that 0.1 is exact enough. */
const round: FunctionImplementation = (context) => {
  const nearest = context.has(1) ? context.scalar(1) : new Float64Array(context.grid.steps).fill(1);
  return eachCell(context, (value, step) => {
    const inverse = 1 / (nearest[step] as number);
    return Math.floor(value * inverse + 0.5) / inverse;
  });
};

const timeFunction: FunctionImplementation = ({ grid }) => ({
  type: 'scalar',
  values: Float64Array.from({ length: grid.steps }, (_, step) => (grid.startMs + step * grid.stepMs) / 1000),
});

const toScalar: FunctionImplementation = (context) => {
  const input = context.vector(0);
  const values = new Float64Array(input.steps).fill(NaN);
  const counts = new Uint32Array(input.steps);
  for (let cell = 0; cell < input.values.length; cell++) {
    if (input.present[cell] !== FLOAT) continue;
    const step = cell % input.steps;
    counts[step] = (counts[step] as number) + 1;
    values[step] = counts[step] === 1 ? (input.values[cell] as number) : NaN;
  }
  return { type: 'scalar', values };
};

const toVector: FunctionImplementation = (context) => {
  const values = context.scalar(0);
  const output = newVector(context.grid.steps, [[]], [false]);
  output.values.set(values);
  output.present.fill(1);
  return vectorValue(output);
};

/** Functions of single values, and between scalars and vectors. */
export const MATH_FUNCTIONS: FunctionTable = {
  abs: map(Math.abs),
  ceil: map(Math.ceil),
  floor: map(Math.floor),
  exp: map(Math.exp),
  ln: map(Math.log),
  log2: map(Math.log2),
  log10: map(Math.log10),
  sqrt: map(Math.sqrt),
  sgn: map(Math.sign),
  sin: map(Math.sin),
  cos: map(Math.cos),
  tan: map(Math.tan),
  asin: map(Math.asin),
  acos: map(Math.acos),
  atan: map(Math.atan),
  sinh: map(Math.sinh),
  cosh: map(Math.cosh),
  tanh: map(Math.tanh),
  asinh: map(Math.asinh),
  acosh: map(Math.acosh),
  atanh: map(Math.atanh),
  deg: map((value) => (value * 180) / Math.PI),
  rad: map((value) => (value * Math.PI) / 180),
  round,
  clamp: clampBoth,
  clamp_min: (context) => clamp(context, context.scalar(1), undefined),
  clamp_max: (context) => clamp(context, undefined, context.scalar(1)),
  pi: ({ grid }) => ({ type: 'scalar', values: new Float64Array(grid.steps).fill(Math.PI) }),
  max_of: ofScalars(maxOf),
  min_of: ofScalars(minOf),
  time: timeFunction,
  scalar: toScalar,
  vector: toVector,
};
