import type { Item, ItemTable, ItemWrite } from '../catalog/item-table.ts';
import { PermanentError } from '../errors.ts';
import { formatDurationMs } from '../model/duration.ts';
import { labelsFromJson, labelsToJson } from '../model/labels.ts';
import type { Labels } from '../model/labels.ts';
import { audit } from './audit.ts';
import type { AuditEntry } from './audit.ts';
import { alertHash } from './dispatch/told-alert.ts';
import type { ToldAlert } from './dispatch/told-alert.ts';
import { revise } from './revisions.ts';
import { silenceId } from './silences/silence.ts';
import type { ChangeBy } from './silences/silence-store.ts';

const PK = 'acknowledged';

/** All of them are read at once, and each flush looks at all. */
export const MAX_ACKNOWLEDGEMENTS = 5000;

/** As silences: nobody remembers one of more than a month. */
export const MAX_ACKNOWLEDGED_MS = 31 * 86_400_000;

/** Of people's texts. */
const MAX_TEXT_BYTES = 4096;

/** With labels of 16 KB each, a third of what a transaction takes (4 MB); the revision and the audit entry are in it too. */
const WRITES_AT_ONCE = 90;

/** Somebody has taken on an alert that fires: it is not repeated and does not escalate, until it ends. */
export interface Acknowledgement {
  readonly labels: Labels;
  /** When the alert began to fire: it holds for this time that it fires, and not for the next one. */
  readonly startsAtMs: number;
  readonly atMs: number;
  readonly endsAtMs: number; // exclusive
  readonly author: string;
  readonly comment: string;
  /** The API key; `local` where the installation is open. */
  readonly actor: string;
}

export const readAcknowledgements = async (items: ItemTable): Promise<readonly Acknowledgement[]> => (await items.query(PK)).map(acknowledgementOf);

type Known = Pick<ToldAlert, 'hash' | 'startsAtMs' | 'endedAtMs'>;

/**
 * Hashes of alerts whose acknowledgement holds, and acknowledgements whose alert has ended, or has begun anew: nobody can want these back,
 * so they may be removed. One whose own time is over holds no longer, and stays until then, as it may be given again at any moment.
 * `alerts` are all that are known, by canonical labels JSON.
 */
export const sortAcknowledgements = (
  acknowledgements: readonly Acknowledgement[],
  alerts: ReadonlyMap<string, Known>,
  nowMs: number,
): { readonly holding: ReadonlySet<string>; readonly over: ReadonlySet<Acknowledgement> } => {
  const holding = new Set<string>();
  const over = new Set<Acknowledgement>();
  for (const each of acknowledgements) {
    const alert = alerts.get(labelsToJson(each.labels));
    if (alert === undefined || alert.endedAtMs !== undefined || alert.startsAtMs > each.startsAtMs) over.add(each);
    else if (holdsFor(each, alert, nowMs)) holding.add(alert.hash);
  }
  return { holding, over };
};

/** Whether it holds for an alert that fires. One from outside may learn that it began earlier; a later beginning is another time. */
export const holdsFor = ({ startsAtMs, endsAtMs }: Acknowledgement, alert: Pick<ToldAlert, 'startsAtMs'>, nowMs: number): boolean => nowMs < endsAtMs && alert.startsAtMs <= startsAtMs;

/** What a person says. */
export interface WantedAcknowledgement {
  /** Alerts that fire. */
  readonly alerts: readonly Pick<ToldAlert, 'labels' | 'startsAtMs'>[];
  readonly author: string;
  readonly comment: string;
  /** Until they end, or 31 days are over, if absent. */
  readonly forMs?: number;
  /** How the alerts were named, for the audit. */
  readonly subject: string;
}

