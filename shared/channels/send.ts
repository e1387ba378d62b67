import { expandTexts } from '../alerting/message-template.ts';
import type { NamedTemplates } from '../alerting/message-template.ts';
import type { Integration } from '../alerting/receivers.ts';
import { sendCall, sendSns } from './aws-channels.ts';
import type { ChannelPorts, Outgoing } from './channel-ports.ts';
import { sendEmail } from './email.ts';
import { sendMsteams } from './msteams.ts';
import { sendOpsgenie } from './opsgenie.ts';
import { sendPagerduty } from './pagerduty.ts';
import type { SendOutcome } from './send-outcome.ts';
import { sendSlack } from './slack.ts';
import { sendWebhook } from './webhook.ts';

/** One attempt by the integration's channel, its texts expanded over the message. Never rejects. */
export const send = (ports: ChannelPorts, configured: Integration, outgoing: Outgoing, templates: NamedTemplates): Promise<SendOutcome> => {
  const integration = expandTexts(configured, outgoing.message, { nowMs: outgoing.nowMs, templates });
  switch (integration.channel) {
    case 'webhook':
      return sendWebhook(ports, integration, outgoing);
    case 'email':
      return sendEmail(ports, integration, outgoing);
    case 'pagerduty':
      return sendPagerduty(ports, integration, outgoing);
    case 'slack':
      return sendSlack(ports, integration, outgoing);
    case 'sns':
      return sendSns(ports, integration, outgoing);
    case 'phone':
      return sendCall(ports, integration, outgoing);
    case 'opsgenie':
      return sendOpsgenie(ports, integration, outgoing);
    case 'msteams':
      return sendMsteams(ports, integration, outgoing);
  }
};
