/** $5 per TB scanned, in steps of 1 MB with 10 MB at least per query (aws.amazon.com/athena/pricing, us-east-1). */
const ATHENA_DOLLARS_PER_TB = 5;
const TB_BYTES = 1e12;
const ATHENA_STEP_BYTES = 1_000_000;
const ATHENA_LEAST_BYTES = 10_000_000;

/** $0.0004 per 1,000 GET requests (aws.amazon.com/s3/pricing, us-east-1, Standard). Bytes inside the region are free. */
const S3_GET_DOLLARS = 0.0004 / 1000;

/** What Athena charges for a query that scanned `bytes`. The S3 requests Athena makes are billed apart and not known to us. */
export const athenaDollars = (bytes: number): number =>
  (Math.max(Math.ceil(bytes / ATHENA_STEP_BYTES) * ATHENA_STEP_BYTES, ATHENA_LEAST_BYTES) * ATHENA_DOLLARS_PER_TB) / TB_BYTES;

/** What S3 charges for `requests` GET requests. */
export const getDollars = (requests: number): number => requests * S3_GET_DOLLARS;
