import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SampleBatchBuilder, type SampleBatch } from '../../shared/model/sample-batch.ts';
import { bitsOf } from '../../shared/model/stale.ts';
import { ByteReader } from '../../shared/parquet/byte-reader.ts';
import { readDeltas } from '../../shared/parquet/delta-reader.ts';
import { CorruptFileError, UnsupportedFileError } from '../../shared/parquet/errors.ts';
import { readTexts } from '../../shared/parquet/plain.ts';
import { readHybrid } from '../../shared/parquet/rle.ts';
import { RunsBuilder } from '../../shared/parquet/runs.ts';
import { buildHotObjects } from '../../shared/storage/hot-object.ts';
import { readSamples, type SampleColumns } from '../../shared/storage/hot-read.ts';

const START_MS = 1_789_999_200_000;
const OPTIONS = { promotedLabels: ['host'] };

interface Sample {
  readonly metric: string;
  readonly labels: string;
  readonly tMs: number;
  readonly bits: readonly [low: number, high: number];
}

const bitsOfNumber = (value: number): readonly [number, number] => {
  const [low, high] = new Uint32Array(Float64Array.of(value).buffer);
  return [low as number, high as number];
};

const bits: fc.Arbitrary<readonly [number, number]> = fc.oneof(
  fc.integer({ min: -1000, max: 1000 }).map(bitsOfNumber),
  fc.integer({ min: -(10 ** 6), max: 10 ** 6 }).map((value) => bitsOfNumber(value / 100)),
  fc.maxSafeInteger().map(bitsOfNumber),
  fc.double().map(bitsOfNumber),
  fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)),
  fc.constantFrom<readonly [number, number]>([2, 0x7ff00000], [0, 0x80000000], [0, 0], [0, 0x7ff00000], [0, 0xfff00000], [1, 0x7ff00000]),
);

const sample: fc.Arbitrary<Sample> = fc.record({
  metric: fc.constantFrom('a', 'b', 'é', '～', '😀'),
  labels: fc.constantFrom('{}', '{"host":"a"}', '{"host":"b","rack":"1"}', '{"rack":"😀"}'),
  tMs: fc.integer({ min: 0, max: 40 }).map((second) => START_MS + second * 1000),
  bits,
});

const samples = fc.array(sample, { minLength: 1, maxLength: 120 });

/** A series may stand more than once, in one batch or in two. */
const toBatches = (rows: readonly Sample[], cut: number): readonly SampleBatch[] =>
  [rows.slice(0, cut), rows.slice(cut)].map((part) => {
    const batch = new SampleBatchBuilder();
    part.forEach((row, i) => {
      if (i === 0 || part[i - 1]?.metric !== row.metric || part[i - 1]?.labels !== row.labels) batch.series(row.metric, row.labels);
      batch.sampleBits(row.tMs, row.bits[0], row.bits[1]);
    });
    return batch.build();
  });

const read = (bytes: Uint8Array): Promise<SampleColumns> =>
  readSamples(async (offset, length) => bytes.subarray(offset, offset + length), bytes.length, { fromMs: -Infinity, toMs: Infinity });

const bytesOf = (rows: readonly Sample[], cut = 0): Uint8Array => {
  const [object] = buildHotObjects(toBatches(rows, cut), OPTIONS);
  return (object as { readonly bytes: Uint8Array }).bytes;
};

const keyOf = (metric: unknown, labels: unknown, tMs: unknown): string => `${String(metric)} ${String(labels)} ${String(tMs)}`;

describe('hot objects', () => {
  it('give back one sample of each identity, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(samples, async (rows) => {
        const given = new Map<string, string[]>();
        for (const { metric, labels, tMs, bits: [low, high] } of rows) {
          const key = keyOf(metric, labels, tMs);
          given.set(key, [...(given.get(key) ?? []), `${low} ${high}`]);
        }
        const columns = await read(bytesOf(rows));
        const halves = bitsOf(columns.values);
        const found = new Set<string>();
        columns.metrics.forEach((metric, k) => {
          for (let i = columns.offsets[k] as number; i < (columns.offsets[k + 1] as number); i++) {
            const key = keyOf(metric, columns.labels[k], columns.tMs[i]);
            expect(found.has(key)).toBe(false);
            found.add(key);
            expect(given.get(key)).toContain(`${halves[2 * i]} ${halves[2 * i + 1]}`);
          }
        });
        expect(found.size).toBe(given.size);
      }),
    );
  });

  it('are a function of the set of samples: order, batches and repetitions do not show', () => {
    fc.assert(
      fc.property(samples.chain((rows) => fc.tuple(fc.constant(rows), fc.shuffledSubarray([...rows, ...rows], { minLength: rows.length * 2 }), fc.nat(rows.length))), ([rows, shuffled, cut]) => {
        expect(Buffer.compare(bytesOf(rows), bytesOf(shuffled, cut))).toBe(0);
      }),
    );
  });
});

/** Either a typed error, or columns whose parts fit together. */
const expectSound = async (bytes: Uint8Array): Promise<void> => {
  let columns: SampleColumns;
  try {
    columns = await read(bytes);
  } catch (error) {
    if (!(error instanceof CorruptFileError || error instanceof UnsupportedFileError)) throw error;
    return;
  }
  expect(columns.labels.length).toBe(columns.metrics.length);
  expect(columns.offsets.length).toBe(columns.metrics.length + 1);
  expect(columns.offsets.at(-1)).toBe(columns.tMs.length);
  expect(columns.values.length).toBe(columns.tMs.length);
};

describe('damaged files', () => {
  const rows = fc.sample(samples, { numRuns: 1, seed: 7 })[0] as readonly Sample[];
  const file = bytesOf(rows);

  it('are refused at every length', async () => {
    for (let length = 0; length < file.length; length++) {
      await expect(read(file.subarray(0, length))).rejects.toBeInstanceOf(CorruptFileError);
    }
  });

  it('are refused or read soundly whatever bits are flipped', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }), async (flips) => {
        const damaged = Uint8Array.from(file);
        for (const [at, mask] of flips) damaged[at] = (damaged[at] as number) ^ mask;
        await expectSound(damaged);
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused or read soundly with any footer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 0, maxLength: 200 }), async (footer) => {
        const length = Buffer.alloc(4);
        length.writeUInt32LE(footer.length);
        await expectSound(Buffer.concat([Buffer.from('PAR1'), footer, length, Buffer.from('PAR1')]));
      }),
      { numRuns: 1000 },
    );
  });

  // A page's CRC-32 catches what is flipped by accident; these see what is made up, with a checksum that fits.
  it.each<[name: string, decode: (bytes: Uint8Array, count: number) => unknown]>([
    ['deltas', (bytes, count) => readDeltas(new ByteReader(bytes), count, 0, Infinity)],
    ['deltas behind a sound head', (bytes, count) => readDeltas(new ByteReader(Uint8Array.of(128, 1, 4, count, 0, ...bytes)), count, 0, Infinity)],
    ['runs of 1 bit', (bytes, count) => readHybrid(new ByteReader(bytes), 1, count, new RunsBuilder())],
    ['runs of 13 bits', (bytes, count) => readHybrid(new ByteReader(bytes), 13, count, new RunsBuilder())],
    ['texts', (bytes, count) => readTexts(new ByteReader(bytes), count)],
  ])('with made-up %s end in a typed error or in values', (_name, decode) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(127), (bytes, count) => {
        try {
          decode(bytes, count);
        } catch (error) {
          if (!(error instanceof CorruptFileError || error instanceof UnsupportedFileError)) throw error;
        }
      }),
      { numRuns: 1000 },
    );
  });
});
