import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { HOUR_MS } from '../../../shared/model/hour.ts';
import { evaluateRange } from '../../../shared/promql/engine.ts';
import { makePieceCache } from '../../../shared/storage/piece-cache.ts';
import { makeSelectBatches } from '../../../shared/storage/select-batches.ts';
import { makeSelectSeries } from '../../../shared/storage/select-series.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { DENSE_HOURS, DENSE_START_MS } from '../../support/dense-lake.ts';

/** Runs one query over the lake in a folder and prints what it took: the process has had no other work. */
const [dir = '', query = ''] = process.argv.slice(2);
const tables = await openItemTables(`${dir}/catalog.sqlite`, ['catalog']);
const ports = { objects: await openObjectDirectory(dir), catalog: tables.table('catalog'), cache: makePieceCache(16e6), limits: { maxSamples: 50_000_000 }, retention: DEFAULT_RETENTION, nowMs: DENSE_START_MS + 24 * HOUR_MS };
const endMs = DENSE_START_MS + DENSE_HOURS * HOUR_MS;
const before = process.memoryUsage().rss;
const { samplesRead, ...result } = await evaluateRange(makeSelectSeries(ports), query, { startMs: DENSE_START_MS, endMs, stepMs: 60_000 }, { maxSamples: 8_000_000, sources: { batches: makeSelectBatches(ports) } });
const grownBytes = process.resourceUsage().maxRSS * 1024 - before;
process.stdout.write(JSON.stringify({ samplesRead, series: result.type === 'matrix' ? result.series.length : 0, grownBytes }));
await tables.close();
