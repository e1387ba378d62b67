/** What a scalar parameter is over all steps. */
export interface ParamExtremes {
  /** NaN, as `most`, when it is NaN at some step. */
  readonly least: number;
  readonly most: number;
  readonly hasNaN: boolean;
}

export const extremesOf = (param: Float64Array): ParamExtremes => {
  let [least, most] = [Infinity, -Infinity];
  for (const value of param) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return { least, most, hasNaN: Number.isNaN(most) };
};
