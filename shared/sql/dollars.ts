/** $5 per TB scanned, in steps of 1 MB with 10 MB at least per query (aws.amazon.com/athena/pricing, us-east-1). */
const ATHENA_DOLLARS_PER_TB = 5;
const TB_BYTES = 1e12;
const ATHENA_STEP_BYTES = 1_000_000;
const ATHENA_LEAST_BYTES = 10_000_000;

/** $0.0004 per 1,000 GET requests (aws.amazon.com/s3/pricing, us-east-1, Standard). Bytes inside the region are free. */
const S3_GET_DOLLARS = 0.0004 / 1000;

/** $0.0000133334 per GB-second on arm64 (aws.amazon.com/lambda/pricing, us-east-1, first tier). */
const LAMBDA_GB_SECOND_DOLLARS = 0.0000133334;

/** What Lambda charges for the time of a function of so much memory, requests left out. */
export const lambdaDollars = (memoryMb: number, durationMs: number): number => (memoryMb / 1024) * (durationMs / 1000) * LAMBDA_GB_SECOND_DOLLARS;

/** What Athena charges for a query that scanned `bytes`. The S3 requests Athena makes are billed apart and not known to us. */
export const athenaDollars = (bytes: number): number =>
  (Math.max(Math.ceil(bytes / ATHENA_STEP_BYTES) * ATHENA_STEP_BYTES, ATHENA_LEAST_BYTES) * ATHENA_DOLLARS_PER_TB) / TB_BYTES;

/** What S3 charges for `requests` GET requests. */
export const getDollars = (requests: number): number => requests * S3_GET_DOLLARS;
