import { type ItemTable, MAX_TRANSACT_WRITES } from '../catalog/item-table.ts';
import { allPartitions } from '../catalog/partitions.ts';
import { hourOf } from '../model/hour.ts';
import { CLOSE_DELAY_MS } from './plan.ts';
import { hotListWrite, type ListNote, writtenLists } from './sql-list.ts';

/**
 * Has SQL read the hours from `openFrom` (`YYYY-MM-DD-HH`) on as hours in which a sample may stand several times, and earlier ones
 * as they are; '' is all hours. Any number of times; the last call counts.
 */
export type PublishView = (openFrom: string) => Promise<void>;

/** The view that people's statements go by. */
export interface SamplesView {
  readonly publish: PublishView;
  /** The columns of the view: other ones have it published again. */
  readonly promotedLabels: readonly string[];
  readonly clockMs: () => number;
}

/** Where the boundary stands. Each change of it, and each hour that begins to list hot files, is a version. */
export interface OpenHours {
  readonly version: number;
  readonly openFrom: string;
  /** What statements that run may still go by until the boundary has settled, if that is later. */
  readonly wasOpenFrom: string;
  /** Undefined while it is not known whether the view has been published. */
  readonly publishedAtMs: number | undefined;
  /** The columns with which it was. */
  readonly promotedLabels: string;
}

/** A statement looks at the view when it is planned, and at the lists right after. */
export const SETTLE_MS = 60_000;

const KEY = { pk: 'sql-view', sk: 'samples' } as const;

/** As deployed: every hour is open, so that nothing can be wrong. A deploy that resets the view to it does no harm either. */
const asDeployed = ({ promotedLabels }: SamplesView): OpenHours => ({ version: 0, openFrom: '', wasOpenFrom: '', publishedAtMs: 0, promotedLabels: String(promotedLabels) });

export const readOpenHours = async (catalog: ItemTable, view: SamplesView): Promise<OpenHours> => {
  const item = await catalog.get(KEY);
  if (item === undefined) return asDeployed(view);
  const { version, openFrom, wasOpenFrom, publishedAtMs, promotedLabels } = item.attributes;
  return {
    version: Number(version),
    openFrom: String(openFrom),
    wasOpenFrom: String(wasOpenFrom),
    publishedAtMs: publishedAtMs === undefined ? undefined : Number(publishedAtMs),
    promotedLabels: String(promotedLabels),
  };
};

const writeOf = ({ publishedAtMs, ...rest }: OpenHours) => ({
  put: { ...KEY, attributes: { ...rest, ...(publishedAtMs === undefined ? {} : { publishedAtMs }) } },
  when: rest.version === 1 ? ({ is: 'absent' } as const) : ({ is: 'equal', attribute: 'version', value: rest.version - 1 } as const),
});

const isSettled = ({ publishedAtMs }: OpenHours, nowMs: number): boolean => publishedAtMs !== undefined && nowMs >= publishedAtMs + SETTLE_MS;

const later = (a: string, b: string): string => (a > b ? a : b);

/** Moves the boundary. Does nothing where another planner was first: the next minute looks again. */
const move = async (catalog: ItemTable, view: SamplesView, from: OpenHours, openFrom: string): Promise<void> => {
  const wasOpenFrom = isSettled(from, view.clockMs()) ? from.openFrom : later(from.openFrom, from.wasOpenFrom);
  const meant: OpenHours = { version: from.version + 1, openFrom, wasOpenFrom, publishedAtMs: undefined, promotedLabels: String(view.promotedLabels) };
  if (!(await catalog.transact([writeOf(meant)])).done) return;
  await view.publish(openFrom);
  await catalog.transact([writeOf({ ...meant, version: meant.version + 1, publishedAtMs: view.clockMs() })]);
};

/** Moves the boundary back to the first hour with unmerged hot files, and publishes what a call that died did not. */
export const reopenHours = async (catalog: ItemTable, view: SamplesView, hotHours: readonly string[]): Promise<void> => {
  const from = await readOpenHours(catalog, view);
  const openFrom = hotHours.reduce((first, hour) => (hour < first ? hour : first), from.openFrom);
  const isCurrent = from.publishedAtMs !== undefined && from.promotedLabels === String(view.promotedLabels);
  if (openFrom !== from.openFrom || !isCurrent) await move(catalog, view, from, openFrom);
};

/**
 * The hours among these whose lists may name hot files. An hour that named none is announced first, in a version of its own: so it
 * cannot be sealed by a planner that has not seen the announcement.
 */
export const openForHot = async (catalog: ItemTable, view: SamplesView, hotHours: readonly string[]): Promise<ReadonlySet<string>> => {
  let from = await readOpenHours(catalog, view);
  const nowMs = view.clockMs();
  const isOpen = (hour: string): boolean => hour >= from.openFrom && (hour >= from.wasOpenFrom || isSettled(from, nowMs));
  const lists = await writtenLists(catalog, 'raw');
  const open = hotHours.filter(isOpen);
  const found = new Set(open.filter((hour) => lists.get(hour)?.holdsHot === true));
  const fresh = open.filter((hour) => !found.has(hour));
  for (let i = 0; i < fresh.length; i += MAX_TRANSACT_WRITES - 1) {
    const some = fresh.slice(i, i + MAX_TRANSACT_WRITES - 1);
    const next = { ...from, version: from.version + 1 };
    // Refused where another planner was first: the next minute looks again.
    if (!(await catalog.transact([writeOf(next), ...some.map(hotListWrite)])).done) break;
    for (const hour of some) found.add(hour);
    from = next;
  }
  return found;
};

export interface SealClock {
  readonly watermarkMs: number | undefined;
  /** Hours of which something could not be read. */
  readonly unread: Iterable<string>;
  /** Hours with hot rows. */
  readonly hotHours: Iterable<string>;
}

/** Moves the boundary on, past hours that are closed and whose lists name no hot file. */
export const sealHours = async (catalog: ItemTable, view: SamplesView, { watermarkMs, unread, hotHours }: SealClock): Promise<void> => {
  if (watermarkMs === undefined) return;
  // Before the lists: an hour that is announced after this makes the move fail.
  const from = await readOpenHours(catalog, view);
  if (from.publishedAtMs === undefined) return;
  const lists = await writtenLists(catalog, 'raw');
  const partitions = (await allPartitions(catalog, 'raw')).map(({ dt }) => dt);
  const held = [...unread, ...hotHours, ...partitions.filter((dt) => mayHoldHot(lists.get(dt))), ...[...lists].filter(([, note]) => note.holdsHot).map(([dt]) => dt)];
  const openFrom = held.reduce((first, hour) => (hour < first ? hour : first), firstUnclosed(watermarkMs));
  if (openFrom > from.openFrom) await move(catalog, view, from, openFrom);
};

const mayHoldHot = (note: ListNote | undefined): boolean => note?.holdsHot !== false;

const firstUnclosed = (watermarkMs: number): string => hourOf(Math.max(0, watermarkMs - CLOSE_DELAY_MS));
