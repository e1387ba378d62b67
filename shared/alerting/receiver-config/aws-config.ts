import type { PhoneIntegration, SnsIntegration } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';

export const SNS_KEYS = ['topic_arn', 'target_arn', 'phone_number', 'sigv4', 'subject', 'message', 'attributes', 'send_resolved'];

/** Ours: Alertmanager has no phone. */
export const PHONE_KEYS = ['to', 'from', 'voice', 'text', 'send_resolved'];

const ARN = /^arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:\S{1,256}$/;

/** E.164: up to 15 digits. */
const PHONE_NUMBER = /^\+[1-9]\d{5,14}$/;

/** Credentials are those of the process: keys in the file are refused. */
export const readSns = (reader: FieldReader): Omit<SnsIntegration, 'id' | 'receiver'> => {
  const targets = ['topic_arn', 'target_arn', 'phone_number'].filter((key) => reader.text(key) !== '');
  if (targets.length !== 1) reader.fail('topic_arn', `found ${targets.length} of topic_arn, target_arn and phone_number, one of them is needed`);
  for (const key of ['topic_arn', 'target_arn']) {
    if (reader.text(key) !== '' && !ARN.test(reader.text(key))) reader.fail(key, `${key}: found no ARN of SNS`);
  }
  const phoneNumber = reader.text('phone_number');
  if (phoneNumber !== '' && !PHONE_NUMBER.test(phoneNumber)) reader.fail('phone_number', 'phone_number: found no number such as +491711234567');
  return {
    channel: 'sns',
    topicArn: reader.text('topic_arn'),
    targetArn: reader.text('target_arn'),
    phoneNumber,
    region: reader.under('sigv4', ['region']).text('region'),
    subject: reader.optional('subject'),
    message: reader.optional('message'),
    attributes: reader.pairs('attributes'),
    sendResolved: reader.flag('send_resolved', true),
  };
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
