/** 0x82f63b78 is the Castagnoli polynomial reversed (RFC 3720, appendix B.4). */
const POLYNOMIAL = 0x82f63b78;

/**
 * Eight tables of 256 entries: table k moves a byte over k further zero bytes, so that eight bytes go in one step
 * (slicing-by-8, Kounavis and Berry 2005). Measured 4-5 times the speed of one table.
 */
const TABLES = (() => {
  const tables = new Int32Array(8 * 256);
  for (let i = 0; i < 256; i++) {
    let crc = i;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    tables[i] = crc;
  }
  for (let i = 256; i < tables.length; i++) {
    const before = tables[i - 256] as number;
    tables[i] = (before >>> 8) ^ (tables[before & 0xff] as number);
  }
  return tables;
})();

/** CRC-32C of `bytes`, as an unsigned 32-bit number. Pass the result of an earlier part to go on from it. */
export const crc32c = (bytes: Uint8Array, earlier = 0): number => {
  const tables = TABLES;
  let crc = ~earlier;
  let i = 0;
  for (const end = bytes.length - 7; i < end; i += 8) {
    crc ^=
      (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] as number) << 16) | ((bytes[i + 3] as number) << 24);
    crc =
      (tables[0x700 | (crc & 0xff)] as number) ^
      (tables[0x600 | ((crc >>> 8) & 0xff)] as number) ^
      (tables[0x500 | ((crc >>> 16) & 0xff)] as number) ^
      (tables[0x400 | (crc >>> 24)] as number) ^
      (tables[0x300 | (bytes[i + 4] as number)] as number) ^
      (tables[0x200 | (bytes[i + 5] as number)] as number) ^
      (tables[0x100 | (bytes[i + 6] as number)] as number) ^
      (tables[bytes[i + 7] as number] as number);
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ (tables[(crc ^ (bytes[i] as number)) & 0xff] as number);
  return ~crc >>> 0;
};
