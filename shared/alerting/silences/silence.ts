import { createHash } from 'node:crypto';
import { PermanentError } from '../../errors.ts';
import { formatDurationMs } from '../../model/duration.ts';
import { compileMatcher } from '../../promql/matcher.ts';
import type { Matcher } from '../../promql/matcher.ts';
import { compileMatchers } from '../routing/matcher-text.ts';
import type { MatcherSet } from '../routing/matcher-text.ts';

/** Says, from a time to a time, that nobody is to be told of alerts with certain labels. */
export interface Silence {
  readonly id: string;
  readonly matchers: MatcherSet;
  readonly startsAtMs: number;
  readonly endsAtMs: number; // exclusive
  readonly updatedAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
}

/** What a person asks for; `id` names the silence that is to be changed. */
export interface WantedSilence {
  readonly id: string | undefined;
  readonly matchers: readonly Matcher[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
  readonly createdBy: string;
  readonly comment: string;
}

/** Nobody remembers a silence of more than a month; whoever needs it sets it again, or another limit. */
export const DEFAULT_MAX_SILENCE_MS = 31 * 86_400_000;

const MAX_MATCHERS = 64;
const MAX_TEXT_BYTES = 4096;

export const silenceState = ({ startsAtMs, endsAtMs }: Pick<Silence, 'startsAtMs' | 'endsAtMs'>, nowMs: number): 'pending' | 'active' | 'expired' => {
  if (nowMs < startsAtMs) return 'pending';
  return nowMs < endsAtMs ? 'active' : 'expired';
};

/**
 * The silence that is wanted, as it is to be stored; one that would begin in the past begins now.
 * @throws PermanentError saying what is wrong with it.
 */
export const checkedSilence = (wanted: WantedSilence, { id, nowMs, maxSilenceMs }: { readonly id: string; readonly nowMs: number; readonly maxSilenceMs: number }): Silence => {
  const { matchers, endsAtMs, createdBy, comment } = wanted;
  const startsAtMs = Math.max(wanted.startsAtMs, nowMs);
  if (matchers.length === 0 || matchers.length > MAX_MATCHERS) refuse(`found ${matchers.length} matchers, 1 to ${MAX_MATCHERS} are allowed`);
  const compiled = compileMatchers(matchers);
  if (matchers.every((matcher) => compileMatcher(matcher)(''))) refuse('found matchers that match every alert, one of them must not match an empty value');
  if (!(endsAtMs > nowMs)) refuse('found an end in the past, a later one is allowed');
  if (!(endsAtMs > startsAtMs)) refuse('found an end before the start, a later one is allowed');
  if (endsAtMs - startsAtMs > maxSilenceMs) refuse(`found ${formatDurationMs(endsAtMs - startsAtMs)}, at most ${formatDurationMs(maxSilenceMs)} is allowed here`);
  for (const text of [createdBy, comment, ...matchers.map(({ name, value }) => `${name}${value}`)]) {
    const bytes = Buffer.byteLength(text);
    if (bytes > MAX_TEXT_BYTES || !text.isWellFormed()) refuse(`found a text of ${bytes} bytes, at most ${MAX_TEXT_BYTES} of well-formed text are allowed`);
  }
  return { id, matchers: compiled, startsAtMs, endsAtMs, updatedAtMs: nowMs, createdBy, comment };
};

const refuse = (found: string): never => {
  throw new PermanentError(`set silence: ${found}`);
};

/**
 * Whether a change keeps the silence's identity: the same matchers, and no start that has passed is moved. Otherwise it is a new
 * silence, and the old one ends (alertmanager, silence.go: canUpdate).
 */
export const keepsIdentity = (before: Silence, wanted: WantedSilence, nowMs: number): boolean => {
  if (JSON.stringify(before.matchers.matchers) !== JSON.stringify(compileMatchers(wanted.matchers).matchers)) return false;
  const state = silenceState(before, nowMs);
  if (state === 'pending') return wanted.startsAtMs >= nowMs;
  // Clients know seconds or milliseconds of the start.
  return state === 'active' && Math.floor(before.startsAtMs / 1000) === Math.floor(wanted.startsAtMs / 1000);
};

/** A UUID (version 4 in form) made of fresh randomness. */
export const silenceId = (random: Uint8Array): string => {
  const hex = createHash('sha256').update(random).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};
