import type { OpsgenieIntegration, OpsgenieResponder } from '../alerting/receivers.ts';
import type { Outgoing } from './channel-ports.ts';
import { alertListText, alertsUrl, cutTo } from './default-text.ts';
import { postJson } from './http-post.ts';
import type { PostPorts } from './http-post.ts';
import { secretText } from './secret.ts';
import type { SendOutcome } from './send-outcome.ts';

/** Of Opsgenie's Alert API: message and description. */
const MAX_MESSAGE_CHARS = 130;
const MAX_DESCRIPTION_CHARS = 15_000;

/** Creates an alert, or closes it, under one alias for all notifications of a group. Never rejects. */
export const sendOpsgenie = (ports: PostPorts, integration: OpsgenieIntegration, outgoing: Outgoing): Promise<SendOutcome> =>
  postJson(ports, integration, outgoing.nowMs, async () => ({
    url: urlOf(integration.url, outgoing),
    headers: { authorization: `GenieKey ${await secretText(integration.apiKey, ports.readSecret)}` },
    body: JSON.stringify(outgoing.message.status === 'firing' ? alertOf(integration, outgoing) : { source: integration.source ?? alertsUrl(outgoing.message) }),
  }));

const urlOf = (apiUrl: string, { message, dedupKey }: Outgoing): string => {
  const alerts = `${apiUrl.replace(/\/+$/, '')}/v2/alerts`;
  return message.status === 'firing' ? alerts : `${alerts}/${dedupKey}/close?identifierType=alias`;
};

const alertOf = (integration: OpsgenieIntegration, { subject, dedupKey, message }: Outgoing): object => ({
  alias: dedupKey,
  message: cutTo(integration.message ?? subject, MAX_MESSAGE_CHARS),
  description: cutTo(integration.description ?? alertListText(message.alerts), MAX_DESCRIPTION_CHARS),
  details: { ...message.commonLabels, ...Object.fromEntries(integration.details) },
  source: integration.source ?? alertsUrl(message),
  ...Object.fromEntries((['note', 'entity', 'actions'] as const).flatMap((key) => (integration[key] === '' ? [] : [[key, key === 'actions' ? split(integration.actions) : integration[key]]]))),
  ...(integration.responders.length === 0 ? {} : { responders: integration.responders.flatMap(respondersOf) }),
  ...(integration.priority === '' ? {} : { priority: integration.priority }),
  ...(integration.tags.length === 0 ? {} : { tags: integration.tags }),
});

const split = (text: string): readonly string[] => text.split(',').map((each) => each.trim()).filter((each) => each !== '');

/** `teams` stands for a team per name of its list; one without a name after all is left out. */
const respondersOf = ({ type, identifier, name, username }: OpsgenieResponder): readonly object[] => {
  const kind = type.toLowerCase();
  if (kind === 'teams') return split(name).map((team) => ({ type: 'team', name: team }));
  const who = { ...(identifier === '' ? {} : { id: identifier }), ...(name === '' ? {} : { name }), ...(username === '' ? {} : { username }) };
  return Object.keys(who).length === 0 ? [] : [{ type: kind, ...who }];
};
