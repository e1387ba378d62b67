import type { WebhookMessage } from '../../../shared/alerting/message.ts';
import type { PublishedNotification } from '../../../shared/alerting/publish.ts';
import { compileMatchers, parseMatchers } from '../../../shared/alerting/routing/matcher-text.ts';
import { NO_RECEIVERS } from '../../../shared/alerting/receivers.ts';
import type { AlertmanagerConfig } from '../../../shared/alerting/receivers.ts';
import { raiseWatermark } from '../../../shared/catalog/watermarks.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import { openItemTables } from '../../../shared/embedded/item-sqlite.ts';
import type { ItemTables } from '../../../shared/embedded/item-sqlite.ts';
import { makeLabels } from '../../../shared/model/labels.ts';
import type { LabelPair, Labels } from '../../../shared/model/labels.ts';
import { compileMatcher } from '../../../shared/promql/matcher.ts';
import type { SelectSeries } from '../../../shared/promql/series-source.ts';
import { pointBlock } from '../../../shared/rules/point-block.ts';
import type { PointValue } from '../../../shared/rules/point-block.ts';
import { parseRuleFile } from '../../../shared/rules/rule-file.ts';
import { MissingObjectError } from '../../../shared/storage/object-store.ts';
import type { OutgoingRecord, Shard } from '../../../shared/wire/record-stream.ts';
import { createEvaluateMemory, evaluateTick } from '../../../functions/evaluate/evaluate.ts';
import type { EvaluateMemory, EvaluatePorts, TickReport } from '../../../functions/evaluate/evaluate.ts';

export const BRIEF_RULES = `- name: instance_down
  rules:
    - alert: instance_down
      expr: up == 0
      for: 5m
      labels:
        severity: page
      annotations:
        summary: "{{ $labels.host }} has {{ $value }}"
`;

export const WEBHOOK: AlertmanagerConfig = {
  ...NO_RECEIVERS,
  // Each alert for itself, and at once: what the tests of rules look at. Own alerts are nobody's.
  route: {
    ...NO_RECEIVERS.route,
    receiver: 'ops',
    groupBy: 'all',
    groupWaitMs: 0,
    groupIntervalMs: 1,
    routes: [{ ...NO_RECEIVERS.route, receiver: 'nobody', matchers: compileMatchers(parseMatchers('tidemark="true"')) }],
  },
  receivers: [
    {
      name: 'ops',
      integrations: [{ id: 'ops/webhook/0', receiver: 'ops', channel: 'webhook', url: { text: 'http://127.0.0.1:1/' }, auth: { kind: 'none' }, maxAlerts: 0, signingSecrets: [], sendResolved: true }],
    },
    { name: 'nobody', integrations: [] },
  ],
};

export const SHARD: Shard = { shardId: 'shard-0', parentIds: [], startingHashKey: '0', open: true };

interface StoredSample {
  readonly labels: Labels;
  readonly tMs: number;
  readonly value: PointValue;
  /** From when on it can be read. */
  readonly storedAtMs: number;
}

/** A whole installation around the evaluator, on a virtual clock, on the embedded item table in memory. */
export class World {
  readonly samples: StoredSample[] = [];
  readonly published: PublishedNotification[] = [];
  readonly records: OutgoingRecord[] = [];
  /** The samples that walk the road stand apart. */
  readonly road: OutgoingRecord[] = [];
  readonly reports: TickReport[] = [];
  readonly alerts: ItemTable;
  readonly catalog: ItemTable;
  rulesText = BRIEF_RULES;
  alertmanager = WEBHOOK;
  shards: readonly Shard[] = [SHARD];
  nowMs = 0;
  failRecords = false;
  failSelect: ((metric: string) => boolean) | undefined;
  memory: EvaluateMemory;
  private readonly tables: ItemTables;

  private constructor(tables: ItemTables, number: number) {
    this.tables = tables;
    this.alerts = tables.table(tableName('alerts', number));
    this.catalog = tables.table(tableName('catalog', number));
    this.memory = createEvaluateMemory('00000000000000aa');
  }

  static async open(): Promise<World> {
    return (await World.openSome(1))[0] as World;
  }

  /** Several worlds over one thread of tables, which is quicker than a thread each. To be closed once. */
  static async openSome(count: number): Promise<readonly World[]> {
    const numbers = Array.from({ length: count }, (_, i) => i);
    // Items expire by the virtual clock in the evaluator's own reading; the table's clock stays at the beginning.
    const tables = await openItemTables(
      ':memory:',
      numbers.flatMap((number) => [tableName('alerts', number), tableName('catalog', number)]),
      { nowMs: () => 0 },
    );
    return numbers.map((number) => new World(tables, number));
  }

