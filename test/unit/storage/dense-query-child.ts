import { readFileSync } from 'node:fs';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { HOUR_MS } from '../../../shared/model/hour.ts';
import { evaluateInstant, evaluateRange, type QueryOptions } from '../../../shared/promql/engine.ts';
import type { ObjectStore } from '../../../shared/storage/object-store.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectBatches } from '../../../shared/storage/select-batches.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { DENSE_START_MS } from '../../support/dense-lake.ts';

/** Runs one query over the first hours of the lake in a folder, at their end or over all of them, and prints what it took: the process has had no other work. */
const [dir = '', query = '', hours = '', at = ''] = process.argv.slice(2);
const tables = await openItemTables(`${dir}/catalog.sqlite`, ['catalog']);
const directory = await openObjectDirectory(dir);
let readBytes = 0;
let requests = 0;
const get: ObjectStore['get'] = async (key, range) => {
  const found = await directory.get(key, range);
  readBytes += found.length;
  requests++;
  return found;
};
const ports = { objects: { get }, catalog: tables.table('catalog'), cache: makePieceCache(16e6), limits: { maxSamples: 50_000_000 }, retention: DEFAULT_RETENTION, nowMs: DENSE_START_MS + 24 * HOUR_MS };
/** So that neither the first sample of these hours is left out nor the first of the next one is in. */
const startMs = DENSE_START_MS - 1;
const endMs = startMs + Number(hours) * HOUR_MS;
/** Not `maxRSS`, which a process begins with that of the one it was started by. */
const peakBytes = (): number => Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024;
const options: QueryOptions = { maxSamples: 8_000_000, sources: { batches: makeSelectBatches(ports) } };
const select = makeSelectSeries(ports);
const before = process.memoryUsage().rss;
const { samplesRead, ...result } = at === 'end' ? await evaluateInstant(select, query, endMs, options) : await evaluateRange(select, query, { startMs, endMs, stepMs: 60_000 }, options);
const grownBytes = peakBytes() - before;
const series = result.type === 'matrix' ? result.series.length : result.type === 'vector' ? result.labels.length : 0;
process.stdout.write(JSON.stringify({ samplesRead, series, grownBytes, readBytes, requests }));
await tables.close();
