import { createEvaluateMemory, evaluateTick } from '../../functions/evaluate/evaluate.ts';
import type { EvaluatePorts } from '../../functions/evaluate/evaluate.ts';
import { StoreMemory, storeDelivery } from '../../functions/store/store.ts';
import { NO_RECEIVERS } from '../../shared/alerting/receivers.ts';
import type { ItemTable } from '../../shared/catalog/item-table.ts';
import { readOnce } from '../../shared/catalog/read-once.ts';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { SampleBatchBuilder } from '../../shared/model/sample-batch.ts';
import { DEFAULT_PROMOTED_LABELS } from '../../shared/parquet/schema.ts';
import { parseRuleFile } from '../../shared/rules/rule-file.ts';
import type { RuleGroup } from '../../shared/rules/rule-group.ts';
import { MissingObjectError } from '../../shared/storage/object-store.ts';
import type { ObjectStore } from '../../shared/storage/object-store.ts';
import { makePieceCache } from '../../shared/storage/piece-cache.ts';
import { DEFAULT_MAX_SAMPLES, makeSelectSeries } from '../../shared/storage/select-series.ts';
import { makeRawFirst } from '../../shared/storage/select-tiers.ts';
import { DEFAULT_RETENTION } from '../../shared/tiers/retention.ts';
import { encodeFrames } from '../../shared/wire/frame.ts';
import type { Shard } from '../../shared/wire/record-stream.ts';
import { cpuSeconds } from './measure.ts';
import type { Measurement } from './measure.ts';

const METRICS = 100;
const SERVICES = 100;
const HOSTS_PER_SERVICE = 10;
const INTERVAL_MS = 15_000;
const FLUSH_MS = 10_000;
const START_MS = 1_700_000_100_000;
/** Of the lookback: five minutes lie behind the first tick. */
const WARM_MS = 330_000;
const TICKS = 6;

/** us-east-1: Lambda arm64 by GB-second at 1,769 MB, S3 GET, DynamoDB on-demand reads and writes (AWS price list, 2026). */
const LAMBDA_GB_SECOND = 0.0000133334;
const LAMBDA_GB = 1769 / 1024;
const S3_GET = 0.0000004;
const DYNAMO_REQUEST = 0.000000625;
const MONTH_S = 30 * 86_400;
const TICKS_PER_MONTH = (MONTH_S * 1000) / INTERVAL_MS;
/** Athena: $5 per TB scanned, at least 10 MB a query. */
const ATHENA_BYTE = 5 / 1e12;
const ATHENA_LEAST_BYTES = 10_000_000;

const SHARD: Shard = { shardId: 'shard-0', parentIds: [], startingHashKey: '0', open: true };

/** 10,000 rules in 100 groups, each over the ten series of one metric and service. */
const ruleGroups = (): readonly RuleGroup[] => {
  const group = (metric: number): string => {
    const lines = Array.from({ length: SERVICES }, (_, service) => `    - {alert: High_${metric}_${service}, expr: 'avg by (service) (metric_${metric}{service="s${service}"}) > 0.999', for: 5m}`);
    return `- name: g${metric}\n  interval: ${INTERVAL_MS / 1000}s\n  rules:\n${lines.join('\n')}\n`;
  };
  return parseRuleFile(Array.from({ length: METRICS }, (_, metric) => group(metric)).join(''), 'rules.yml').groups;
};

/** What went over the wire of the stores. */
class Traffic {
  bytes = 0;
  gets = 0;
  items = 0;

  objects(held: Map<string, Uint8Array>): ObjectStore {
    return {
      putIfAbsent: async (key, bytes) => {
        held.set(key, bytes);
        return true;
      },
      get: async (key, range) => {
        const bytes = held.get(key);
        if (bytes === undefined) throw new MissingObjectError(key);
        const part = range === undefined ? bytes : bytes.subarray(range.offset, range.offset + range.length);
        this.gets++;
        this.bytes += part.length;
        return part;
      },
    };
  }

  table(items: ItemTable): ItemTable {
    return {
      get: (key) => (this.items++, items.get(key)),
      query: (pk, range) => (this.items++, items.query(pk, range)),
      transact: (writes) => ((this.items += writes.length), items.transact(writes)),
    };
  }

  take(): { readonly bytes: number; readonly gets: number; readonly items: number } {
    const { bytes, gets, items } = this;
    [this.bytes, this.gets, this.items] = [0, 0, 0];
    return { bytes, gets, items };
  }
}

/** One sample of each of the 100,000 series. */
const flushAt = (tMs: number): readonly Uint8Array[] => {
  const batch = new SampleBatchBuilder();
  for (let service = 0; service < SERVICES; service++) {
    for (let host = 0; host < HOSTS_PER_SERVICE; host++) {
      const labels = JSON.stringify({ host: `h${service}-${host}`, region: 'eu-central-1', service: `s${service}` });
      for (let metric = 0; metric < METRICS; metric++) {
        batch.series(`metric_${metric}`, labels);
        batch.sample(tMs, ((tMs / 1000 + metric * 7 + service * 13 + host) % 1000) / 1000);
      }
    }
  }
  let number = 0;
  const nextRecordId = (): Uint8Array => {
    const id = Buffer.alloc(16);
    id.writeDoubleLE(tMs);
    id.writeUInt32LE(number++, 8);
    return id;
  };
  return encodeFrames(nextRecordId, { sender: 'bench', flushIntervalMs: FLUSH_MS }, batch.build()).map(({ bytes }) => bytes);
};

