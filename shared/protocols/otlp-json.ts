import { attributeText, type AttributeValue } from './attribute-text.ts';
import { bodyJson } from './body-text.ts';
import { JsonCursor } from './json-cursor.ts';
import { ATTRIBUTE_DEPTH_MAX, type OtlpAttribute, type OtlpBuckets, type OtlpExponential, type OtlpKind, type OtlpMetric, type OtlpPoint, type OtlpResource } from './otlp-shape.ts';

/**
 * OTLP/JSON (opentelemetry.io, "JSON Protobuf Encoding"): lowerCamelCase keys, 64-bit integers as text or numbers, enums as
 * numbers, unknown keys passed over.
 * @throws MalformedBodyError naming the place, such as `resourceMetrics[0].scopeMetrics[0].metrics[2].name`.
 */
export const parseOtlpJson = (body: Uint8Array): OtlpResource[] => {
  const request = new JsonCursor('otlp', bodyJson('otlp', body));
  return request.list('resourceMetrics').map((resource) => ({
    attributes: resource.has('resource') ? attributes(resource.get('resource')) : [],
    metrics: resource.list('scopeMetrics').flatMap((scope) => scope.list('metrics').map(metric)),
  }));
};

const KINDS: readonly (readonly [key: string, kind: OtlpKind])[] = [
  ['gauge', 'gauge'],
  ['sum', 'sum'],
  ['histogram', 'histogram'],
  ['exponentialHistogram', 'exponential histogram'],
  ['summary', 'summary'],
];

const metric = (raw: JsonCursor): OtlpMetric => {
  const [key, kind] = KINDS.find(([name]) => raw.has(name)) ?? [];
  const holder = key === undefined ? undefined : raw.get(key);
  return {
    name: raw.text('name'),
    description: raw.text('description'),
    unit: raw.text('unit'),
    kind,
    monotonic: holder?.flag('isMonotonic') ?? false,
    temporality: holder === undefined ? 0 : temporality(holder),
    points: holder === undefined || kind === undefined ? [] : holder.list('dataPoints').map((one) => point(one, kind)),
  };
};

/** Senders that print enums by name are not right, but clear. */
const TEMPORALITIES: ReadonlyMap<unknown, number> = new Map([
  ['AGGREGATION_TEMPORALITY_DELTA', 1],
  ['AGGREGATION_TEMPORALITY_CUMULATIVE', 2],
]);

const temporality = (holder: JsonCursor): number =>
  TEMPORALITIES.get(holder.get('aggregationTemporality').raw) ?? holder.number('aggregationTemporality');

const point = (raw: JsonCursor, kind: OtlpKind): OtlpPoint => {
  const common = { attributes: attributes(raw), tMs: Number(raw.integer('timeUnixNano') / 1_000_000n), flags: raw.number('flags') };
  if (kind === 'gauge' || kind === 'sum') return { ...common, ...value(raw) };
  const counted = { ...common, count: Number(raw.integer('count')), ...(raw.has('sum') ? { sum: raw.number('sum') } : {}) };
  if (kind === 'exponential histogram') return { ...counted, exponential: exponential(raw) };
  if (kind === 'summary') {
    const quantiles = raw.list('quantileValues').map((one) => [one.number('quantile'), one.number('value')] as const);
    return { ...counted, quantiles };
  }
  return { ...counted, bounds: numbers(raw, 'explicitBounds'), bucketCounts: numbers(raw, 'bucketCounts') };
};

const exponential = (raw: JsonCursor): OtlpExponential => ({
  scale: raw.number('scale'),
  zeroCount: Number(raw.integer('zeroCount')),
  zeroThreshold: raw.number('zeroThreshold'),
  positive: buckets(raw, 'positive'),
  negative: buckets(raw, 'negative'),
});

const buckets = (raw: JsonCursor, key: string): OtlpBuckets => {
  if (!raw.has(key)) return { offset: 0, counts: [] };
  const side = raw.get(key);
  return { offset: Number(side.integer('offset')), counts: numbers(side, 'bucketCounts') };
};

const value = (raw: JsonCursor): { readonly value?: number } => {
  if (raw.has('asDouble')) return { value: raw.number('asDouble') };
  return raw.has('asInt') ? { value: Number(raw.integer('asInt')) } : {};
};

const numbers = (raw: JsonCursor, key: string): number[] => raw.list(key).map((one) => one.asNumber());

const attributes = (holder: JsonCursor): OtlpAttribute[] =>
  holder.list('attributes').map((one) => [one.text('key'), attributeText(one.has('value') ? anyValue(one.get('value'), 0) : '')]);

const anyValue = (raw: JsonCursor, depth: number): AttributeValue => {
  if (depth > ATTRIBUTE_DEPTH_MAX) throw raw.error(`an attribute nested deeper than ${ATTRIBUTE_DEPTH_MAX}`);
  if (raw.has('stringValue')) return raw.text('stringValue');
  if (raw.has('boolValue')) return raw.flag('boolValue');
  if (raw.has('intValue')) return raw.integer('intValue');
  if (raw.has('doubleValue')) return raw.number('doubleValue');
  if (raw.has('bytesValue')) return raw.text('bytesValue');
  if (raw.has('arrayValue')) return raw.get('arrayValue').list('values').map((one) => anyValue(one, depth + 1));
  if (!raw.has('kvlistValue')) return '';
  const pairs = raw.get('kvlistValue').list('values');
  return new Map(pairs.map((one) => [one.text('key'), one.has('value') ? anyValue(one.get('value'), depth + 1) : '']));
};