  close(): Promise<void> {
    return this.tables.close();
  }

  put(metric: string, labels: Record<string, string>, tMs: number, value: PointValue, storedAtMs = tMs): void {
    const pairs: LabelPair[] = [['__name__', metric], ...Object.entries(labels)];
    this.samples.push({ labels: makeLabels(pairs), tMs, value, storedAtMs });
  }

  readonly select: SelectSeries = async ({ matchers, fromMs, toMs }) => {
    const wanted = matchers.map((matcher) => ({ name: matcher.name, matches: compileMatcher(matcher) }));
    const metric = matchers.find((matcher) => matcher.name === '__name__')?.value ?? '';
    if (this.failSelect?.(metric) === true) throw new Error('select: the store does not answer');
    const found = new Map<string, StoredSample[]>();
    for (const sample of this.samples) {
      const valueOf = (name: string): string => sample.labels.find((pair) => pair[0] === name)?.[1] ?? '';
      if (sample.storedAtMs > this.nowMs || sample.tMs < fromMs || sample.tMs > toMs) continue;
      if (!wanted.every(({ name, matches }) => matches(valueOf(name)))) continue;
      const key = JSON.stringify(sample.labels);
      found.set(key, [...(found.get(key) ?? []), sample]);
    }
    const series = [...found].sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, samples]) => samples.sort((a, b) => a.tMs - b.tMs));
    return pointBlock(series.map((samples) => ({ labels: (samples[0] as StoredSample).labels, points: samples })));
  };

  readonly stored = new Map<string, Uint8Array>();

  private readonly objects: EvaluatePorts['objects'] = {
    putIfAbsent: async (key, bytes) => {
      const isFirst = !this.stored.has(key);
      if (isFirst) this.stored.set(key, bytes);
      return isFirst;
    },
    get: async (key) => {
      const bytes = this.stored.get(key);
      if (bytes === undefined) throw new MissingObjectError(key);
      return bytes;
    },
  };

  ports(changes: Partial<EvaluatePorts> = {}): EvaluatePorts {
    return {
      objects: this.objects,
      removeObjects: async (keys) => keys.forEach((key) => this.stored.delete(key)),
      alerts: this.alerts,
      catalog: this.catalog,
      openSelect: () => this.select,
      rules: async () => ({ version: this.rulesText, groups: parsed(this.rulesText) }),
      alertmanager: async () => this.alertmanager,
      putRecords: async (records) => {
        if (this.failRecords) throw new Error('put records: the stream does not answer');
        for (const record of records) (record.partitionKey.startsWith('road-') ? this.road : this.records).push(record);
      },
      listShards: async () => this.shards,
      publish: async (notification) => void this.published.push(notification),
      clockMs: () => this.nowMs,
      externalUrl: 'http://tidemark.example',
      ...changes,
    };
  }

  /** One tick at `nowMs`, everything stored up to then unless the watermark says otherwise. */
  async tick(nowMs: number, watermarkMs: number | 'as it is' = nowMs, ports: EvaluatePorts = this.ports(), memory: EvaluateMemory = this.memory): Promise<TickReport> {
    this.nowMs = nowMs;
    if (watermarkMs !== 'as it is') for (const shard of this.shards) await raiseWatermark(this.catalog, shard.shardId, watermarkMs + 1000);
    const report = await evaluateTick(ports, memory, { nowMs });
    this.reports.push(report);
    return report;
  }

  /** `[status, evaluation time of that status of its first alert]` of each published notification, in order. */
  told(): [string, number][] {
    return this.published.map((notification) => {
      const { message } = JSON.parse(notification.body) as { message: WebhookMessage };
      const [alert] = message.alerts;
      return [message.status, Date.parse((message.status === 'firing' ? alert?.startsAt : alert?.endsAt) ?? '')];
    });
  }
}

/** Table names have letters only. */
const tableName = (kind: string, number: number): string => `${kind}_${'i'.repeat(number % 8)}${'x'.repeat(Math.floor(number / 8))}`;

const parsed = (text: string) => {
  const { groups, errors } = parseRuleFile(text, 'rules.yml');
  if (errors.length > 0) throw new Error(errors.join('\n'));
  return groups;
};