/** Stores an acknowledgement for each alert, over an earlier one. @throws PermanentError */
export const acknowledge = async (items: ItemTable, wanted: WantedAcknowledgement, by: ChangeBy): Promise<readonly Acknowledgement[]> => {
  const { alerts, author, comment, forMs = MAX_ACKNOWLEDGED_MS } = wanted;
  if (alerts.length === 0) throw new PermanentError('acknowledge alerts: found none that fires, at least one is needed');
  if (!(forMs > 0 && forMs <= MAX_ACKNOWLEDGED_MS)) throw new PermanentError(`acknowledge alerts: found ${formatDurationMs(Math.max(forMs, 0))}, more than 0s and at most ${formatDurationMs(MAX_ACKNOWLEDGED_MS)} is allowed`);
  checkTexts(author, comment);
  const made = alerts.map(({ labels, startsAtMs }): Acknowledgement => ({ labels, startsAtMs, atMs: by.nowMs, endsAtMs: by.nowMs + forMs, author, comment, actor: by.actor }));
  const stored = await items.query(PK, { limit: MAX_ACKNOWLEDGEMENTS + 1 });
  const keys = new Set([...stored.map(({ sk }) => sk), ...made.map((each) => keyOf(each).sk)]);
  if (keys.size > MAX_ACKNOWLEDGEMENTS) throw new PermanentError(`acknowledge alerts: found more than ${MAX_ACKNOWLEDGEMENTS} acknowledged alerts, so many are allowed`);
  const until = forMs === MAX_ACKNOWLEDGED_MS ? '' : ` until ${new Date(by.nowMs + forMs).toISOString()}`;
  await change(items, made.map((each): ItemWrite => ({ put: itemOf(each) })), { action: 'alerts acknowledged', author, subject: wanted.subject, detail: (n) => `${n} ${n === 1 ? 'alert' : 'alerts'}${until}: ${comment}` }, by);
  return made;
};

export interface WithdrawnAcknowledgement {
  readonly acknowledgements: readonly Acknowledgement[];
  readonly author: string;
  readonly subject: string;
}

/** Ends acknowledgements: their alerts are repeated and escalate again. @throws PermanentError */
export const withdraw = async (items: ItemTable, { acknowledgements, author, subject }: WithdrawnAcknowledgement, by: ChangeBy): Promise<void> => {
  checkTexts(author);
  await change(items, acknowledgements.map(removeAcknowledgement), { action: 'acknowledgements ended', author, subject, detail: (n) => `${n} ${n === 1 ? 'alert' : 'alerts'}` }, by);
};

export const removeAcknowledgement = (acknowledgement: Acknowledgement): ItemWrite => ({ remove: keyOf(acknowledgement) });

/** @throws PermanentError when a person's text is too long, or no text. */
export const checkTexts = (...texts: readonly string[]): void => {
  for (const text of texts) {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_TEXT_BYTES || !text.isWellFormed()) throw new PermanentError(`read author and comment: found a text of ${bytes} bytes, at most ${MAX_TEXT_BYTES} of well-formed text are allowed`);
  }
};

interface Change extends Pick<AuditEntry, 'action' | 'author' | 'subject'> {
  readonly detail: (alerts: number) => string;
}

/** Each transaction tells the evaluator and the audit: what a crash leaves undone is in neither. */
const change = async (items: ItemTable, writes: readonly ItemWrite[], { detail, ...entry }: Change, { actor, nowMs, random }: ChangeBy): Promise<void> => {
  for (let from = 0; from < writes.length; from += WRITES_AT_ONCE) {
    const part = writes.slice(from, from + WRITES_AT_ONCE);
    const id = `${silenceId(random)}-${from}`;
    await items.transact([...part, revise('acknowledgements', id), audit({ atMs: nowMs, id, actor, detail: detail(part.length), ...entry })]);
  }
};

/** A key for each time that the alert fires: what ends one never touches the next. */
const keyOf = ({ labels, startsAtMs }: Acknowledgement): { pk: string; sk: string } => ({ pk: PK, sk: `${alertHash(labels)}@${startsAtMs}` });

const itemOf = (acknowledgement: Acknowledgement): Item => {
  const { labels, ...rest } = acknowledgement;
  return { ...keyOf(acknowledgement), attributes: { labels: labelsToJson(labels), ...rest }, expiresAtS: Math.ceil(rest.endsAtMs / 1000) };
};

const acknowledgementOf = ({ attributes }: Item): Acknowledgement => ({
  labels: labelsFromJson('', String(attributes['labels'])),
  startsAtMs: Number(attributes['startsAtMs']),
  atMs: Number(attributes['atMs']),
  endsAtMs: Number(attributes['endsAtMs']),
  author: String(attributes['author']),
  comment: String(attributes['comment']),
  actor: String(attributes['actor']),
});
