import type { Item, ItemTable } from '../catalog/item-table.ts';
import { PermanentError } from '../errors.ts';
import { formatDurationMs } from '../model/duration.ts';
import { compileMatcher } from '../promql/matcher.ts';
import type { Matcher } from '../promql/matcher.ts';
import { audit } from './audit.ts';
import type { AuditEntry } from './audit.ts';
import { revise } from './revisions.ts';
import { compileMatchers, formatMatchers } from './routing/matcher-text.ts';
import type { MatcherSet } from './routing/matcher-text.ts';
import type { ChangeBy } from './silences/silence-store.ts';
import { silenceId } from './silences/silence.ts';

/**
 * Says of series that they go away on purpose: none that stops to report until `endsAtMs`, or has stopped before, counts as missing
 * from then on, until it has reported again.
 */
export interface Retirement {
  readonly id: string;
  readonly matchers: MatcherSet;
  readonly startsAtMs: number;
  readonly endsAtMs: number; // exclusive
  readonly createdBy: string;
  readonly comment: string;
}

/** What a person asks for. It begins at once. */
export interface WantedRetirement {
  readonly matchers: readonly Matcher[];
  readonly forMs: number;
  readonly createdBy: string;
  readonly comment: string;
}

const PK = 'retirement';

const DAY_MS = 86_400_000;

/** A removal is planned for days; of what has not gone in a month nobody knows that it was to go. */
export const DEFAULT_RETIREMENT_MS = 7 * DAY_MS;
const MAX_RETIREMENT_MS = 31 * DAY_MS;

/** A series that left by its very end is looked for during the longest `window` of a rule, 7 days. */
const RETENTION_MS = 8 * DAY_MS;

/** All are held against each series that is missing. */
const MAX_RETIREMENTS = 1000;
const MAX_MATCHERS = 64;
const MAX_TEXT_BYTES = 4096;

/** Another change was faster. */
export class RetirementConflictError extends Error {
  override readonly name = 'RetirementConflictError';
}

/** All that still say something, also those that have ended within the last days. */
export const readRetirements = async (items: ItemTable): Promise<readonly Retirement[]> => (await items.query(PK)).map(retirementOf);

/** @throws PermanentError for one that cannot be; RetirementConflictError. */
export const createRetirement = async (items: ItemTable, wanted: WantedRetirement, by: ChangeBy): Promise<Retirement> => {
  const retirement = checked(wanted, silenceId(by.random), by.nowMs);
  if ((await items.query(PK, { limit: MAX_RETIREMENTS })).length >= MAX_RETIREMENTS) refuse(`found ${MAX_RETIREMENTS} retirements, at most as many are allowed`);
  const outcome = await items.transact([{ put: itemOf(retirement), when: { is: 'absent' } }, revise('retirements', retirement.id), entryOf(retirement, 'retirement created', by)]);
  if (!outcome.done) throw new RetirementConflictError(`retire: found the id ${retirement.id} taken, try again`);
  return retirement;
};

/** Takes one back, as if it had never been said; false when there is none with this id. @throws RetirementConflictError */
export const removeRetirement = async (items: ItemTable, id: string, by: ChangeBy): Promise<boolean> => {
  const item = await items.get({ pk: PK, sk: id });
  if (item === undefined) return false;
  const outcome = await items.transact([{ remove: { pk: PK, sk: id }, when: { is: 'present' } }, revise('retirements', silenceId(by.random)), entryOf(retirementOf(item), 'retirement removed', by)]);
  if (!outcome.done) throw new RetirementConflictError(`remove retirement ${id}: found it removed by somebody else just now`);
  return true;
};

const entryOf = ({ id, matchers, endsAtMs, createdBy, comment }: Retirement, action: AuditEntry['action'], { nowMs, actor, random }: ChangeBy) =>
  audit({
    atMs: nowMs,
    id: silenceId(random),
    action,
    actor,
    author: createdBy,
    subject: id,
    detail: `${formatMatchers(matchers.matchers)} until ${new Date(endsAtMs).toISOString()}: ${comment}`,
  });

const checked = ({ matchers, forMs, createdBy, comment }: WantedRetirement, id: string, nowMs: number): Retirement => {
  if (matchers.length === 0 || matchers.length > MAX_MATCHERS) refuse(`found ${matchers.length} matchers, 1 to ${MAX_MATCHERS} are allowed`);
  const compiled = compileMatchers(matchers);
  if (matchers.every((matcher) => compileMatcher(matcher)(''))) refuse('found matchers that match every series, one of them must not match an empty value');
  if (!(forMs > 0 && forMs <= MAX_RETIREMENT_MS)) refuse(`found ${formatDurationMs(forMs)}, more than 0 and at most ${formatDurationMs(MAX_RETIREMENT_MS)} is allowed`);
  for (const text of [createdBy, comment, ...matchers.map(({ name, value }) => `${name}${value}`)]) {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_TEXT_BYTES || !text.isWellFormed()) refuse(`found a text of ${bytes} bytes, at most ${MAX_TEXT_BYTES} of well-formed text are allowed`);
  }
  if (comment.trim() === '') refuse('found no comment, one that says why is needed');
  return { id, matchers: compiled, startsAtMs: nowMs, endsAtMs: nowMs + forMs, createdBy, comment };
};

const refuse = (found: string): never => {
  throw new PermanentError(`retire: ${found}`);
};

const itemOf = ({ id, matchers, ...rest }: Retirement): Item => ({
  pk: PK,
  sk: id,
  attributes: { matchers: JSON.stringify(matchers.matchers), ...rest },
  expiresAtS: Math.ceil((rest.endsAtMs + RETENTION_MS) / 1000),
});

const retirementOf = ({ sk, attributes }: Item): Retirement => ({
  id: sk,
  matchers: compileMatchers(JSON.parse(String(attributes['matchers'])) as Matcher[]),
  startsAtMs: Number(attributes['startsAtMs']),
  endsAtMs: Number(attributes['endsAtMs']),
  createdBy: String(attributes['createdBy']),
  comment: String(attributes['comment']),
});
