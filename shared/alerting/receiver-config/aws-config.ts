import type { PhoneIntegration, SnsIntegration } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';
import { readHttpClient } from './http-config.ts';

export const SNS_KEYS = ['topic_arn', 'target_arn', 'phone_number', 'sigv4', 'api_url', 'http_config', 'subject', 'message', 'attributes', 'send_resolved'];

/** Ours: Alertmanager has no phone. */
export const PHONE_KEYS = ['to', 'from', 'voice', 'text', 'send_resolved'];

const ARN = /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:\S{1,256}$/;

/** E.164: up to 15 digits. */
const PHONE_NUMBER = /^\+[1-9]\d{5,14}$/;

/** Credentials, address and client are those of the process, by AWS's own library: what the file says of them is taken with a warning. */
export const readSns = (reader: FieldReader): Omit<SnsIntegration, 'id' | 'receiver'> => {
  const targets = ['topic_arn', 'target_arn', 'phone_number'].filter((key) => reader.text(key) !== '');
  if (targets.length !== 1) reader.fail('topic_arn', `found ${targets.length} of topic_arn, target_arn and phone_number, one of them is needed`);
  for (const key of ['topic_arn', 'target_arn']) {
    if (reader.text(key) !== '' && !ARN.test(reader.text(key))) reader.fail(key, `${key}: found no ARN of SNS`);
  }
  const phoneNumber = reader.text('phone_number');
  if (phoneNumber !== '' && !PHONE_NUMBER.test(phoneNumber)) reader.fail('phone_number', 'phone_number: found no number such as +491711234567');
  reader.warn('api_url', "api_url: SNS is called at the region's own address");
  if (reader.has('http_config')) readHttpClient(reader);
  reader.warn('http_config', "http_config: SNS is called by AWS's own client");
  return {
    channel: 'sns',
    topicArn: reader.text('topic_arn'),
    targetArn: reader.text('target_arn'),
    phoneNumber,
    region: readRegion(reader),
    subject: reader.optional('subject'),
    message: reader.optional('message'),
    attributes: reader.pairs('attributes'),
    sendResolved: reader.flag('send_resolved', true),
  };
};

const readRegion = (reader: FieldReader): string => {
  const sigv4 = reader.under('sigv4', ['region', 'access_key', 'secret_key', 'profile', 'role_arn', 'use_fips_sts_endpoint']);
  for (const key of ['access_key', 'secret_key', 'profile', 'role_arn']) sigv4.warn(key, `${key}: SNS is called with the credentials of the process`);
  return sigv4.text('region');
};

export const readPhone = (reader: FieldReader): Omit<PhoneIntegration, 'id' | 'receiver'> => {
  if (!PHONE_NUMBER.test(reader.text('to'))) reader.fail('to', 'to: found no number such as +491711234567');
  if (reader.text('from') === '') reader.fail('from', 'found no from, the number or pool that calls is needed');
  return {
    channel: 'phone',
    to: reader.text('to'),
    from: reader.text('from'),
    voice: reader.text('voice') || 'JOANNA',
    text: reader.optional('text'),
    sendResolved: reader.flag('send_resolved', false),
  };
};
