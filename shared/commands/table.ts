/** Rows in columns as wide as their widest cell; numbers stand to the right. */
export const toTable = (header: readonly string[], rows: readonly (readonly string[])[]): string => {
  const titles = header.map(printable);
  const cells = rows.map((row) => titles.map((_, i) => printable(row[i] ?? '')));
  // By hand: a spread of 100,000 rows would be as many arguments.
  const widths = titles.map((title, i) => cells.reduce((most, row) => Math.max(most, widthOf(row[i] as string)), widthOf(title)));
  const rightAligned = titles.map((_, i) => cells.length > 0 && cells.every((row) => NUMBER.test(row[i] as string)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => {
        const space = ' '.repeat((widths[i] as number) - widthOf(cell));
        return rightAligned[i] === true ? space + cell : cell + space;
      })
      .join('  ')
      .trimEnd();
  return [line(titles), line(widths.map((width) => '-'.repeat(width))), ...cells.map(line)].join('\n');
};

const NUMBER = /^(?:[+-]?(?:\d+\.?\d*(?:e[+-]?\d+)?|Inf(?:inity)?)|NaN|NULL|)$/i;

/** Control characters as JSON escapes: a label's value must neither break the line nor command the terminal. */
const printable = (text: string): string =>
  text.replace(/[\p{Cc}\u2028\u2029]/gu, (control) => {
    const escaped = JSON.stringify(control).slice(1, -1);
    return escaped === control ? `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}` : escaped;
  });

const PLAIN = /^[ -~]*$/;
/** What terminals show two cells wide (Unicode annex 11, wide and fullwidth, by their scripts), and what they show on top of another. */
const WIDE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303e\uff01-\uff60\uffe0-\uffe6]/gu;
const ZERO = /[\p{Mn}\p{Me}\p{Cf}]/gu;

const widthOf = (text: string): number => {
  if (PLAIN.test(text)) return text.length;
  return [...text].length + (text.match(WIDE)?.length ?? 0) - (text.match(ZERO)?.length ?? 0);
};
