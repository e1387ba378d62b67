import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { athenaClient, dynamoClient, kinesisClient, s3Client, snsClient } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { logLine } from '../../shared/aws/log-line.ts';
import { makeS3Objects } from '../../shared/aws/object-s3.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { makeSnsPublish } from '../../shared/aws/publish-sns.ts';
import { makeAthenaSql } from '../../shared/aws/sql-athena.ts';
import { makeKinesisListShards, makeKinesisPut } from '../../shared/aws/stream-kinesis.ts';
import { readOnce } from '../../shared/catalog/read-once.ts';
import { EVALUATE_ENV, loadConfig } from '../../shared/config.ts';
import { MAX_SQL_ROWS } from '../../shared/rules/sql-samples.ts';
import { athenaDollars } from '../../shared/sql/dollars.ts';
import { makePieceCache } from '../../shared/storage/piece-cache.ts';
import { DEFAULT_MAX_SAMPLES, makeSelectSeries } from '../../shared/storage/select-series.ts';
import { makeRawFirst } from '../../shared/storage/select-tiers.ts';
import { alertmanagerConfig, ruleSet } from '../built-in-files.ts';
import { SQL_TIMEOUT_MS } from './evaluate-ports.ts';
import { createEvaluateMemory, type EvaluatePorts } from './evaluate.ts';
import { runMinute } from './run-minute.ts';

/** A third of the function's memory; an evaluation itself needs the rest. */
const CACHE_BYTES = 512 * 1024 * 1024;

/** The compactor lists new objects for SQL once in each minute, anywhere in it, and takes some seconds. */
const SQL_BEHIND_MS = 120_000;

const config = loadConfig(EVALUATE_ENV, process.env);
const dynamo = dynamoClient();
const kinesis = kinesisClient();
const catalog = makeDynamoItems(dynamo, config.catalogTable, realPacing);

const objects = makeS3Objects(s3Client(process.env), config.bucketName, realPacing);

const cache = makePieceCache(CACHE_BYTES);

const ports: EvaluatePorts = {
  objects,
  alerts: makeDynamoItems(dynamo, config.alertsTable, realPacing),
  catalog,
  openSelect: () => makeSelectSeries({ objects, catalog: readOnce(catalog), cache, limits: { maxSamples: DEFAULT_MAX_SAMPLES } }),
  openTiers: (select) => makeRawFirst({ objects, catalog: readOnce(catalog), cache, limits: { maxSamples: DEFAULT_MAX_SAMPLES }, retention: config.retention, nowMs: Date.now() }, select),
  sql: {
    run: makeAthenaSql(athenaClient(), {
      workGroup: config.workGroup,
      database: config.database,
      timeoutMs: SQL_TIMEOUT_MS,
      maxRows: MAX_SQL_ROWS,
      sleep: (ms) => sleep(ms),
      nowMs: Date.now,
    }),
    dollars: athenaDollars,
    behindMs: SQL_BEHIND_MS,
  },
  rules: async () => ruleSet(),
  alertmanager: async () => alertmanagerConfig(),
  putRecords: makeKinesisPut(kinesis, config.streamName, realPacing),
  listShards: makeKinesisListShards(kinesis, config.streamName),
  publish: makeSnsPublish(snsClient(), config.topicArn),
  clockMs: Date.now,
  externalUrl: config.externalUrl.replace(/\/$/, ''),
  latenessMs: config.latenessS * 1000,
};

/**
 * The memory belongs to one invocation: as its predecessor's successor it must count as somebody new, also where Lambda
 * wakes the same process again.
 */
export const handler = async (): Promise<void> => {
  await runMinute(ports, createEvaluateMemory(randomBytes(8).toString('hex')), {
    nowMs: Date.now,
    sleep: (durationMs) => sleep(durationMs),
    onTick: (report) => logLine({ tick: report }),
  });
};
