import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { dynamoClient, s3Client } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { makeS3Objects } from '../../shared/aws/object-s3.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { hotFilesOf } from '../../shared/catalog/hot-files.ts';
import { type PartitionEntry, readEntry, readManifest, type Tier } from '../../shared/catalog/partitions.ts';
import { readOpenHours } from '../../shared/compaction/open-hours.ts';
import { sqlListKey } from '../../shared/compaction/sql-list.ts';
import { createKey } from '../../shared/keys/api-key.ts';
import { hourOf } from '../../shared/model/hour.ts';
import { DEFAULT_PROMOTED_LABELS } from '../../shared/parquet/schema.ts';
import { itWith, outputs } from './endpoint.ts';
import { callUrl } from './function-url.ts';
import { hop } from './hops.ts';

const stack = outputs();
const dynamo = dynamoClient();
const catalog = makeDynamoItems(dynamo, stack.CatalogTable, realPacing);
const keys = makeDynamoItems(dynamo, stack.KeysTable, realPacing);
const objects = makeS3Objects(s3Client(process.env), stack.BucketName, realPacing);

const SOON_MS = 30_000;
/** One schedule brings the shards and their watermark, the other the compactor: each comes anywhere in its minute. */
const COMPACTED_MS = 180_000;
const HOUR_MS = 3_600_000;

// 26 hours ago both the hour and the day are over: they are due as soon as the watermark is known.
const tMs = Math.floor((Date.now() - 26 * HOUR_MS) / HOUR_MS) * HOUR_MS + 600_000;
const HOUR = hourOf(tMs);
const lines = [0, 10, 20].map((s, k) => `compacted_depth host=deep-1 ${tMs / 1000 + s} ${k + 1.5}\n`).join('');
const query = `sum_over_time(compacted_depth[1m]) + 100 * count_over_time(compacted_depth[1m])`;

const newKey = async (scope: 'write' | 'read'): Promise<string> =>
  (await createKey(keys, { scope, name: `compaction ${scope}`, author: 'integration test', nowMs: Date.now(), random: randomBytes(32) })).token;

const push = async (): Promise<void> => {
  const key = await newKey('write');
  const { status } = await hop('push', SOON_MS, () => callUrl(stack.IngestUrl, '/api/v1/push', { method: 'POST', key, body: lines }));
  expect(status).toBe(200);
};

const answer = async (): Promise<string | undefined> => {
  const key = await newKey('read');
  const { body } = await callUrl(stack.QueryUrl, `/api/v1/query?query=${encodeURIComponent(query)}&time=${tMs / 1000 + 30}`, { key });
  return (JSON.parse(body) as { data?: { result: { value: [number, string] }[] } }).data?.result[0]?.value[1];
};

/** The entry, and the first bytes of every file that it names. */
const partition = async (tier: Tier, dt: string): Promise<{ readonly entry: PartitionEntry; readonly files: readonly string[] } | undefined> => {
  const entry = await readEntry(catalog, tier, dt);
  if (entry === undefined) return undefined;
  const { files } = await readManifest(objects, entry.manifestKey);
  for (const { key } of files) expect(Buffer.from(await objects.get(key, { offset: 0, length: 4 })).toString()).toBe('PAR1');
  return { entry, files: files.map(({ key }) => key) };
};

const listed = async (tier: Tier, dt: string): Promise<string> => Buffer.from(await objects.get(sqlListKey(tier, dt))).toString();
const addresses = (files: readonly string[]): string => files.map((key) => `s3://${stack.BucketName}/${key}\n`).join('');

// What is sent twice lies in two hot files until they are merged.
describe('the compaction of an hour', () => {
  it('finds samples in hot files, each an answer once', async () => {
    await push();
    await hop('stream => hot file', SOON_MS, async () => (await hotFilesOf(catalog, HOUR))[0]);
    await push();
    expect(await hop('query over hot files', SOON_MS, answer)).toBe('307.5');
  });

  it('commits them as a partition, raw and 1m together', { timeout: COMPACTED_MS + 10_000 }, async () => {
    const raw = await hop('schedule => compact => partition', COMPACTED_MS, async () => {
      const found = await partition('raw', HOUR);
      return found !== undefined && (await hotFilesOf(catalog, HOUR)).length === 0 ? found : undefined;
    });
    expect(raw.entry).toMatchObject({ rows: 3, isClosed: true });
    const minute = await partition('1m', HOUR);
    expect(minute?.entry).toMatchObject({ rows: 1, builtFrom: { [HOUR]: raw.entry.version } });
  });

  it('answers as before', async () => {
    expect(await answer()).toBe('307.5');
  });

  it('builds the 1h partition of the day, which is over', { timeout: COMPACTED_MS + 10_000 }, async () => {
    const day = await hop('1m => 1h', COMPACTED_MS, () => partition('1h', HOUR.slice(0, 10)));
    expect(day.entry).toMatchObject({ rows: 1, isClosed: true });
  });

  it('lists for SQL the files of the partitions, and nothing else', { timeout: COMPACTED_MS + 10_000 }, async () => {
    for (const [tier, dt] of [['raw', HOUR], ['1m', HOUR], ['1h', HOUR.slice(0, 10)]] as const) {
      const files = (await partition(tier, dt))?.files ?? [];
      expect(files).toHaveLength(1);
      await hop(`SQL list of ${tier}`, SOON_MS, async () => ((await listed(tier, dt)) === addresses(files) ? true : undefined));
    }
  });

  it('moves the boundary in the view of samples past the hour', { timeout: COMPACTED_MS + 10_000 }, async () => {
    const view = { promotedLabels: DEFAULT_PROMOTED_LABELS, publish: async () => undefined, clockMs: Date.now };
    const open = await hop('boundary of the view', COMPACTED_MS, async () => {
      const found = await readOpenHours(catalog, view);
      return found.openFrom > HOUR && found.publishedAtMs !== undefined ? found : undefined;
    });
    expect(open.openFrom <= hourOf(Date.now())).toBe(true);
  });

  itWith('athena', 'shows each sample once in the views for SQL', async () => {
    const key = await newKey('read');
    for (const [statement, rows] of [
      ["SELECT count(*), sum(value) FROM samples WHERE dt = ? AND metric = 'compacted_depth'", [['3', 7.5]]],
      ["SELECT \"count\", \"sum\" FROM samples_1m WHERE dt = ? AND metric = 'compacted_depth'", [['3', 7.5]]],
    ] as const) {
      const body = JSON.stringify({ query: statement, parameters: [HOUR] });
      const { body: text } = await hop('Athena', SOON_MS, () => callUrl(stack.QueryUrl, '/api/v1/sql', { method: 'POST', key, body }));
      expect(JSON.parse(text)).toMatchObject({ rows });
    }
  });
});
