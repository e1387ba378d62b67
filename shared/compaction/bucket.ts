import { crc32c } from '../model/crc32c.ts';

/** Where the series of these labels lie: all series of a host, and of whoever else has no further labels, stay together. */
export const bucketOf = (labelsJson: string, buckets: number): number => (buckets === 1 ? 0 : crc32c(Buffer.from(labelsJson)) % buckets);
