import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import packageJson from '../../package.json' with { type: 'json' };
import { streamAnswer } from '../../shared/aws/answer-stream.ts';
import { athenaClient, dynamoClient, s3Client } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { makeS3Objects } from '../../shared/aws/object-s3.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { makeAthenaSql } from '../../shared/aws/sql-athena.ts';
import { loadConfig, QUERY_ENV } from '../../shared/config.ts';
import { makeRulePages } from '../../shared/alerting/rule-pages.ts';
import { makeKeyCheck } from '../../shared/keys/key-check.ts';
import { RangeCache } from '../../shared/promql/range-cache.ts';
import { athenaDollars, getDollars, lambdaDollars } from '../../shared/sql/dollars.ts';
import { makePieceCache } from '../../shared/storage/piece-cache.ts';
import { alertmanagerConfig, ruleSet } from '../built-in-files.ts';
import { makeAlertmanagerApp } from './alertmanager/alertmanager.ts';
import { STREAMED_MAX_BYTES } from './answer-limit.ts';
import { DEFAULT_QUERY_LIMITS, makeQueryApp } from './query.ts';

/** As `infra/query-step.ts` gives it: two processors. */
const MEMORY_MB = 3538;
/** A quarter of the function's memory: what one query brings in at its limit is as much again. */
const CACHE_BYTES = 896 * 1024 * 1024;
/** Some hundred panels of 100 series with 360 points, 0.6 MB each. */
const RESULT_BYTES = 128 * 1024 * 1024;

/** What a person or a panel can look at (as on one machine), and less than the function's own time. */
const SQL_MAX_ROWS = 100_000;
const SQL_TIMEOUT_MS = 90_000;

const config = loadConfig(QUERY_ENV, process.env);
const dynamo = dynamoClient();
const alerts = makeDynamoItems(dynamo, config.alertsTable, realPacing);
const rules = async () => ruleSet();
const keys = makeKeyCheck(makeDynamoItems(dynamo, config.keysTable, realPacing), Date.now);

const alertmanager = makeAlertmanagerApp({
  alerts,
  rules,
  alertmanager: async () => alertmanagerConfig(),
  nowMs: Date.now,
  startedAtMs: Date.now(),
  random: () => randomBytes(16),
  externalUrl: '', // its own address, which it cannot be told: links lead to paths there
  version: packageJson.version,
  keys,
});

/** The address is open to all, so every request needs a key. */
const app = makeQueryApp({
  objects: makeS3Objects(s3Client(process.env), config.bucketName, realPacing),
  catalog: makeDynamoItems(dynamo, config.catalogTable, realPacing),
  cache: makePieceCache(CACHE_BYTES),
  results: new RangeCache(RESULT_BYTES),
  nowMs: Date.now,
  limits: { ...DEFAULT_QUERY_LIMITS, maxAnswerBytes: STREAMED_MAX_BYTES },
  version: packageJson.version,
  keys,
  runSql: makeAthenaSql(athenaClient(), {
    workGroup: config.workGroup,
    database: config.database,
    timeoutMs: SQL_TIMEOUT_MS,
    maxRows: SQL_MAX_ROWS,
    sleep: (ms) => sleep(ms),
    nowMs: Date.now,
  }),
  rulePages: makeRulePages({ alerts, rules }),
  sqlDollars: athenaDollars,
  requestDollars: getDollars,
  computeDollars: (durationMs) => lambdaDollars(MEMORY_MB, durationMs),
  retention: config.retention,
}).route('/', alertmanager);

export const handler = awslambda.streamifyResponse((event: LambdaFunctionURLEvent, stream) => streamAnswer(event, stream, awslambda.HttpResponseStream, (request) => app.fetch(request)));
