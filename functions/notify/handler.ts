import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { dynamoClient, snsClient, sqsClient, voiceClient } from '../../shared/aws/clients.ts';
import { makeDynamoItems } from '../../shared/aws/item-dynamo.ts';
import { logLine } from '../../shared/aws/log-line.ts';
import { realPacing } from '../../shared/aws/pacing.ts';
import { parseQueueMessage } from '../../shared/aws/publish-sns.ts';
import { makeDelayRetry } from '../../shared/aws/queue-sqs.ts';
import { makeSnsMessages } from '../../shared/aws/sns-message.ts';
import { makeVoiceCalls } from '../../shared/aws/voice-call.ts';
import { makeAccessTokens } from '../../shared/channels/access-tokens.ts';
import { makeGuardedFetch } from '../../shared/channels/guarded-fetch.ts';
import { makeIsOpen } from '../../shared/channels/open-address.ts';
import { proxyEnvironment } from '../../shared/channels/proxy-choice.ts';
import { noSecretFiles } from '../../shared/channels/secret.ts';
import { makeSmtpTransport } from '../../shared/channels/smtp-transport.ts';
import { loadConfig, NOTIFY_ENV } from '../../shared/config.ts';
import { messageOf } from '../../shared/errors.ts';
import { alertmanagerConfig } from '../built-in-files.ts';
import { notify, type NotifyPorts } from './notify.ts';

const config = loadConfig(NOTIFY_ENV, process.env);
const delayRetry = makeDelayRetry(sqsClient());
const isOpen = makeIsOpen(config.allowedNetworks);
const fetch = makeGuardedFetch(isOpen, proxyEnvironment(process.env));
const ports: NotifyPorts = {
  alerts: makeDynamoItems(dynamoClient(), config.alertsTable, realPacing),
  alertmanager: async () => alertmanagerConfig(),
  fetch,
  tokens: makeAccessTokens(fetch, noSecretFiles),
  createTransport: makeSmtpTransport(isOpen),
  // A deployment has no files beside its code.
  readSecret: noSecretFiles,
  publishSns: makeSnsMessages(snsClient),
  call: makeVoiceCalls(voiceClient),
};

/** What is reported as failed comes again: after the delay that notify asked for, or after the queue's own time. */
export const handler = async ({ Records: records }: SQSEvent): Promise<SQSBatchResponse> => {
  const ended = await Promise.all(records.map(attempt));
  return { batchItemFailures: records.filter((_, k) => ended[k] !== true).map(({ messageId }) => ({ itemIdentifier: messageId })) };
};

/** Whether the message is done with. */
const attempt = async ({ body, eventSourceARN, receiptHandle, messageId }: SQSRecord): Promise<boolean> => {
  try {
    const outcome = await notify(ports, parseQueueMessage(body), { nowMs: Date.now() });
    if (outcome.outcome === 'done') return true;
    await delayRetry(eventSourceARN, receiptHandle, outcome.delayMs);
  } catch (error) {
    logLine({ notify: messageId, error: messageOf(error) });
  }
  return false;
};
