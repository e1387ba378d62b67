import type { WebhookMessage } from '../alerting/message.ts';
import type { AccessTokens } from './access-tokens.ts';
import type { CreateMailTransport } from './email.ts';
import type { Fetch } from './http-post.ts';
import type { ReadSecret } from './secret.ts';
import type { SendOutcome } from './send-outcome.ts';

/** A message to a topic, an application's endpoint or a phone number of SNS; one of the three is not ''. */
export interface SnsMessage {
  readonly topicArn: string;
  readonly targetArn: string;
  readonly phoneNumber: string;
  /** '' is the region of the ARN, or that of the process. */
  readonly region: string;
  readonly subject: string;
  readonly message: string;
  readonly attributes: readonly (readonly [name: string, value: string])[];
}

/** A call that reads a text aloud. */
export interface VoiceCall {
  readonly to: string;
  readonly from: string;
  readonly voice: string;
  readonly text: string;
}

/** What channels send with. */
export interface ChannelPorts {
  readonly fetch: Fetch;
  readonly createTransport: CreateMailTransport;
  readonly readSecret: ReadSecret;
  /** Absent: a token is kept for one message. */
  readonly tokens?: AccessTokens;
  /** Absent: there is no AWS account here. Never rejects. */
  readonly publishSns?: (message: SnsMessage) => Promise<SendOutcome>;
  /** Absent: nobody can be called from here. Never rejects. */
  readonly call?: (call: VoiceCall) => Promise<SendOutcome>;
}

/** What is to be sent, by whatever channel. */
export interface Outgoing {
  readonly id: string;
  /** Alertmanager's: the group's key, hashed. The same for all notifications of a group. */
  readonly dedupKey: string;
  readonly subject: string;
  readonly message: WebhookMessage;
  readonly nowMs: number;
}
