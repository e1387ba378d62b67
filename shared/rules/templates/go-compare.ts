import { TemplateError } from './go-value.ts';
import type { GoValue } from './go-value.ts';

type Basic = 'string' | 'number' | 'bigint' | 'boolean';

const basicOf = (value: GoValue): Basic => {
  const type = typeof value;
  if (type === 'object') throw new TemplateError('invalid type for comparison');
  return type as Basic;
};

/** Go's `eq`: of one kind only. nil equals nil alone. */
export const equal = (a: GoValue, b: GoValue): boolean => {
  if (a === null || b === null) return a === b;
  if (basicOf(a) !== basicOf(b)) throw new TemplateError('incompatible types for comparison');
  return a === b;
};

export const less = (a: GoValue, b: GoValue): boolean => {
  const kind = basicOf(a);
  if (kind !== basicOf(b)) throw new TemplateError('incompatible types for comparison');
  if (kind === 'boolean') throw new TemplateError('invalid type for comparison');
  return kind === 'string' ? Buffer.compare(Buffer.from(a as string), Buffer.from(b as string)) < 0 : (a as number | bigint) < (b as number | bigint);
};
