import { AthenaClient } from '@aws-sdk/client-athena';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { PinpointSMSVoiceV2Client } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';

/**
 * Clients with our timeouts. Region, credentials and `AWS_ENDPOINT_URL` the SDK reads by itself. Handlers make them once, at module
 * scope, so that connections outlive an invocation.
 */
type Env = Readonly<Record<string, string | undefined>>;

/** With the SDK's own jittered back-off, six tries span about ten seconds: a throttle passes, an outage is reported. */
const MAX_ATTEMPTS = 6;

/** A connection within one AWS region takes milliseconds; a socket that is silent for ten seconds is dead. */
const requestHandler = { connectionTimeout: 2000, socketTimeout: 10_000 };

const options = { maxAttempts: MAX_ATTEMPTS, requestHandler };

/** Other endpoints than AWS' own have no bucket names in DNS, so the bucket stands in the path. */
export const s3Client = (env: Env): S3Client => new S3Client({ ...options, forcePathStyle: env['AWS_ENDPOINT_URL'] !== undefined });

export const dynamoClient = (): DynamoDBClient => new DynamoDBClient(options);

/** Kinesis speaks HTTP/2; the adapter retries single records itself. */
export const kinesisClient = (): KinesisClient => new KinesisClient({ maxAttempts: 3, requestHandler: { requestTimeout: 10_000 } });

/** Without a region: that of the process. */
export const snsClient = (region?: string): SNSClient => new SNSClient({ ...options, ...(region === undefined ? {} : { region }) });

/** Without a region: that of the process. */
export const voiceClient = (region?: string): PinpointSMSVoiceV2Client => new PinpointSMSVoiceV2Client({ ...options, ...(region === undefined ? {} : { region }) });

export const sqsClient = (): SQSClient => new SQSClient(options);

export const athenaClient = (): AthenaClient => new AthenaClient(options);
