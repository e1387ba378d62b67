import { PermanentError } from '../errors.ts';
import { formatLabels, makeLabels } from '../model/labels.ts';
import { type Api, callApi } from './api.ts';
import { type MatcherJson, durationArgument, matcherArguments, matchersText } from './matcher-arguments.ts';
import { counted } from './progress.ts';
import { toTable } from './table.ts';

const PATH = '/api/v2/silences';

/** Alerts that a silence mutes now which are printed. */
const MAX_SHOWN = 10;

interface SilenceJson {
  readonly id: string;
  readonly status: { readonly state: string };
  readonly matchers: readonly MatcherJson[];
  readonly startsAt: string;
  readonly endsAt: string;
  readonly createdBy: string;
  readonly comment: string;
}

/** Silences that hold or will; all that are kept where asked for. */
export const listSilences = async (api: Api, { all, json }: { readonly all: boolean; readonly json: boolean }): Promise<string> => {
  const found = (JSON.parse(await callApi(api, PATH)) as readonly SilenceJson[]).filter(({ status }) => all || status.state !== 'expired');
  if (json) return JSON.stringify(found);
  if (found.length === 0) return 'no silences';
  const rows = found.map(({ id, status, startsAt, endsAt, createdBy, matchers, comment }) => [id, status.state, startsAt, endsAt, createdBy, matchersText(matchers), comment]);
  return toTable(['id', 'state', 'starts', 'ends', 'author', 'matchers', 'comment'], rows);
};

/** Ends silences now. */
export const expireSilences = async (api: Api, ids: readonly string[]): Promise<string> => {
  for (const id of ids) await callApi(api, `/api/v2/silence/${encodeURIComponent(id)}`, { method: 'DELETE' });
  return `${counted(ids.length, 'silence')} expired`;
};

interface PreviewJson {
  readonly cut: boolean;
  readonly notifications: number;
  readonly wholly: number;
  readonly partly: number;
  readonly alerts: number;
  readonly receivers: readonly { readonly receiver: string; readonly wholly: number; readonly partly: number }[];
  readonly newest: readonly { readonly at: string; readonly receiver: string; readonly muted: string; readonly subject: string }[];
  readonly firing: number;
  readonly firingNow: readonly { readonly labels: Readonly<Record<string, string>>; readonly silenced: boolean }[];
}

/** What a silence mutes now, and would have muted in the last 30 days. */
export const previewSilence = async (api: Api, matchers: readonly string[], json: boolean): Promise<string> => {
  const text = await callApi(api, '/api/v1/silences/preview', { method: 'POST', body: JSON.stringify({ matchers: matcherArguments(matchers) }), contentType: 'application/json' });
  return json ? text : previewText(JSON.parse(text) as PreviewJson);
};

const previewText = ({ cut, notifications, wholly, partly, alerts, receivers, newest, firing, firingNow }: PreviewJson): string => {
  const from = cut ? `the newest ${notifications}` : String(notifications);
  return [
    `would have muted ${counted(wholly, 'notification')} of the last 30 days, and ${partly} in part, out of ${from}; ${counted(alerts, 'alert')}`,
    ...(receivers.length === 0 ? [] : ['', toTable(['receiver', 'muted', 'in part'], receivers.map((each) => [each.receiver, String(each.wholly), String(each.partly)]))]),
    ...(newest.length === 0 ? [] : ['', toTable(['newest', 'receiver', 'muted', 'subject'], newest.map((each) => [each.at, each.receiver, each.muted, each.subject]))]),
    '',
    `mutes ${counted(firing, 'alert')} now${firing === 0 ? '' : ':'}`,
    ...firingNow.slice(0, MAX_SHOWN).map(({ labels, silenced }) => `  ${formatLabels(makeLabels(Object.entries(labels))).replaceAll(/\p{Cc}+/gu, ' ')}${silenced ? ' (silenced already)' : ''}`),
    ...(firing > MAX_SHOWN ? [`  and ${firing - MAX_SHOWN} more`] : []),
  ].join('\n');
};

export interface AddSilenceOptions {
  readonly matchers: readonly string[];
  readonly for: string;
  readonly author: string;
  readonly comment: string;
  /** Only shows what it would mute. */
  readonly preview: boolean;
  readonly json: boolean;
  readonly nowMs: number;
}

/** Sets a silence from now on, and shows what it mutes. */
export const addSilence = async (api: Api, { matchers, for: length, author, comment, preview, json, nowMs }: AddSilenceOptions): Promise<string> => {
  const endsAt = new Date(nowMs + durationArgument(length, '--for')).toISOString();
  const shown = await previewSilence(api, matchers, json);
  if (preview) return shown;
  if (comment === '') throw new PermanentError('add silence: found no --comment, say why');
  const wanted = { matchers: matcherArguments(matchers), startsAt: new Date(nowMs).toISOString(), endsAt, createdBy: author, comment };
  const { silenceID } = JSON.parse(await callApi(api, PATH, { method: 'POST', body: JSON.stringify(wanted), contentType: 'application/json' })) as { readonly silenceID: string };
  return json ? JSON.stringify({ silenceID, preview: JSON.parse(shown) as unknown }) : `${shown}\n\nsilence ${silenceID} until ${endsAt}`;
};
