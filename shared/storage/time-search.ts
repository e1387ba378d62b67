/** The first of the ascending times `from` to `to` (exclusive) that is not below `tMs`; `to` when all are. */
export const firstNotBefore = (times: Float64Array, from: number, to: number, tMs: number): number => {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) < tMs) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The first of the ascending times `from` to `to` (exclusive) that is above `tMs`; `to` when none is. */
export const firstAfter = (times: Float64Array, from: number, to: number, tMs: number): number => {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= tMs) low = middle + 1;
    else high = middle;
  }
  return low;
};
