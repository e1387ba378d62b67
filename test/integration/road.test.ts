import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { json } from 'node:stream/consumers';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { knownRules, readAlerts } from '../../shared/alerting/state-items.ts';
import type { WebhookMessage } from '../../shared/alerting/message.ts';
import { dynamoClient, s3Client } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { makeS3Objects } from '../../shared/aws/object-s3.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { hotFilesOf } from '../../shared/catalog/hot-files.ts';
import { createKey } from '../../shared/keys/api-key.ts';
import { hourOf } from '../../shared/model/hour.ts';
import { itWith, outputs } from './endpoint.ts';
import { callUrl } from './function-url.ts';
import { hop } from './hops.ts';
import { deleteQueue, queueBehind, receive } from './queue-behind-topic.ts';

const stack = outputs();
const dynamo = dynamoClient();
const catalog = makeDynamoItems(dynamo, stack.CatalogTable, realPacing);
const alerts = makeDynamoItems(dynamo, stack.AlertsTable, realPacing);
const keys = makeDynamoItems(dynamo, stack.KeysTable, realPacing);
const objects = makeS3Objects(s3Client(process.env), stack.BucketName, realPacing);

/** The schedule comes anywhere in its minute, and the watermark must pass the sample by 15 s. */
const ALERT_MS = 150_000;
const SOON_MS = 30_000;

/** The watermark must pass the sample by 15 s once more, while the holder of the lease is resident or its successor comes. */
const RESOLVED_MS = 100_000;

const newKey = async (scope: 'write' | 'read'): Promise<string> =>
  (await createKey(keys, { scope, name: `integration ${scope}`, author: 'integration test', nowMs: Date.now(), random: randomBytes(32) })).token;

const sentAtMs = Date.now();
const lines = `road_temperature host=road-1,region=test ${sentAtMs / 1000} 95\nroad_width host=road-1 ${sentAtMs / 1000} 3.5\n`;
const calls: WebhookMessage[] = [];
let webhook: Server;
let queueUrl: string;

beforeAll(async () => {
  webhook = createServer((request, response) => {
    json(request).then(
      (body) => {
        calls.push(body as WebhookMessage);
        response.end();
      },
      () => response.writeHead(400).end(),
    );
  }).listen(Number(process.env['TIDEMARK_WEBHOOK_PORT'] ?? 0), '127.0.0.1');
  await once(webhook, 'listening');
  queueUrl = await queueBehind(stack.TopicArn, 'webhook');
});

afterAll(async () => {
  webhook.close();
  await deleteQueue(queueUrl);
});

// One sample down the whole road: each test stands where the one before it has brought it.
describe('the road of a sample', () => {
  it('begins at no door without a key', async () => {
    expect((await callUrl(stack.IngestUrl, '/api/v1/push', { method: 'POST', body: lines })).status).toBe(401);
    expect((await callUrl(stack.QueryUrl, '/api/v1/query?query=up')).status).toBe(401);
  });

  it('goes through the ingest function with a write key', async () => {
    const key = await newKey('write');
    const answer = await hop('push => ingest => stream', SOON_MS, () => callUrl(stack.IngestUrl, '/api/v1/push', { method: 'POST', key, body: lines }));
    expect(answer).toEqual({ status: 200, body: JSON.stringify({ accepted: 2 }) });
    expect((await callUrl(stack.QueryUrl, '/api/v1/query?query=up', { key })).status).toBe(403);
  });

  it('is Parquet in the lake, named by the catalog', async () => {
    // The tick of a minute writes files of its own.
    const file = await hop('stream => store => Parquet and catalog', SOON_MS, async () => (await hotFilesOf(catalog, hourOf(sentAtMs))).find(({ maxMetric }) => maxMetric === 'road_width'));
    expect(file).toMatchObject({ rows: 2, minTMs: sentAtMs, maxTMs: sentAtMs, minMetric: 'road_temperature', maxMetric: 'road_width' });
    const bytes = await objects.get(file.key);
    expect(bytes.length).toBe(file.bytes);
    for (const end of [bytes.subarray(0, 4), bytes.subarray(-4)]) expect(Buffer.from(end).toString()).toBe('PAR1');
  });

  it('is an answer of the query function', async () => {
    const key = await newKey('read');
    const path = `/api/v1/query?query=${encodeURIComponent('road_temperature * 2')}&time=${(sentAtMs + 1000) / 1000}`;
    const answer = await hop('lake => query', SOON_MS, () => callUrl(stack.QueryUrl, path, { key }));
    expect(answer.status).toBe(200);
    const { data } = JSON.parse(answer.body) as { data: { result: { metric: object; value: [number, string] }[] } };
    expect(data.result.map(({ metric, value }) => ({ metric, value: value[1] }))).toEqual([{ metric: { host: 'road-1', region: 'test' }, value: '190' }]);
  });

  itWith('athena', 'is a row of the view for SQL', async () => {
    const key = await newKey('read');
    const body = JSON.stringify({ query: 'SELECT value FROM samples WHERE dt = ? AND metric = ?', parameters: [hourOf(sentAtMs), 'road_width'] });
    const answer = await hop('lake => Athena', SOON_MS, () => callUrl(stack.QueryUrl, '/api/v1/sql', { method: 'POST', key, body }));
    expect(JSON.parse(answer.body)).toMatchObject({ rows: [[3.5]] });
  });

  it('is a firing alert when the schedule has come and the watermark has passed it', { timeout: ALERT_MS + 10_000 }, async () => {
    const alert = await hop('schedule => evaluate => alert state', ALERT_MS, async () => {
      const rules = await knownRules(alerts);
      const found = await readAlerts(alerts, rules.map((rule) => rule.ruleId));
      return [...found.values()].flatMap((byLabels) => [...byLabels.values()]).find((each) => each.phase === 'firing');
    });
    expect(alert.value).toBe(95);
  });

  it('is a notification on the topic', async () => {
    const notification = await hop('outbox => SNS => queue', SOON_MS, async () => {
      const received: unknown[] = [];
      await receive(queueUrl, 1, async (each) => void received.push(each));
      return received[0];
    });
    expect(notification).toMatchObject({ receiver: 'road', channel: 'webhook', severity: 'critical' });
  });

  itWith('webhook to this machine', 'is a call of the webhook', async () => {
    const message = await hop('queue => notify => webhook', SOON_MS, async () => calls[0]);
    expect(message).toMatchObject({ version: '4', status: 'firing', receiver: 'road' });
    expect(message.alerts[0]).toMatchObject({
      labels: { alertname: 'RoadHot', host: 'road-1', region: 'test', severity: 'critical' },
      annotations: { summary: 'the road is 95 degrees' },
    });
  });

  itWith('webhook to this machine', 'ends in a resolved alert when a cooler sample has gone the same way', async () => {
    const key = await newKey('write');
    const body = `road_temperature host=road-1,region=test ${Date.now() / 1000} 20\n`;
    expect((await callUrl(stack.IngestUrl, '/api/v1/push', { method: 'POST', key, body })).status).toBe(200);
    const message = await hop('cooler sample => resolved webhook', RESOLVED_MS, async () => calls.find(({ status }) => status === 'resolved'));
    expect(message.alerts[0]).toMatchObject({ status: 'resolved', labels: { alertname: 'RoadHot', host: 'road-1' } });
  }, RESOLVED_MS + 10_000);
});
