import { describe, expect, it } from 'vitest';
import { mergeBuckets } from '../../../shared/tiers/merge-buckets.ts';
import { rollUp } from '../../../shared/tiers/rollup.ts';
import { goldenBuckets, samplesOf, TIER_CASES } from './tier-case.ts';

describe.each(TIER_CASES)('%s', (_, tierCase) => {
  const buckets = rollUp(samplesOf(tierCase), tierCase.bucketMs);

  it('has these buckets', () => {
    expect(goldenBuckets(buckets)).toEqual(tierCase.buckets);
  });

  it('has these averages', () => {
    expect(Array.from(buckets.sum, (sum, row) => (sum / (buckets.count[row] as number)).toFixed(1))).toEqual(tierCase.averages);
  });

  it('merges to these buckets', () => {
    expect(goldenBuckets(mergeBuckets(buckets, tierCase.mergedMs))).toEqual(tierCase.merged);
  });
});
