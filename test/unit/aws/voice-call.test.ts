import { PinpointSMSVoiceV2Client, SendVoiceMessageCommand } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { makeVoiceCalls } from '../../../shared/aws/voice-call.ts';

const voice = mockClient(PinpointSMSVoiceV2Client);
const CALL = { to: '+491711234567', from: 'pool-0123456789abcdef0', voice: 'VICKI', text: '[FIRING:1] A <b>' };

let regions: (string | undefined)[];
const call = makeVoiceCalls((region) => {
  regions.push(region);
  return new PinpointSMSVoiceV2Client({ region: region ?? 'eu-central-1' });
});

beforeEach(() => {
  voice.reset();
  regions = [];
});

describe('calls by AWS End User Messaging', () => {
  it('read a plain text aloud, and are given up within the hour', async () => {
    voice.on(SendVoiceMessageCommand).resolves({ MessageId: 'v1' });
    expect(await call(CALL)).toEqual({ kind: 'sent', answer: 'call v1' });
    expect(voice.commandCalls(SendVoiceMessageCommand).map(({ args: [{ input }] }) => input)).toEqual([
      { DestinationPhoneNumber: CALL.to, OriginationIdentity: CALL.from, MessageBody: CALL.text, MessageBodyTextType: 'TEXT', VoiceId: 'VICKI', TimeToLive: 3600 },
    ]);
  });

  it('go out in the region of an ARN, by one client', async () => {
    voice.on(SendVoiceMessageCommand).resolves({});
    const from = 'arn:aws:sms-voice:us-west-2:123456789012:phone-number/phone-1';
    expect(await call({ ...CALL, from })).toEqual({ kind: 'sent', answer: 'call accepted' });
    await call({ ...CALL, from });
    expect(regions).toEqual(['us-west-2']);
  });

  it.each([
    ['ValidationException', 'failed'],
    ['ResourceNotFoundException', 'failed'],
    ['ThrottlingException', 'retry'],
    ['ServiceQuotaExceededException', 'retry'],
    ['AccessDeniedException', 'retry'],
    ['TimeoutError', 'retry'],
  ] as const)('%s is %s, told without the number', async (name, kind) => {
    voice.on(SendVoiceMessageCommand).rejects(Object.assign(new Error(`cannot call ${CALL.to}`), { name }));
    expect(await call(CALL)).toEqual({ kind, answer: `call ${name.replace('Exception', '')}` });
  });
});
