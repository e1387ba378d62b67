import { handle } from 'hono/aws-lambda';
import { randomBytes } from 'node:crypto';
import { dynamoClient, kinesisClient } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { makeKinesisPut } from '../../shared/aws/stream-kinesis.ts';
import { INGEST_ENV, loadConfig } from '../../shared/config.ts';
import { makeKeyCheck } from '../../shared/keys/key-check.ts';
import { limitsFor } from '../../shared/protocols/limits.ts';
import { DEFAULT_BODY_BYTES, DEFAULT_DECODED_BYTES, DEFAULT_IN_FLIGHT_BYTES, makeIngestApp } from './ingest.ts';

const config = loadConfig(INGEST_ENV, process.env);

/** The address is open to all, so every request needs a key. */
export const handler = handle(
  makeIngestApp({
    putRecords: makeKinesisPut(kinesisClient(), config.streamName, realPacing),
    keys: makeKeyCheck(makeDynamoItems(dynamoClient(), config.keysTable, realPacing), Date.now),
    nowMs: Date.now,
    nextRecordId: () => randomBytes(16),
    limits: {
      bodyBytes: DEFAULT_BODY_BYTES,
      decodedBytes: DEFAULT_DECODED_BYTES,
      inFlightBytes: DEFAULT_IN_FLIGHT_BYTES,
      samples: limitsFor(config.retention),
    },
  }),
);
