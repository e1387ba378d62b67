import type { StepVector } from './step-vector.ts';
import type { Windows } from './windows.ts';

/** What an expression evaluates to over the steps of a grid. */
export type EvalValue =
  | { readonly type: 'scalar'; readonly values: Float64Array }
  | { readonly type: 'string'; readonly value: string }
  | { readonly type: 'vector'; readonly vector: StepVector }
  | { readonly type: 'matrix'; readonly windows: Windows };

export const vectorValue = (vector: StepVector): EvalValue => ({ type: 'vector', vector });

const wrongType = (wanted: string, value: EvalValue): Error => new TypeError(`evaluate: found a ${value.type}, the type checker promised a ${wanted}`);

export const asVector = (value: EvalValue): StepVector => {
  if (value.type !== 'vector') throw wrongType('vector', value);
  return value.vector;
};

export const asScalar = (value: EvalValue): Float64Array => {
  if (value.type !== 'scalar') throw wrongType('scalar', value);
  return value.values;
};

export const asString = (value: EvalValue): string => {
  if (value.type !== 'string') throw wrongType('string', value);
  return value.value;
};

export const asWindows = (value: EvalValue): Windows => {
  if (value.type !== 'matrix') throw wrongType('matrix', value);
  return value.windows;
};
