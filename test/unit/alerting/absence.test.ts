import { describe, expect, it } from 'vitest';
import { firesOnAbsence } from '../../../shared/alerting/absence.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';

describe('firesOnAbsence', () => {
  it.each([
    ['absent(up)', true],
    ['sum(rate(x[5m])) > 1 or (absent_over_time(up[5m]) * 2)', true],
    ['absent_something > 1', false],
    ['up == 0', false],
    ['up == 0 unless on (host) maintenance', true],
    ['time() - timestamp(up) > 300', true],
    ['(rate(x[5m]) or vector(0)) == 0', true],
    ['up == 0 or (load > 1 and load < 5)', false],
    ['count(up) < 3', true],
    ['3 > count by (job) (up == 1)', true],
    ['count(up == 0) > 2', false],
    ['sum(rate(x[5m])) * 60 <= 1', true],
    ['increase(x[5m]) == 0', true],
    ['count_over_time(up[5m]) != 5', true],
    ['rate(errors[5m]) > 5', false],
    ['rate(errors[5m]) / rate(requests[5m]) > 0.1', false],
    ['avg(up) < 0.5', false],
    ['temperature < 0', false],
  ])('%s: %s', (query, fires) => {
    expect(firesOnAbsence(parseQuery(query))).toBe(fires);
  });
});
