/** A decimal number as people and agents write it; `Number` alone would take `0x10`, `1_0` and the empty text. */
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
]);

/** A finite decimal, or undefined. Above 1.8e308 it is infinite, as every float parser has it. */
export const parseDecimal = (text: string): number | undefined => (DECIMAL.test(text) ? Number(text) : undefined);

/** A sample's value in text: a decimal, `NaN`, `+Inf`, `-Inf` or `Inf` in any case. */
export const parseValue = (text: string): number | undefined => SPECIAL.get(text.toLowerCase()) ?? parseDecimal(text);
