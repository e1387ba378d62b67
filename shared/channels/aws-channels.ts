import type { PhoneIntegration, SnsIntegration } from '../alerting/receivers.ts';
import type { ChannelPorts, Outgoing } from './channel-ports.ts';
import { alertListText, cutTo } from './default-text.ts';
import type { SendOutcome } from './send-outcome.ts';

/** SNS takes 256 KiB with attributes; of an SMS 1,600 characters. */
const MAX_MESSAGE_CHARS = 60_000;
const MAX_SMS_CHARS = 1600;

/** End User Messaging reads at most 3,000 characters aloud; nobody listens that long. */
const MAX_SPOKEN_CHARS = 1000;

const NOT_HERE: SendOutcome = { kind: 'failed', answer: 'this installation has no AWS account to send from' };

/** Publishes to a topic or phone number of SNS. Never rejects. */
export const sendSns = async ({ publishSns }: Pick<ChannelPorts, 'publishSns'>, integration: SnsIntegration, { subject, message }: Outgoing): Promise<SendOutcome> => {
  if (publishSns === undefined) return NOT_HERE;
  const { topicArn, targetArn, phoneNumber, region, attributes } = integration;
  const text = integration.message ?? `${subject}\n\n${alertListText(message.alerts)}`;
  return publishSns({
    topicArn,
    targetArn,
    phoneNumber,
    region,
    attributes,
    subject: integration.subject ?? subject,
    message: cutTo(phoneNumber === '' ? text : (integration.message ?? subject), phoneNumber === '' ? MAX_MESSAGE_CHARS : MAX_SMS_CHARS),
  });
};

/** Calls and reads the subject aloud. Never rejects. */
export const sendCall = async ({ call }: Pick<ChannelPorts, 'call'>, { to, from, voice, text }: PhoneIntegration, { subject }: Outgoing): Promise<SendOutcome> =>
  call === undefined ? NOT_HERE : call({ to, from, voice, text: cutTo(text ?? subject, MAX_SPOKEN_CHARS) });
