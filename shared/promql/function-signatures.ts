import type { ValueType } from './ast.ts';

export interface FunctionSignature {
  readonly args: readonly ValueType[];
  /** How many more arguments of the last type may follow: 0 = none; n = the last n of `args` and beyond are optional; -1 = any number. */
  readonly variadic: number;
  readonly returns: ValueType;
}

const signature = (returns: ValueType, args: readonly ValueType[], variadic = 0): FunctionSignature => ({ args, variadic, returns });

const VECTOR_TO_VECTOR = ['abs', 'ceil', 'floor', 'exp', 'ln', 'log2', 'log10', 'sqrt', 'sgn', 'absent', 'timestamp', 'sort', 'sort_desc',
  'sin', 'cos', 'tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh', 'atanh', 'deg', 'rad', 'histogram_count', 'histogram_sum', 'histogram_avg', 'histogram_stddev', 'histogram_stdvar',
  'start_timestamp'];
const MATRIX_TO_VECTOR = ['rate', 'increase', 'delta', 'irate', 'idelta', 'resets', 'changes', 'deriv', 'sum_over_time', 'avg_over_time',
  'min_over_time', 'max_over_time', 'count_over_time', 'last_over_time', 'first_over_time', 'present_over_time', 'stddev_over_time',
  'stdvar_over_time', 'absent_over_time', 'mad_over_time', 'ts_of_first_over_time', 'ts_of_last_over_time', 'ts_of_min_over_time',
  'ts_of_max_over_time'];
const QUERY_TIMES = ['start', 'end', 'step', 'range'];
const DATE = ['minute', 'hour', 'day_of_week', 'day_of_month', 'day_of_year', 'days_in_month', 'month', 'year'];

/** Every function the engine has, with Prometheus' own signature. Any other name is a parse error. */
export const FUNCTION_SIGNATURES: ReadonlyMap<string, FunctionSignature> = new Map<string, FunctionSignature>([
  ...VECTOR_TO_VECTOR.map((name) => [name, signature('vector', ['vector'])] as const),
  ...MATRIX_TO_VECTOR.map((name) => [name, signature('vector', ['matrix'])] as const),
  ...DATE.map((name) => [name, signature('vector', ['vector'], 1)] as const),
  ...QUERY_TIMES.map((name) => [name, signature('scalar', [])] as const),
  ['clamp', signature('vector', ['vector', 'scalar', 'scalar'])],
  ['clamp_min', signature('vector', ['vector', 'scalar'])],
  ['clamp_max', signature('vector', ['vector', 'scalar'])],
  ['round', signature('vector', ['vector', 'scalar'], 1)],
  ['pi', signature('scalar', [])],
  ['time', signature('scalar', [])],
  ['scalar', signature('scalar', ['vector'])],
  ['vector', signature('vector', ['scalar'])],
  ['quantile_over_time', signature('vector', ['scalar', 'matrix'])],
  ['predict_linear', signature('vector', ['matrix', 'scalar'])],
  ['histogram_quantile', signature('vector', ['scalar', 'vector'])],
  ['histogram_quantiles', signature('vector', ['vector', 'string', 'scalar', 'scalar'], 10)],
  ['histogram_fraction', signature('vector', ['scalar', 'scalar', 'vector'])],
  ['double_exponential_smoothing', signature('vector', ['matrix', 'scalar', 'scalar'])],
  ['info', signature('vector', ['vector', 'vector'], 1)],
  ['max_of', signature('scalar', ['scalar', 'scalar'])],
  ['min_of', signature('scalar', ['scalar', 'scalar'])],
  ['sort_by_label', signature('vector', ['vector', 'string'], -1)],
  ['sort_by_label_desc', signature('vector', ['vector', 'string'], -1)],
  ['label_replace', signature('vector', ['vector', 'string', 'string', 'string', 'string'])],
  ['label_join', signature('vector', ['vector', 'string', 'string', 'string'], -1)],
]);
