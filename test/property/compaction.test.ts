import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CompactPorts } from '../../shared/compaction/commit-attempt.ts';
import { GRACE_MS } from '../../shared/compaction/garbage.ts';
import { type CompactRoad, dyingPorts, END_MS, makeReader, openCompactRoad, type Row, samplesOf } from '../unit/compact/compact-road.ts';
import { watchedPorts } from '../support/watched-ports.ts';

const row: fc.Arbitrary<Row> = fc.record({
  metric: fc.constantFrom('cpu', 'up', 'größe', '\u{1f600}', '\uffee'),
  labels: fc.constantFrom('{}', '{"host":"a"}', '{"host":"b","zone":"1"}', '{"host":"c"}', '{"host":"\u{1f600}"}'),
  s: fc.integer({ min: 0, max: 20 }),
  value: fc.oneof(fc.integer({ min: -5, max: 100 }), fc.double({ noDefaultInfinity: true }), fc.constantFrom<Row['value']>('stale', -0, Infinity, 0.1, 1e300, 'h1', 'h2', 'h3')),
});
const rows = fc.array(row, { minLength: 1, maxLength: 8 });

type Step =
  | { readonly kind: 'add'; readonly rows: readonly Row[] }
  | { readonly kind: 'compact'; readonly maxRows: number; readonly late: readonly Row[] | undefined; readonly dies: readonly [at: number, effectHappens: boolean] | undefined }
  | { readonly kind: 'race' }
  | { readonly kind: 'minute'; readonly passesMs: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), rows }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('compact' as const),
      maxRows: fc.constantFrom(5, 1000),
      late: fc.option(rows, { nil: undefined }),
      dies: fc.option(fc.tuple(fc.nat(7), fc.boolean()), { nil: undefined }),
    }),
  },
  fc.constant({ kind: 'race' as const }),
  fc.record({ kind: fc.constant('minute' as const), passesMs: fc.constantFrom(60_000, GRACE_MS, 7 * GRACE_MS) }),
);

/** Queries that go on while a compaction does: with every effect of it each takes a step, and another begins. */
class Readers {
  private readonly ports: CompactPorts;
  private open: AsyncGenerator<undefined, readonly string[]>[] = [];
  expected: readonly string[] = [];

  constructor(ports: CompactPorts) {
    this.ports = ports;
  }

  async advance(): Promise<void> {
    this.open.push(makeReader(this.ports));
    await this.turn();
  }

  async finish(): Promise<void> {
    while (this.open.length > 0) await this.turn();
    await this.advance();
    while (this.open.length > 0) await this.turn();
  }

  private async turn(): Promise<void> {
    const still: typeof this.open = [];
    for (const reader of this.open) {
      const found = await reader.next();
      if (found.done === true) expect(found.value).toEqual(this.expected);
      else still.push(reader);
    }
    this.open = still;
  }
}

/** One road, what has been stored on it, and its clock. */
class Play {
  nowMs = END_MS + 600_000;
  private readonly road: CompactRoad;
  private readonly buckets: number;
  private readonly stored: Row[] = [];
  private readonly readers: Readers;
  private readonly watched: CompactPorts;

  constructor(road: CompactRoad, buckets: number) {
    this.road = road;
    this.buckets = buckets;
    this.readers = new Readers(road.ports);
    this.watched = watchedPorts(road.ports, () => this.readers.advance());
  }

  async take(each: Step): Promise<void> {
    const { road, buckets, nowMs } = this;
    if (each.kind === 'add') await this.add(each.rows);
    else if (each.kind === 'race') {
      // Readers go on with one of the two: together they would step at once.
      await Promise.all([road.compact({ buckets, nowMs }, this.watched), road.compact({ buckets, nowMs })]);
    } else if (each.kind === 'compact') {
      const late = each.late === undefined ? this.watched : this.withLate(this.watched, each.late);
      const dying = each.dies === undefined ? undefined : dyingPorts(late, ...each.dies);
      const run = road.compact({ buckets, nowMs, maxRows: each.maxRows }, dying?.ports ?? late);
      await (dying === undefined ? run : run.catch((error: unknown) => expect(dying.died(), String(error)).toBe(true)));
    } else {
      await this.readers.finish();
      this.nowMs += each.passesMs;
      await road.watermark(this.nowMs);
      await road.minute({ nowMs: this.nowMs, buckets }, this.watched);
    }
    await this.readers.finish();
  }

  private async add(more: readonly Row[]): Promise<void> {
    await this.readers.finish();
    await this.road.addHot(this.nowMs++, more);
    this.stored.push(...more);
    this.readers.expected = samplesOf(this.stored);
  }

  /** A hot file comes while the first Parquet file is written. */
  private withLate(ports: CompactPorts, late: readonly Row[]): CompactPorts {
    let isIn = false;
    const putIfAbsent: CompactPorts['objects']['putIfAbsent'] = async (key, bytes) => {
      if (!isIn) {
        isIn = true;
        await this.add(late);
      }
      return ports.objects.putIfAbsent(key, bytes);
    };
    return { ...ports, objects: { ...ports.objects, putIfAbsent } };
  }
}

describe('compaction, for any hot files and any order of events', () => {
  it('changes no answer, before, during and after each of its steps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 14 }), async (buckets, steps) => {
        const road = await openCompactRoad();
        const play = new Play(road, buckets);
        for (const each of steps) await play.take(each);
        // In the end all is merged, and only what is named is left.
        for (const passesMs of [12 * GRACE_MS, 12 * GRACE_MS, 12 * GRACE_MS]) await play.take({ kind: 'minute', passesMs });
        expect(await road.ports.catalog.query('garbage')).toEqual([]);
        expect((await road.keys()).filter((key) => key.startsWith('hot/'))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});
