import { type PinpointSMSVoiceV2Client, SendVoiceMessageCommand, type VoiceId } from '@aws-sdk/client-pinpoint-sms-voice-v2';
import type { ChannelPorts } from '../channels/channel-ports.ts';
import { shortAnswer } from '../channels/send-outcome.ts';
import type { SendOutcome } from '../channels/send-outcome.ts';

/** What another attempt cannot mend (API reference, SendVoiceMessage: errors). A lack of permission or quota a person can. */
const FINAL: ReadonlySet<string> = new Set(['Validation', 'ResourceNotFound']);

/** The service's own default is 72 hours: nobody wants to hear a page of three days ago. */
const CALL_VALID_S = 3600;

/** Calls by AWS End User Messaging, in the region that the ARN of the caller names, or else that of the process; one client for each. */
export const makeVoiceCalls = (makeClient: (region?: string) => PinpointSMSVoiceV2Client): NonNullable<ChannelPorts['call']> => {
  const clients = new Map<string | undefined, PinpointSMSVoiceV2Client>();
  const clientOf = (region: string | undefined): PinpointSMSVoiceV2Client => {
    const client = clients.get(region) ?? makeClient(region);
    clients.set(region, client);
    return client;
  };
  return async ({ to, from, voice, text }) => {
    try {
      const answer = await clientOf(/^arn:[^:]*:sms-voice:([^:]+):/.exec(from)?.[1]).send(
        new SendVoiceMessageCommand({
          DestinationPhoneNumber: to,
          OriginationIdentity: from,
          MessageBody: text,
          MessageBodyTextType: 'TEXT',
          // A voice that the service has not is its error to tell: it gets new ones.
          VoiceId: voice as VoiceId,
          TimeToLive: CALL_VALID_S,
        }),
      );
      return { kind: 'sent', answer: shortAnswer(`call ${answer.MessageId ?? 'accepted'}`) };
    } catch (error) {
      return failureOf(error);
    }
  };
};

/** The name alone: messages quote the number that was called. */
const failureOf = (error: unknown): SendOutcome => {
  const name = error instanceof Error ? error.name.replace(/Exception$/, '') : 'error';
  return { kind: FINAL.has(name) ? 'failed' : 'retry', answer: shortAnswer(`call ${name}`) };
};
