import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ItemTable, ItemWrite } from '../catalog/item-table.ts';
import type { Labels } from '../model/labels.ts';
import { tellsTheSame } from './roster.ts';
import type { Roster, RosterSeries, SeriesByKey } from './roster.ts';

const PK = 'roster';

/**
 * Of the packed text: an item has 400 KB (DynamoDB). Label sets of hosts and paths pack to some 10 bytes each, so about 30,000 fit;
 * a larger roster lives in memory alone, and a new holder learns it from the samples.
 */
const MAX_PACKED_CHARS = 380_000;

/** Of the text itself: what a damaged item may unfold to. */
const MAX_TEXT_BYTES = 64 * 1024 * 1024;

/** Written anew when it is as old: so one that is older belongs to a rule that has not been evaluated since. */
const REFRESH_MS = 3_600_000;

/** Longer than the longest window. */
const KEEP_MS = 9 * 86_400_000;

/** One series: its key, labels, and the times where they say more than "reports". */
type Line = readonly [key: string, labels: Labels, lastSeenMs: number | null, backMs: number | null];

const linesOf = (series: SeriesByKey, seenMs: number): readonly Line[] =>
  [...series].map(([key, { labels, lastSeenMs, backMs }]): Line => [key, labels, lastSeenMs === seenMs ? null : lastSeenMs, backMs ?? null]);

const seriesOf = (lines: readonly Line[], seenMs: number): SeriesByKey =>
  new Map(lines.map(([key, labels, lastSeenMs, backMs]): [string, RosterSeries] => [key, { labels, lastSeenMs: lastSeenMs ?? seenMs, ...(backMs === null ? {} : { backMs }) }]));

/** What the table has of a rule. */
export interface StoredRoster {
  readonly roster: Roster;
  /** The slot in which it was written; the roster may hold for a later one. */
  readonly writtenMs: number;
}

/** Whether a roster must be written, after `stored` was. */
export const isWorthStoring = (stored: StoredRoster | undefined, roster: Roster): boolean =>
  stored === undefined || !tellsTheSame(stored.roster, roster) || roster.seenMs - stored.writtenMs >= REFRESH_MS;

/** Keeps a rule's roster for a holder to come. */
export const writeRoster = (ruleId: string, { of, seenMs, fromMs, series, declared }: Roster): ItemWrite => {
  const text = JSON.stringify([of, linesOf(series, seenMs), linesOf(declared, seenMs)]);
  const packed = Buffer.byteLength(text) > MAX_TEXT_BYTES ? undefined : deflateRawSync(text).toString('base64');
  if (packed === undefined || packed.length > MAX_PACKED_CHARS) return { remove: { pk: PK, sk: ruleId } };
  return { put: { pk: PK, sk: ruleId, attributes: { seenMs, fromMs, packed }, expiresAtS: Math.ceil((seenMs + KEEP_MS) / 1000) } };
};

/**
 * A rule's roster as it was stored. What reported then still did at `wholeMs`, the last slot of its group, if the rule was evaluated in
 * it: otherwise the roster would have been written anew. Undefined where it is not known to have been.
 */
export const readRoster = async (items: ItemTable, ruleId: string, wholeMs: number | undefined): Promise<StoredRoster | undefined> => {
  const item = await items.get({ pk: PK, sk: ruleId });
  if (item === undefined) return undefined;
  const { attributes } = item;
  const text = inflateRawSync(Buffer.from(String(attributes['packed']), 'base64'), { maxOutputLength: MAX_TEXT_BYTES }).toString();
  const [of, series, declared] = JSON.parse(text) as [string, Line[], Line[]];
  const writtenMs = Number(attributes['seenMs']);
  const seenMs = wholeMs !== undefined && wholeMs > writtenMs && wholeMs - writtenMs < REFRESH_MS ? wholeMs : writtenMs;
  return { roster: { of, seenMs, fromMs: Number(attributes['fromMs']), series: seriesOf(series, seenMs), declared: seriesOf(declared, seenMs) }, writtenMs };
};
