/**
 * Prometheus' stale marker is the signalling NaN 0x7ff0000000000002 (model/value/value.go). Its bits survive typed
 * arrays copied as a whole, but not a trip through a plain array or an addition, so it is told by its bits alone.
 */
export const STALE_LOW = 2;
export const STALE_HIGH = 0x7ff00000;

/** The two little-endian halves of every value, over the same memory. */
export const bitsOf = (values: Float64Array): Uint32Array => new Uint32Array(values.buffer, values.byteOffset, values.length * 2);

/** Whether value `i` is the stale marker; `bits` comes from {@link bitsOf}. */
export const isStaleAt = (bits: Uint32Array, i: number): boolean => bits[2 * i] === STALE_LOW && bits[2 * i + 1] === STALE_HIGH;

/** Writes the stale marker at `i`. */
export const putStaleAt = (bits: Uint32Array, i: number): void => {
  bits[2 * i] = STALE_LOW;
  bits[2 * i + 1] = STALE_HIGH;
};
