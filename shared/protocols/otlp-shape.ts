/** An attribute with its value as text. Not sorted, keys may repeat. */
export type OtlpAttribute = readonly [key: string, value: string];

export type OtlpKind = 'gauge' | 'sum' | 'histogram' | 'exponential histogram' | 'summary';

/** Buckets of one side in a row: `counts[i]` is that of the bucket `offset + i`, which ends above at base^(offset + i + 1). */
export interface OtlpBuckets {
  readonly offset: number;
  readonly counts: readonly number[];
}

/** What an exponential histogram has beside count and sum: base = 2^(2^-scale). */
export interface OtlpExponential {
  readonly scale: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly positive: OtlpBuckets;
  readonly negative: OtlpBuckets;
}

/** One data point of any kind: what its kind does not have is left out. */
export interface OtlpPoint {
  readonly attributes: readonly OtlpAttribute[];
  readonly tMs: number;
  /** Bit 0: no recorded value. */
  readonly flags: number;
  /** Of a gauge or sum. */
  readonly value?: number;
  readonly count?: number;
  readonly sum?: number;
  readonly bounds?: readonly number[];
  /** Not cumulative; one more than `bounds`. */
  readonly bucketCounts?: readonly number[];
  readonly exponential?: OtlpExponential;
  readonly quantiles?: readonly (readonly [quantile: number, value: number])[];
}

export interface OtlpMetric {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
  /** Undefined for a metric without points or of a kind that is not known. */
  readonly kind: OtlpKind | undefined;
  readonly monotonic: boolean;
  /** `AggregationTemporality`: 0 unspecified, 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly points: readonly OtlpPoint[];
}

/** What both encodings of `ExportMetricsServiceRequest` (opentelemetry-proto 1.x, metrics.proto) become; scopes are left out. */
export interface OtlpResource {
  readonly attributes: readonly OtlpAttribute[];
  readonly metrics: readonly OtlpMetric[];
}

/** Attribute values nest. No sender needs more levels than these, and a stack has an end. */
export const ATTRIBUTE_DEPTH_MAX = 16;
