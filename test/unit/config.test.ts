import { describe, expect, it } from 'vitest';
import { COMPACT_ENV, DEFAULT_RETENTION, environmentOf, EVALUATE_ENV, INGEST_ENV, loadConfig, NOTIFY_ENV, parseRetention, QUERY_ENV, STORE_ENV } from '../../shared/config.ts';
import { PermanentError } from '../../shared/errors.ts';

const tables = { INGEST_ENV, STORE_ENV, COMPACT_ENV, QUERY_ENV, EVALUATE_ENV, NOTIFY_ENV };

describe('function configuration', () => {
  it('reads back what a construct wrote, words and lists', () => {
    const config = { bucketName: 'b', catalogTable: 'c', promotedLabels: ['host', 'region'], retention: parseRetention('raw=14d'), retentionClasses: '[]' };
    expect(loadConfig(STORE_ENV, environmentOf(STORE_ENV, config))).toEqual(config);
  });

  it('reads back a count, and takes nothing else for one', () => {
    const env = environmentOf(COMPACT_ENV, { bucketName: 'b', catalogTable: 'c', alertsTable: 'a', promotedLabels: [], database: 'd', buckets: 12, retention: DEFAULT_RETENTION, retentionClasses: '[]' });
    expect(loadConfig(COMPACT_ENV, env).buckets).toBe(12);
    for (const BUCKETS of ['0', '-1', '1.5', 'ten', ' 1', '1e9', '9999999999']) {
      expect(() => loadConfig(COMPACT_ENV, { ...env, BUCKETS })).toThrow(/found BUCKETS ".*", a whole number from 1 on is allowed/);
    }
    expect(() => loadConfig(COMPACT_ENV, { ...env, BUCKETS: '' })).toThrow(/found no BUCKETS/);
  });

  it('reads an empty variable as an empty list', () => {
    const env = environmentOf(STORE_ENV, { bucketName: 'b', catalogTable: 'c', promotedLabels: [], retention: DEFAULT_RETENTION, retentionClasses: '[]' });
    expect(loadConfig(STORE_ENV, env).promotedLabels).toEqual([]);
  });

  it('names every missing or empty variable at once, and never retries', () => {
    const load = (): unknown => loadConfig(QUERY_ENV, { BUCKET_NAME: 'b', KEYS_TABLE: '' });
    expect(load).toThrow(PermanentError);
    expect(load).toThrow(/found no CATALOG_TABLE, ALERTS_TABLE, KEYS_TABLE, ATHENA_WORKGROUP, GLUE_DATABASE/);
  });

  it('is frozen', () => {
    const config = loadConfig(STORE_ENV, { BUCKET_NAME: 'b', CATALOG_TABLE: 'c', PROMOTED_LABELS: 'host', RETENTION: 'raw=7d', RETENTION_CLASSES: '[]' });
    expect(Object.isFrozen(config) && Object.isFrozen(config.promotedLabels)).toBe(true);
  });

  it.each(Object.entries(tables))('gives no two entries of %s one variable', (_, table) => {
    const names = Object.values(table).map((entry) => entry.name);
    expect(new Set(names).size).toBe(names.length);
  });
});
