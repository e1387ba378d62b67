import { describe, expect, it } from 'vitest';
import { MAX_SQL_ROWS, samplesOfAnswer } from '../../../shared/rules/sql-samples.ts';
import type { SqlAnswer, SqlCell } from '../../../shared/sql/run-sql.ts';

const answer = (columns: Readonly<Record<string, string>>, ...rows: (readonly SqlCell[])[]): SqlAnswer => ({ columns: Object.entries(columns).map(([name, type]) => ({ name, type })), rows, bytesScanned: 0 });

describe('samplesOfAnswer', () => {
  it('makes a sample of each row: texts, numbers and booleans are labels, NULL and empty texts none', () => {
    const given = answer({ Host: 'VARCHAR', cpu: 'INTEGER', VALUE: 'DOUBLE', ok: 'BOOLEAN' }, ['a', 1, 0.5, true], ['b', null, 2, null], ['', null, 3, null]);
    expect(samplesOfAnswer(given)).toEqual([
      { labels: [['cpu', '1'], ['host', 'a'], ['ok', 'true']], value: 0.5 },
      { labels: [['host', 'b']], value: 2 },
      { labels: [], value: 3 },
    ]);
  });

  it.each([
    ['BIGINT', '9007199254740993', 9007199254740992],
    ['decimal(10,2)', '-12.50', -12.5],
    ['HUGEINT', '7', 7],
    ['double', 'NaN', NaN],
    ['DOUBLE', '-Infinity', -Infinity],
    ['float', '1e-3', 0.001],
  ])('reads the %s %s', (type, text, value) => {
    expect(samplesOfAnswer(answer({ value: type }, [text]))[0]?.value).toBe(value);
  });

  it.each([
    [answer({ host: 'VARCHAR' }, ['a']), 'no column "value" among "host"'],
    [answer({ value: 'VARCHAR' }, ['1']), 'the type VARCHAR of the column "value"'],
    [answer({ value: 'DOUBLE', Value: 'DOUBLE' }, [1, 2]), 'the column "value" twice'],
    [answer({ value: 'DOUBLE' }, [null]), 'NULL as the value of row 1'],
    [answer({ value: 'DOUBLE' }, ['much']), '"much" as the value of row 1'],
    [answer({ value: 'DOUBLE', host: 'VARCHAR' }, [1, 'a'], [2, 'b'], [3, 'a']), 'the rows 1 and 3 with the same labels {"host":"a"}'],
    [answer({ value: 'DOUBLE', __name__: 'VARCHAR' }, [1, 'a']), 'a column of the name "__name__"'],
    [answer({ value: 'DOUBLE', at: 'TIMESTAMP' }, [1, '2026-01-01']), 'the type TIMESTAMP of the column "at"'],
    [answer({ value: 'DOUBLE', hosts: 'VARCHAR[]' }, [1, '[]']), 'the type VARCHAR[] of the column "hosts"'],
    [answer({ value: 'DOUBLE', text: 'VARCHAR' }, [1, 'x'.repeat(3000)]), '3000 characters in the column "text"'],
    [answer({ value: 'DOUBLE', ...Object.fromEntries(Array.from({ length: 41 }, (_, i) => [`c${i}`, 'VARCHAR'])) }, []), '41 columns beside the value'],
    [answer({ value: 'DOUBLE' }, ...Array.from({ length: MAX_SQL_ROWS + 1 }, () => [1])), `${MAX_SQL_ROWS + 1} rows`],
  ])('refuses what cannot be samples (%#)', (given, found) => {
    expect(() => samplesOfAnswer(given)).toThrow(found);
  });
});
