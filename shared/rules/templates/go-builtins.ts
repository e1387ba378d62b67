import { equal, less } from './go-compare.ts';
import { escapeHtml, escapeJs, escapeQuery } from './go-escape.ts';
import { sprintf } from './go-printf.ts';
import { TemplateError, checkedText, goTypeOf, isTrue, printed } from './go-value.ts';
import type { GoValue } from './go-value.ts';
import type { TemplateFunction } from './template-executor.ts';

const of = (count: number, call: TemplateFunction['call']): TemplateFunction => ({ params: Array.from({ length: count }, () => 'any' as const), call });

const from = (count: number, call: TemplateFunction['call']): TemplateFunction => ({ ...of(count, call), rest: 'any' });

/** Go's Sprint: operands beside one another are parted by a space when neither is a string. */
const sprint = (args: readonly GoValue[]): string => {
  let text = '';
  args.forEach((arg, i) => {
    const parts = i > 0 && typeof arg !== 'string' && typeof args[i - 1] !== 'string';
    text = checkedText(`${text}${parts ? ' ' : ''}${printed(arg)}`);
  });
  return text;
};

const sprintln = (args: readonly GoValue[]): string => `${args.map(printed).join(' ')}\n`;

const indexIn = ([value, ...keys]: readonly GoValue[]): GoValue => keys.reduce<GoValue>(indexOne, value as GoValue);

const indexOne = (value: GoValue, key: GoValue): GoValue => {
  if (value === null) throw new TemplateError('index of untyped nil');
  if (typeof value === 'object' && value.kind === 'map') {
    if (typeof key === 'string') return value.entries.get(key) ?? value.zero;
    throw new TemplateError(key === null ? 'value is nil; should be of type string' : `value has type ${goTypeOf(key)}; should be string`);
  }
  if (typeof value === 'object' && value.kind === 'list') return value.elements[position(key, value.elements.length)] ?? null;
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    return BigInt(bytes[position(key, bytes.length)] as number);
  }
  throw new TemplateError(`can't index item of type ${goTypeOf(value)}`);
};

const position = (key: GoValue, length: number): number => {
  if (typeof key !== 'bigint') throw new TemplateError(`cannot index slice/array with ${key === null ? 'nil' : `type ${goTypeOf(key)}`}`);
  if (key < 0n || key >= BigInt(length)) throw new TemplateError(`index out of range: ${key}`);
  return Number(key);
};

const slice = ([value, ...bounds]: readonly GoValue[]): GoValue => {
  if (value === null || value === undefined) throw new TemplateError('slice of untyped nil');
  if (bounds.length > 3) throw new TemplateError(`too many slice indexes: ${bounds.length}`);
  if (typeof value === 'string') {
    if (bounds.length === 3) throw new TemplateError('cannot 3-index slice a string');
    const bytes = Buffer.from(value);
    return bytes.subarray(...span(bounds, bytes.length)).toString();
  }
  if (typeof value !== 'object' || value.kind !== 'list') throw new TemplateError(`can't slice item of type ${goTypeOf(value)}`);
  return { ...value, elements: value.elements.slice(...span(bounds, value.elements.length)) };
};

const span = (bounds: readonly GoValue[], size: number): [start: number, end: number] => {
  const [start, end] = [position(bounds[0] ?? 0n, size + 1), position(bounds[1] ?? BigInt(size), size + 1)];
  if (start > end) throw new TemplateError(`invalid slice index: ${start} > ${end}`);
  return [start, end];
};

const length = ([value]: readonly GoValue[]): GoValue => {
  if (typeof value === 'string') return BigInt(Buffer.byteLength(value));
  if (value === null || value === undefined) throw new TemplateError('len of nil pointer');
  if (typeof value === 'object' && value.kind !== 'struct') return BigInt(value.kind === 'map' ? value.entries.size : value.elements.length);
  throw new TemplateError(`len of type ${goTypeOf(value)}`);
};

const eq = ([first, ...others]: readonly GoValue[]): boolean => {
  if (others.length === 0) throw new TemplateError('missing argument for comparison');
  return others.some((other) => equal(first as GoValue, other));
};

const pair =
  (compare: (a: GoValue, b: GoValue) => boolean): TemplateFunction['call'] =>
  ([a, b]) =>
    compare(a as GoValue, b as GoValue);

/** What every template of Go has (text/template, funcs.go). `and` and `or` are run by the executor, which stops early. */
export const GO_BUILTINS: ReadonlyMap<string, TemplateFunction> = new Map<string, TemplateFunction>([
  ['and', from(1, (args) => args.at(-1) as GoValue)],
  ['or', from(1, (args) => args.at(-1) as GoValue)],
  ['not', of(1, ([value]) => !isTrue(value as GoValue))],
  ['len', of(1, length)],
  ['index', from(1, indexIn)],
  ['slice', from(1, slice)],
  ['print', from(0, sprint)],
  ['println', from(0, sprintln)],
  ['printf', { params: ['string'], rest: 'any', call: ([format, ...values]) => sprintf(format as string, values) }],
  ['html', from(0, (args) => escapeHtml(sprint(args)))],
  ['js', from(0, (args) => escapeJs(sprint(args)))],
  ['urlquery', from(0, (args) => escapeQuery(sprint(args)))],
  ['eq', from(1, eq)],
  ['ne', of(2, pair((a, b) => !equal(a, b)))],
  ['lt', of(2, pair(less))],
  ['le', of(2, pair((a, b) => less(a, b) || equal(a, b)))],
  ['gt', of(2, pair((a, b) => !(less(a, b) || equal(a, b))))],
  ['ge', of(2, pair((a, b) => !less(a, b)))],
  [
    'call',
    from(1, ([value]) => {
      throw new TemplateError(value === null ? 'call of nil' : `non-function of type ${goTypeOf(value as GoValue)}`);
    }),
  ],
]);
