import type { Item, ItemTable, ItemWrite } from '../../catalog/item-table.ts';
import { PermanentError } from '../../errors.ts';
import type { Matcher } from '../../promql/matcher.ts';
import { audit } from '../audit.ts';
import { revise } from '../revisions.ts';
import { compileMatchers, formatMatchers } from '../routing/matcher-text.ts';
import { checkedSilence, keepsIdentity, silenceId, silenceState } from './silence.ts';
import type { Silence, WantedSilence } from './silence.ts';

const PK = 'silence';

/** Alertmanager's `--data.retention`: expired silences are shown for so long. */
const RETENTION_MS = 120 * 3_600_000;

/** Each flush looks at all that are active, and they are read at once. */
const MAX_SILENCES = 5000;

/** A change by somebody. */
export interface ChangeBy {
  readonly actor: string;
  readonly nowMs: number;
  /** 16 fresh random bytes or more. */
  readonly random: Uint8Array;
}

/** All that are stored, also those that have ended within the last five days. */
export const readSilences = async (items: ItemTable): Promise<readonly Silence[]> => (await items.query(PK)).map(silenceOf);

export const readSilence = async (items: ItemTable, id: string): Promise<Silence | undefined> => {
  const item = await items.get({ pk: PK, sk: id });
  return item === undefined ? undefined : silenceOf(item);
};

/** Another change was faster. */
export class SilenceConflictError extends Error {
  override readonly name = 'SilenceConflictError';
}

/** There is none with this id. */
export class UnknownSilenceError extends Error {
  override readonly name = 'UnknownSilenceError';
}

/**
 * Creates a silence, or changes one. Gives its id, which is another one when the change makes it another silence; the old one
 * has ended then.
 * @throws PermanentError, UnknownSilenceError, SilenceConflictError
 */
export const setSilence = async (items: ItemTable, wanted: WantedSilence, by: ChangeBy, maxSilenceMs: number): Promise<string> => {
  const { nowMs, random } = by;
  const before = wanted.id === undefined ? undefined : await readSilence(items, wanted.id);
  if (wanted.id !== undefined && before === undefined) throw new UnknownSilenceError(`set silence ${wanted.id}: found none with this id`);
  const fresh = silenceId(random);
  if (before !== undefined && keepsIdentity(before, wanted, nowMs)) {
    const startsAtMs = silenceState(before, nowMs) === 'active' ? before.startsAtMs : wanted.startsAtMs;
    const checked = checkedSilence(wanted, { id: before.id, nowMs, maxSilenceMs: maxSilenceMs + nowMs - Math.min(startsAtMs, nowMs) });
    await change(items, by, fresh, [putOver({ ...checked, startsAtMs }, before)], { action: 'silence changed', silence: { ...checked, startsAtMs } });
    return before.id;
  }
  const silence = checkedSilence(wanted, { id: fresh, nowMs, maxSilenceMs });
  if ((await items.query(PK, { limit: MAX_SILENCES })).length >= MAX_SILENCES) throw new PermanentError(`set silence: found ${MAX_SILENCES} silences, at most as many are allowed`);
  const ending = before !== undefined && silenceState(before, nowMs) !== 'expired' ? [putOver(endedSilence(before, nowMs), before)] : [];
  await change(items, by, fresh, [{ put: itemOf(silence), when: { is: 'absent' } }, ...ending], { action: 'silence created', silence });
  return fresh;
};

/** Ends a silence now. @throws UnknownSilenceError, SilenceConflictError; PermanentError when it has ended already. */
export const expireSilence = async (items: ItemTable, id: string, by: ChangeBy): Promise<void> => {
  const before = await readSilence(items, id);
  if (before === undefined) throw new UnknownSilenceError(`expire silence ${id}: found none with this id`);
  if (silenceState(before, by.nowMs) === 'expired') throw new PermanentError(`expire silence ${id}: found it expired already`);
  const ended = endedSilence(before, by.nowMs);
  await change(items, by, silenceId(by.random), [putOver(ended, before)], { action: 'silence expired', silence: ended });
};

const endedSilence = (silence: Silence, nowMs: number): Silence => ({ ...silence, startsAtMs: Math.min(silence.startsAtMs, nowMs), endsAtMs: nowMs, updatedAtMs: nowMs });

const change = async (
  items: ItemTable,
  { actor, nowMs }: ChangeBy,
  fresh: string,
  writes: readonly ItemWrite[],
  { action, silence }: { readonly action: 'silence created' | 'silence changed' | 'silence expired'; readonly silence: Silence },
): Promise<void> => {
  const detail = `${formatMatchers(silence.matchers.matchers)} until ${new Date(silence.endsAtMs).toISOString()}: ${silence.comment}`;
  const entry = audit({ atMs: nowMs, id: fresh, action, actor, author: silence.createdBy, subject: silence.id, detail });
  const outcome = await items.transact([...writes, revise('silences', fresh), entry]);
  if (!outcome.done) throw new SilenceConflictError(`set silence ${silence.id}: found it changed by somebody else just now, look at it and try again`);
};

/** `updatedAtMs` may be the same twice: whoever writes in the same millisecond wins over the other. */
const putOver = (silence: Silence, before: Silence): ItemWrite => ({ put: itemOf(silence), when: { is: 'equal', attribute: 'updatedAtMs', value: before.updatedAtMs } });

const itemOf = ({ id, matchers, ...rest }: Silence): Item => ({
  pk: PK,
  sk: id,
  attributes: { matchers: JSON.stringify(matchers.matchers), ...rest },
  expiresAtS: Math.ceil((rest.endsAtMs + RETENTION_MS) / 1000),
});

const silenceOf = ({ sk, attributes }: Item): Silence => ({
  id: sk,
  matchers: compileMatchers(JSON.parse(String(attributes['matchers'])) as Matcher[]),
  startsAtMs: Number(attributes['startsAtMs']),
  endsAtMs: Number(attributes['endsAtMs']),
  updatedAtMs: Number(attributes['updatedAtMs']),
  createdBy: String(attributes['createdBy']),
  comment: String(attributes['comment']),
});
