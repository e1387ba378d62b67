import type { MetricMetadata } from '../model/sample-batch.ts';
import { type Item, type ItemTable, MAX_TRANSACT_WRITES } from './item-table.ts';

const PK = 'metadata';
/** A sort key has at most 1024 bytes (DynamoDB). */
const METRIC_MAX_BYTES = 1024;
/** Long enough for every help text of Prometheus' own exporters, short enough that 100 rows pass in one transaction. */
const TEXT_MAX_UNITS = 2000;
/** Two senders may describe a metric differently; the row then changes hands this seldom instead of with every batch. */
const HOLD_MS = 600_000;

/** Descriptions the catalog keeps, of the metrics that came first: rows and memory that a sender of ever new names cannot grow. */
export const METRICS_MAX = 50_000;

interface KnownMetadata {
  readonly text: string;
  readonly writtenMs: number;
}

/** What this process knows to stand in the catalog. One for the life of the process. */
export class MetadataCache {
  known: Map<string, KnownMetadata> | undefined;
}

/**
 * Keeps the latest description of each metric: a row is written when it is new, or when it differs and is not younger
 * than ten minutes. Names that no key can hold are left out, long texts are cut.
 */
export const saveMetadata = async (
  items: ItemTable,
  cache: MetadataCache,
  metadata: readonly MetricMetadata[],
  arrivalMs: number,
): Promise<void> => {
  if (metadata.length === 0) return;
  cache.known ??= new Map((await items.query(PK)).map((item) => [item.sk, knownFrom(item)]));
  const { known } = cache;
  const changed = new Map<string, Item>();
  let fresh = 0;
  for (const each of metadata) {
    const item = itemOf(each, arrivalMs);
    const before = known.get(each.metric);
    if (item === undefined || before?.text === textOf(item)) continue;
    const isNew = before === undefined && !changed.has(item.sk);
    if (isNew && known.size + fresh >= METRICS_MAX) continue;
    if (isNew) fresh++;
    if (before === undefined || arrivalMs - before.writtenMs >= HOLD_MS) changed.set(item.sk, item);
  }
  const puts = [...changed.values()];
  for (let i = 0; i < puts.length; i += MAX_TRANSACT_WRITES) {
    const group = puts.slice(i, i + MAX_TRANSACT_WRITES);
    await items.transact(group.map((put) => ({ put })));
    for (const item of group) known.set(item.sk, knownFrom(item));
  }
};

/** Every described metric, or one of them, by name. */
export const listMetadata = async (items: ItemTable, metric?: string): Promise<readonly MetricMetadata[]> => {
  if (metric === undefined) return (await items.query(PK)).map(metadataFrom);
  if (!storable(metric)) return [];
  const item = await items.get({ pk: PK, sk: metric });
  return item === undefined ? [] : [metadataFrom(item)];
};

const storable = (metric: string): boolean => metric !== '' && metric.isWellFormed() && Buffer.byteLength(metric) <= METRIC_MAX_BYTES;

const itemOf = ({ metric, type, help, unit }: MetricMetadata, arrivalMs: number): Item | undefined =>
  storable(metric) ? { pk: PK, sk: metric, attributes: { type: cut(type), help: cut(help), unit: cut(unit), arrivalMs } } : undefined;

/** The cut may fall into a surrogate pair; {@link String.toWellFormed} mends what is left of it. */
const cut = (text: string): string => (text.length > TEXT_MAX_UNITS ? text.slice(0, TEXT_MAX_UNITS) : text).toWellFormed();

const textOf = ({ attributes }: Item): string => JSON.stringify([attributes['type'], attributes['help'], attributes['unit']]);

const knownFrom = (item: Item): KnownMetadata => ({ text: textOf(item), writtenMs: Number(item.attributes['arrivalMs']) });

const metadataFrom = ({ sk, attributes }: Item): MetricMetadata => ({
  metric: sk,
  type: String(attributes['type']),
  help: String(attributes['help']),
  unit: String(attributes['unit']),
});
