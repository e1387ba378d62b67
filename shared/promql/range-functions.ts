import { type Labels, labelValue, METRIC_NAME } from '../model/labels.ts';
import type { Expr } from './ast.ts';
import { type EvalValue, vectorValue } from './eval-value.ts';
import type { FunctionContext, FunctionTable } from './function-context.ts';
import { extendedRule } from './extended-histograms.ts';
import { EXTENDED_KERNELS } from './extended-kernels.ts';
import { HistogramAnnotations } from './histogram-annotations.ts';
import { HistogramMeter } from './histogram-meter.ts';
import { mixedRule } from './mixed-range-rules.ts';
import { MixedSeries, type MixedWindow, slideMixed } from './mixed-windows.ts';
import { OVER_TIME_KERNELS, quantileKernel } from './over-time-kernels.ts';
import { warnBadQuantiles } from './quantile-warning.ts';
import { RATE_KERNELS } from './rate-kernels.ts';
import { derivKernel, predictKernel, smoothingKernel } from './regression-kernels.ts';
import { STARTED_KERNELS, warnOverlap } from './start-times.ts';
import { FLOAT, newVector, putSample, type StepVector, timeAt, withoutEmptyRows } from './step-vector.ts';
import { quote } from './string-text.ts';
import { eachWindow, type RowFunction, slide, WindowBounds, type Windows } from './windows.ts';

type Kernel = (windows: Windows, series: number) => RowFunction;

export const KEEPS_NAME: ReadonlySet<string> = new Set(['last_over_time', 'first_over_time']);
const COUNTER_SUFFIXES = ['_total', '_sum', '_count', '_bucket'];

const hasHistograms = ({ histograms, offsets }: Windows, series: number): boolean => {
  if (histograms === undefined) return false;
  for (let i = offsets[series] as number; i < (offsets[series + 1] as number); i++) if (histograms.has(i)) return true;
  return false;
};

/** One series that holds histograms, maybe floats as well. */
const overMixedSeries = (context: FunctionContext, windows: Windows, series: number, kernel: Kernel, output: StepVector, meter: HistogramMeter): void => {
  const { scope, grid, call } = context;
  const mixed = new MixedSeries(windows, series);
  const rule = windows.extended === undefined ? mixedRule(call.name) : extendedRule(call.name);
  const annotations = new HistogramAnnotations(scope, context.expr(0).range);
  const evaluate = (window: MixedWindow, step: number): void => {
    const result = rule(window, annotations);
    if (typeof result === 'object') meter.made(result);
    if (result !== undefined) putSample(output, series * grid.steps + step, result);
  };
  slideMixed(mixed, kernel(mixed.floats, 0), evaluate, (samples) => scope.work(samples));
};

/** What takes the place of a function's usual kernel over extended ranges, and where samples know when their counter began. */
const kernelOf = ({ call, scope, call: { args } }: FunctionContext, windows: Windows): Kernel | undefined => {
  if (windows.extended !== undefined) return EXTENDED_KERNELS[call.name];
  const started = windows.startMs === undefined ? undefined : STARTED_KERNELS[call.name];
  if (started === undefined) return undefined;
  return (one, series) => started(one, () => warnOverlap(scope, one.labels[series] as Labels, (args[0] as Expr).range));
};

const overSeries = (context: FunctionContext, windows: Windows, kernel: Kernel): StepVector => {
  const { scope, grid, call } = context;
  const count = windows.labels.length;
  scope.reserve(count * grid.steps);
  const chosen = kernelOf(context, windows) ?? kernel;
  const keepsName = KEEPS_NAME.has(call.name);
  const output = newVector(grid.steps, [...windows.labels], windows.dropName.map((drop) => drop || !keepsName));
  const work = (samples: number): void => scope.work(samples);
  const meter = new HistogramMeter(scope);
  const bounds = new WindowBounds(windows);
  for (let series = 0; series < count; series++) {
    if (hasHistograms(windows, series)) {
      overMixedSeries(context, windows, series, chosen, output, meter);
      continue;
    }
    scope.work(grid.steps + (windows.offsets[series + 1] as number) - (windows.offsets[series] as number));
    slide(windows, series, bounds, chosen(windows, series), { values: output.values, present: output.present, at: series * grid.steps, work });
  }
  return withoutEmptyRows(output);
};

/** rate() of a gauge is the most common mistake in PromQL; Prometheus tells it by the name. */
export const informNonCounters = (context: FunctionContext, output: StepVector): void => {
  let told = '';
  for (const [row, labels] of output.labels.entries()) {
    const name = labelValue(labels, METRIC_NAME);
    if (name === told || COUNTER_SUFFIXES.some((suffix) => name.endsWith(suffix)) || labelValue(labels, '__type__') === 'counter') continue;
    if (output.histograms !== undefined && !output.present.subarray(row * output.steps, (row + 1) * output.steps).includes(FLOAT)) continue;
    told = name;
    context.scope.info(
      `metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quote(name)}`,
      context.expr(0).range,
    );
  }
};

const counterRate = (context: FunctionContext): EvalValue => {
  const output = overSeries(context, context.windows(0), RATE_KERNELS[context.call.name] as (typeof RATE_KERNELS)[string]);
  informNonCounters(context, output);
  return vectorValue(output);
};

const quantileOverTime = (context: FunctionContext): EvalValue => {
  const q = context.scalar(0);
  const used = new Set<number>();
  const kernel: Kernel = (windows) => {
    const evaluate = quantileKernel(windows, q);
    return eachWindow((from, to, step, endMs) => {
      used.add(q[step] as number);
      return evaluate(from, to, step, endMs);
    });
  };
  const output = overSeries(context, context.windows(1), kernel);
  warnBadQuantiles(used, context.expr(0).range, context.scope);
  return vectorValue(output);
};

const predictLinear = (context: FunctionContext): EvalValue => {
  const seconds = context.scalar(1);
  const evaluatedAtMs = (step: number): number => timeAt(context.grid, step);
  return vectorValue(overSeries(context, context.windows(0), (windows) => eachWindow(predictKernel(windows, seconds, evaluatedAtMs))));
};

const plain = Object.entries({ ...RATE_KERNELS, ...OVER_TIME_KERNELS }).map(
  ([name, kernel]) => [name, (context: FunctionContext) => vectorValue(overSeries(context, context.windows(0), kernel))] as const,
);

/** Functions from a range vector to one value per series and step. */
export const RANGE_FUNCTIONS: FunctionTable = {
  ...Object.fromEntries(plain),
  rate: counterRate,
  increase: counterRate,
  deriv: (context) => vectorValue(overSeries(context, context.windows(0), (windows) => eachWindow(derivKernel(windows)))),
  predict_linear: predictLinear,
  quantile_over_time: quantileOverTime,
  double_exponential_smoothing: (context) =>
    vectorValue(overSeries(context, context.windows(0), (windows) => eachWindow(smoothingKernel(windows, context.scalar(1), context.scalar(2))))),
};
