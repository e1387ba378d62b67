/**
 * Order of two strings by their UTF-8 bytes, which is the order of Prometheus, Parquet and Trino.
 * JavaScript compares UTF-16 units, which puts U+E000..U+FFFF after the astral planes.
 */
export const compareUtf8 = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return unitRank(x) - unitRank(y);
  }
  return a.length - b.length;
};

/** Surrogates (0xD800-0xDFFF) stand for code points above U+FFFF, so they rank above every other unit. */
const unitRank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
