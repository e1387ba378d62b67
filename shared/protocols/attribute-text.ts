/** An OTLP AnyValue. 64-bit integers stay exact. */
export type AttributeValue = string | boolean | number | bigint | readonly AttributeValue[] | ReadonlyMap<string, AttributeValue>;

/**
 * As a label value, in the words of the OpenTelemetry collector: scalars plainly, lists and maps as JSON with sorted keys.
 */
export const attributeText = (value: AttributeValue): string => (typeof value === 'object' ? json(value) : String(value));

const json = (value: AttributeValue): string => {
  if (typeof value === 'object') return Array.isArray(value) ? `[${value.map(json).join(',')}]` : jsonObject(value as ReadonlyMap<string, AttributeValue>);
  if (typeof value === 'bigint') return String(value);
  // JSON has no NaN and no infinity.
  return typeof value === 'number' && !Number.isFinite(value) ? JSON.stringify(String(value)) : JSON.stringify(value);
};

const jsonObject = (pairs: ReadonlyMap<string, AttributeValue>): string => {
  const keys = [...pairs.keys()].sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${json(pairs.get(key) as AttributeValue)}`).join(',')}}`;
};
