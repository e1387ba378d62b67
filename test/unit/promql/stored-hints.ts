import { detectReset } from '../../../shared/histograms/counter-reset.ts';
import { type CounterResetHint, type Histogram, sameBounds } from '../../../shared/histograms/histogram.ts';

/**
 * The hint that a sample of Prometheus' storage has when it is read: there is no reset inside of a chunk, and of its first
 * sample nothing is known. A chunk starts with a reset or another layout (tsdb/chunkenc, appendable).
 * `previous` is the sample before it, undefined when that was a float, a stale marker or nothing.
 */
export const storedHint = (histogram: Histogram, previous: Histogram | undefined): CounterResetHint => {
  if (histogram.counterResetHint === 'gauge') return 'gauge';
  if (previous === undefined || previous.counterResetHint === 'gauge') return 'unknown';
  if (histogram.counterResetHint === 'reset') return 'unknown';
  if (histogram.schema !== previous.schema || histogram.zeroThreshold !== previous.zeroThreshold) return 'unknown';
  if (!sameBounds(histogram.customBounds, previous.customBounds)) return 'unknown';
  return detectReset({ ...histogram, counterResetHint: 'unknown' }, previous) ? 'unknown' : 'not_reset';
};