const row = (subject: string, metric: string, value: number, unit: string): Measurement => ({ bench: 'rules', case: 'tick', subject, metric, value, unit });

/**
 * 10,000 rules over 100,000 series that report every 10 s, evaluated every 15 s on one core: the mean of six ticks behind the first,
 * which reads five minutes of hot files. Reads and requests are counted at the ports; the month is that of one function that
 * stays up, with its S3 and DynamoDB requests. Beside it what Athena would take for a query per rule and tick: computed.
 */
export async function* rules(): AsyncGenerator<Measurement> {
  const tables = await openItemTables(':memory:', ['catalog', 'alerts']);
  try {
    const { seconds, bytes, requests, dollars } = await ourTicks(tables.table('catalog'), tables.table('alerts'));
    yield row('tidemark', 'cpu_seconds', seconds, 's');
    yield row('tidemark', 'bytes_read', bytes, 'bytes');
    yield row('tidemark', 'requests', requests, 'requests');
    yield row('tidemark', 'dollars_month', dollars, 'dollars');
  } finally {
    await tables.close();
  }
  const queries = METRICS * SERVICES;
  yield row('athena-per-rule', 'bytes_read', queries * ATHENA_LEAST_BYTES, 'bytes');
  yield row('athena-per-rule', 'requests', queries, 'requests');
  yield row('athena-per-rule', 'dollars_month', Math.round(queries * ATHENA_LEAST_BYTES * ATHENA_BYTE * TICKS_PER_MONTH), 'dollars');
}

const ourTicks = async (catalogItems: ItemTable, alertItems: ItemTable): Promise<{ seconds: number; bytes: number; requests: number; dollars: number }> => {
  const traffic = new Traffic();
  const held = new Map<string, Uint8Array>();
  const [objects, catalog] = [traffic.objects(held), traffic.table(catalogItems)];
  const groups = ruleGroups();
  const cache = makePieceCache(512 * 1024 * 1024);
  let nowMs = START_MS;
  const ports: EvaluatePorts = {
    objects,
    catalog,
    alerts: traffic.table(alertItems),
    openSelect: () => makeSelectSeries({ objects, catalog: readOnce(catalog), cache, limits: { maxSamples: DEFAULT_MAX_SAMPLES } }),
    openTiers: (select) => makeRawFirst({ objects, catalog: readOnce(catalog), cache, limits: { maxSamples: DEFAULT_MAX_SAMPLES }, retention: DEFAULT_RETENTION, nowMs }, select),
    rules: async () => ({ version: '1', groups }),
    alertmanager: async () => NO_RECEIVERS,
    putRecords: async () => undefined,
    listShards: async () => [SHARD],
    publish: async () => undefined,
    clockMs: Date.now,
    externalUrl: '',
  };
  const memory = createEvaluateMemory('00000000000000aa');
  const storeMemory = new StoreMemory();
  let sequence = 0;
  const storeUntil = async (endMs: number): Promise<void> => {
    for (; nowMs < endMs; nowMs += FLUSH_MS) {
      const records = flushAt(nowMs).map((data) => ({ sequence: String(sequence++), arrivalMs: nowMs + 1000, partitionKey: 'bench', data }));
      await storeDelivery({ objects, catalog: catalogItems }, { shardId: SHARD.shardId, records }, { promotedLabels: DEFAULT_PROMOTED_LABELS, memory: storeMemory });
    }
  };
  const tick = async (atMs: number, slots: number): Promise<void> => {
    const report = await evaluateTick(ports, memory, { nowMs: atMs });
    if (report.errors.length > 0 || report.ruleErrors > 0) throw new Error(`tick: found ${report.ruleErrors} rules in error, ${report.errors.join('; ')}`);
    if (report.slots !== slots || report.incompleteSlots > 0) throw new Error(`tick: found ${report.slots} slots, ${report.incompleteSlots} of them incomplete, ${slots} complete ones are due`);
  };
  await tick(START_MS, 0); // names the shard
  await storeUntil(START_MS + WARM_MS);
  await tick(START_MS + WARM_MS, METRICS);
  traffic.take();
  let seconds = 0;
  for (let i = 1; i <= TICKS; i++) {
    const atMs = START_MS + WARM_MS + i * INTERVAL_MS;
    await storeUntil(atMs);
    seconds += (await cpuSeconds(() => tick(atMs, METRICS))) / TICKS;
  }
  const { bytes, gets, items } = traffic.take();
  const requestDollars = ((gets * S3_GET + items * DYNAMO_REQUEST) / TICKS) * TICKS_PER_MONTH;
  return { seconds, bytes: Math.round(bytes / TICKS), requests: Math.round((gets + items) / TICKS), dollars: Math.round(MONTH_S * LAMBDA_GB * LAMBDA_GB_SECOND + requestDollars) };
};
