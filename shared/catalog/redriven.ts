import { mapBounded } from '../storage/map-bounded.ts';
import { type ItemKey, type ItemTable, MAX_TRANSACT_WRITES } from './item-table.ts';
import { QUARANTINE_KEPT_S } from './quarantine-files.ts';

const PARALLEL_GETS = 16;

/** Spread over 256 partitions: a redrive may remember as fast as the stream takes. */
const keyOf = (contents: string): ItemKey => ({ pk: `redriven/${contents.slice(0, 2)}`, sk: contents });

/** When each of these records was put back into the stream, by the hash of its bytes; undefined for one that never was. */
export const redrivenAt = async (items: ItemTable, contents: readonly string[]): Promise<readonly (number | undefined)[]> =>
  mapBounded(contents, PARALLEL_GETS, async (each) => {
    const sentMs = (await items.get(keyOf(each)))?.attributes['sentMs'];
    return sentMs === undefined ? undefined : Number(sentMs);
  });

/** By their bytes, since a record that is refused again comes back under another sequence. Each hash once. */
export const rememberRedriven = async (items: ItemTable, contents: readonly string[], sentMs: number): Promise<void> => {
  // Twice as long as quarantine: a record sent on its last day may come back and stay as long again.
  const expiresAtS = Math.ceil(sentMs / 1000) + 2 * QUARANTINE_KEPT_S;
  for (let i = 0; i < contents.length; i += MAX_TRANSACT_WRITES) {
    await items.transact(contents.slice(i, i + MAX_TRANSACT_WRITES).map((each) => ({ put: { ...keyOf(each), attributes: { sentMs }, expiresAtS } })));
  }
};
