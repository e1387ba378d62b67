import { ALERT_MUTANTS } from './alerts-table.ts';
import type { Mutant } from './mutant.ts';
import { STORAGE_MUTANTS } from './storage-table.ts';

const STORE = 'functions/store/store.ts';
const SLICE = 'functions/store/slice.ts';
const WATERMARKS = 'shared/catalog/watermarks.ts';

/** Each breaks a promise that someone outside of the product can see. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: 'the answer is 2xx before the stream has taken the records',
    file: 'functions/ingest/take-request.ts',
    find: 'await ports.putRecords(records);',
    replace: 'void ports.putRecords(records).catch(() => undefined);',
  },
  {
    name: 'records that the stream refused one by one are forgotten',
    file: 'shared/aws/stream-kinesis.ts',
    find: 'if (refused.length === 0) return;',
    replace: 'if (refused.length < left.length || attempt > 1) return;',
  },
  {
    name: 'the client drops what is answered with 503',
    file: 'shared/client/metrics-client.ts',
    find: 'kept: answer.status === 429 || answer.status >= 500',
    replace: 'kept: answer.status === 429',
  },
  {
    name: 'the watermark is raised before the batch is stored',
    file: STORE,
    find: `    for (const prepared of prepare(delivery, options, tally)) await storeSlice(ports, prepared, options, tally);
    await raiseWatermark(ports.catalog, delivery.shardId, newestArrivalMs(delivery));`,
    replace: `    await raiseWatermark(ports.catalog, delivery.shardId, newestArrivalMs(delivery));
    for (const prepared of prepare(delivery, options, tally)) await storeSlice(ports, prepared, options, tally);`,
  },
  {
    name: 'the catalog row is written before the object',
    file: STORE,
    find: `    await objects.putIfAbsent(key, bytes);
    await addHotFile(catalog, { ...hotObject, key, bytes: bytes.length });`,
    replace: `    await addHotFile(catalog, { ...hotObject, key, bytes: bytes.length });
    await objects.putIfAbsent(key, bytes);`,
  },
  {
    name: 'a hot object is named by its first record alone',
    file: STORE,
    find: '-${firstSequence}-${lastSequence}-${contents}.parquet',
    replace: '-${firstSequence}.parquet',
  },
  {
    name: 'an object that is there already gets no catalog row',
    file: STORE,
    find: 'await objects.putIfAbsent(key, bytes);',
    replace: 'if (!(await objects.putIfAbsent(key, bytes))) continue;',
  },
  {
    name: 'records that cannot be stored are left out without quarantine',
    file: STORE,
    find: 'if (slice.quarantined.length > 0) await quarantine(ports, slice.quarantined);',
    replace: '',
  },
  {
    name: 'a record that ends the process is tried for ever',
    file: STORE,
    find: 'if (attempt < LAST_ATTEMPT) prepared',
    replace: 'if (attempt < Number.POSITIVE_INFINITY) prepared',
  },
  {
    name: 'an outage is held against the record',
    file: STORE,
    find: 'else await attempts.spare(ports.catalog, shardId).catch(() => undefined);',
    replace: 'else attempts.blame(shardId);',
  },
  {
    name: 'limits are judged by the first arrival of a batch',
    file: SLICE,
    find: 'applyLimits(frame.batch, record.arrivalMs, limits',
    replace: 'applyLimits(frame.batch, (this.first as DeliveredRecord).arrivalMs, limits',
  },
  {
    name: 'records of one id are taken for the same, whatever they hold',
    file: SLICE,
    find: 'return before !== undefined && Buffer.compare(before, data) === 0;',
    replace: 'return before !== undefined;',
  },
  {
    name: 'the watermark of the installation is the greatest of its shards',
    file: WATERMARKS,
    find: 'Math.min(...marks.map(',
    replace: 'Math.max(...marks.map(',
  },
  {
    name: 'the watermark is known before the shards are listed',
    file: WATERMARKS,
    find: 'return isListed(rows) && marks.length > 0 ?',
    replace: 'return marks.length > 0 ?',
  },
  {
    name: 'a child shard enters at the greatest watermark there is',
    file: WATERMARKS,
    find: 'inherited.length === 0 ? 0 : Math.min(...inherited)',
    replace: 'Math.max(0, ...[...marks.values()].map((mark) => mark.watermarkMs))',
  },
  {
    name: 'a shard enters with its first record, not when it is listed',
    file: WATERMARKS,
    find: 'for (const mark of entering(shards, marks, outlived))',
    replace: 'for (const mark of entering([], marks, outlived))',
  },
  {
    name: 'arrival stamps are taken to be monotonic',
    file: WATERMARKS,
    find: 'const watermarkMs = arrivalMs - ARRIVAL_SKEW_MS;',
    replace: 'const watermarkMs = arrivalMs;',
  },
  {
    name: 'an hour is not added to the list of hours',
    file: 'shared/catalog/hot-files.ts',
    find: '{ put: { pk: HOURS, sk: hour, attributes: {} } },',
    replace: '',
  },
  {
    name: 'a select does not remove what stands twice',
    file: 'shared/storage/series-merge.ts',
    find: 'return overlaps ? sortSeriesSamples(tMs, values, at, end, histograms) : end;',
    replace: 'return end;',
  },
  {
    name: 'of two values of one sample the first to be read stays',
    file: 'shared/storage/sample-order.ts',
    find: '(t[a] as number) - (t[b] as number) || compare(v, bits, a, b)',
    replace: '(t[a] as number) - (t[b] as number)',
  },
  {
    name: 'a stale marker is taken for a NaN like others',
    file: 'shared/storage/sample-order.ts',
    find: 'return isStaleAt(bits, i) ? 2 : 1;',
    replace: 'return 1;',
  },
  ...STORAGE_MUTANTS.map((mutant) => ({ ...mutant, only: 'compaction' as const })),
  ...ALERT_MUTANTS.map((mutant) => ({ ...mutant, only: 'alerts' as const })),
];
