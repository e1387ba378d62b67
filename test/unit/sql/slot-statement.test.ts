import { describe, expect, it } from 'vitest';
import { parseSlotStatement } from '../../../shared/sql/slot-statement.ts';

describe('parseSlotStatement', () => {
  it.each([
    ['SELECT 1 AS value', 'SELECT 1 AS value', 0],
    ['select ts from samples where ts > :slot - 60000 and ts <= :slot', 'select ts from samples where ts > ? - 60000 and ts <= ?', 2],
    ["-- of :slot\nWITH a AS (SELECT ':slot' AS \":slot\") /* :slot; ? */ SELECT :slot AS value FROM a", "-- of :slot\nWITH a AS (SELECT ':slot' AS \":slot\") /* :slot; ? */ SELECT ? AS value FROM a", 1],
    ["SELECT 'it''s :slot', :slot", "SELECT 'it''s :slot', ?", 1],
    ['SELECT 1::bigint, :slot::double', 'SELECT 1::bigint, ?::double', 1],
    ['(SELECT :slot AS value)', '(SELECT ? AS value)', 1],
    ['SELECT :slot AS value ; -- done\n', 'SELECT ? AS value ', 1],
  ])('binds :slot where it is a word of its own: %s', (source, text, slots) => {
    expect(parseSlotStatement(source)).toEqual({ text, slots });
  });

  it.each([
    ['SELECT ? AS value', 'found ?'],
    ['SELECT :slots AS value', 'found :slots'],
    ['SELECT :slot; DROP TABLE x', 'more behind the semicolon'],
    ['INSERT INTO x SELECT 1', '"INSERT" at its beginning'],
    ['/* SELECT */ DELETE FROM x', '"DELETE" at its beginning'],
    ['', '"" at its beginning'],
    [`SELECT ${'x'.repeat(70_000)}`, '70007 characters'],
  ])('refuses %.40s', (source, found) => {
    expect(() => parseSlotStatement(source)).toThrow(found);
  });

  it.each(["'", '"', '/*', '--', '(', ':', '/**'])('reads 60,000 characters of %s in no time', (piece) => {
    const source = `SELECT ${piece.repeat(Math.floor(60_000 / piece.length))}`;
    const startedMs = performance.now();
    expect(parseSlotStatement(source).slots).toBe(0);
    expect(performance.now() - startedMs).toBeLessThan(2000);
  });
});
