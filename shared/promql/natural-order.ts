import { compareUtf8 } from '../model/utf8.ts';

const chunksOf = (text: string): string[] => text.match(/\d+|\D+/g) ?? [];

// Longer runs of digits overflow Go's int and are compared as text there.
const isNumber = (chunk: string): boolean => /^\d{1,18}$/.test(chunk);

const compareChunks = (a: string, b: string): number => {
  if (!isNumber(a) || !isNumber(b)) return compareUtf8(a, b);
  const [x, y] = [BigInt(a), BigInt(b)];
  return x < y ? -1 : x > y ? 1 : 0;
};

/** The order in which people count: `a2` before `a10`. Digits as numbers, all else by bytes. */
export const compareNaturally = (a: string, b: string): number => {
  const [chunksA, chunksB] = [chunksOf(a), chunksOf(b)];
  for (let i = 0; i < Math.min(chunksA.length, chunksB.length); i++) {
    const order = compareChunks(chunksA[i] as string, chunksB[i] as string);
    if (order !== 0) return order;
  }
  return chunksA.length - chunksB.length;
};
