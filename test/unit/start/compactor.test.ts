import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compactMinute } from '../../../functions/compact/compact.ts';
import { runCompactor } from '../../../scripts/start/compactor.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';
import { lakeOf } from '../../../scripts/start/lake.ts';
import { makeProductMetrics, type ProductMetrics } from '../../../scripts/start/product-metrics.ts';
import { toTextFormat } from '../../../shared/client/text-format.ts';
import type { CompactPorts } from '../../../shared/compaction/compact-hour.ts';
import { openObjectDirectory } from '../../../shared/embedded/object-directory.ts';
import { openQuery, type OpenQuery } from '../query/open-query.ts';

let query: OpenQuery;
let ports: CompactPorts;
let metrics: ProductMetrics;
let said: string[];
beforeEach(async () => {
  query = await openQuery();
  ports = { objects: await openObjectDirectory(query.dir), catalog: query.catalog };
  metrics = makeProductMetrics();
  said = [];
});
afterEach(() => query.close());

const run = (over: CompactPorts = ports): { stop(): Promise<void> } =>
  runCompactor({
    compact: (given, stopping) => compactMinute(over, { ...lakeOf('/', DEFAULT_RETENTION), ...given, hasTime: () => !stopping.aborted }),
    timing: { everyMs: 20, openHotFiles: 3 },
    metrics,
    say: (line) => void said.push(line),
  });

const until = async (test: () => Promise<boolean>): Promise<void> => {
  for (let i = 0; i < 500 && !(await test()); i++) await sleep(10);
};

const isMerged = async (): Promise<boolean> => (await query.catalog.query('partition/raw')).length > 0;

describe('runCompactor', () => {
  it('merges what is due, counts it, and says nothing', async () => {
    const compactor = run();
    for (let i = 0; i < 3; i++) await query.store(['m', '{}', [i, i]]);
    await until(isMerged);
    await compactor.stop();
    expect(said).toEqual([]);
    expect(await query.catalog.query('hot/2026-01-01-12')).toEqual([]);
    expect(toTextFormat(metrics.registry)).toMatch(/^tidemark_compact_merges_total 1$[^]*^tidemark_compact_hot_files_total 3$/m);
  });

  it('ends the merge it is at before it stops, and begins no other', async () => {
    for (const hour of [0, 1, 2]) for (let i = 0; i < 3; i++) await query.store(['m', '{}', [hour * -3_600_000 + i, i]]);
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const putIfAbsent: CompactPorts['objects']['putIfAbsent'] = async (key, bytes) => {
      begin();
      await sleep(30);
      return ports.objects.putIfAbsent(key, bytes);
    };
    const compactor = run({ ...ports, objects: { ...ports.objects, get: (key, range) => ports.objects.get(key, range), putIfAbsent } });
    await begun;
    await compactor.stop();
    expect(await query.catalog.query('partition/raw')).toHaveLength(1);
  });

  it('says what fails once, goes on, and says it again when it comes back', async () => {
    let fails = true;
    let steps = 0;
    const items: CompactPorts['catalog'] = {
      get: (key) => ports.catalog.get(key),
      transact: (writes) => ports.catalog.transact(writes),
      query: async (pk, range) => {
        if (pk === 'hours') steps++;
        if (fails) throw new Error('the table is away');
        return ports.catalog.query(pk, range);
      },
    };
    for (let i = 0; i < 3; i++) await query.store(['m', '{}', [i, i]]);
    const compactor = run({ ...ports, catalog: items });
    await until(async () => said.length > 0);
    await sleep(60);
    expect(said).toEqual(['compact: the table is away']);
    fails = false;
    await until(isMerged);
    fails = true;
    const before = steps;
    await until(async () => said.length > 1 || steps > before + 50);
    await compactor.stop();
    expect(said.length).toBeGreaterThan(1);
    expect(toTextFormat(metrics.registry)).toMatch(/tidemark_failures_total\{part="compact"\} \d/);
  });
});
