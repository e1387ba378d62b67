import type { SampleColumns } from '../../shared/storage/hot-read.ts';
import { readSamples } from '../../shared/storage/hot-read.ts';
import { readTier } from '../../shared/storage/tier-read.ts';
import { bitsOf } from '../../shared/model/stale.ts';
import { type BucketColumns, newBuckets, TIER_BUCKET_MS, type TierColumns } from '../../shared/tiers/bucket.ts';
import { mergeBuckets } from '../../shared/tiers/merge-buckets.ts';
import { rollUp } from '../../shared/tiers/rollup.ts';
import type { Lake, Version } from './lake.ts';
import { compareValues, identityOf, type ValueBits } from './sample.ts';
import { Violation } from './truth.ts';

const WHOLE = { fromMs: -Infinity, toMs: Infinity } as const;

/** Every sample of a file with its value, in the order of the file. */
export function* samplesOfFile({ metrics, labels, offsets, tMs, values }: SampleColumns): Generator<readonly [identity: string, bits: ValueBits]> {
  const bits = bitsOf(values);
  for (let k = 0; k < metrics.length; k++) {
    for (let i = offsets[k] as number; i < (offsets[k + 1] as number); i++) {
      yield [identityOf(metrics[k] as string, labels[k] as string, tMs[i] as number), { low: bits[2 * i] as number, high: bits[2 * i + 1] as number }];
    }
  }
}

export const decodeSamples = (bytes: Uint8Array): Promise<SampleColumns> =>
  readSamples(async (offset, length) => bytes.slice(offset, offset + length), bytes.length, WHOLE);

const decodeTier = (bytes: Uint8Array): Promise<TierColumns> => readTier(async (offset, length) => bytes.slice(offset, offset + length), bytes.length, WHOLE);

/** A raw version holds what its hot objects held: each sample once, with the value that comes first in the order of values. */
export const checkRaw = async (lake: Lake, { dt, manifest }: Version): Promise<void> => {
  const expected = new Map<string, ValueBits>();
  for (const key of manifest.hotKeys) {
    for (const [identity, bits] of samplesOfFile(await decodeSamples(lake.bytes(key)))) {
      const before = expected.get(identity);
      if (before === undefined || compareValues(bits, before) < 0) expected.set(identity, bits);
    }
  }
  const found = new Set<string>();
  for (const { key } of manifest.files) {
    for (const [identity, bits] of samplesOfFile(await decodeSamples(lake.bytes(key)))) {
      if (found.has(identity)) throw new Violation('a merge is a function of a set', `${identity} stands twice in version ${manifest.version} of raw ${dt}`);
      found.add(identity);
      const right = expected.get(identity);
      if (right?.low !== bits.low || right.high !== bits.high) throw new Violation('a merge is a function of a set', `${identity} has another value in version ${manifest.version} of raw ${dt} than in its hot objects`);
    }
  }
  const missing = [...expected.keys()].find((identity) => !found.has(identity));
  if (missing !== undefined) throw new Violation('a merge is a function of a set', `${missing} of a merged hot object is not in version ${manifest.version} of raw ${dt}`);
};

/** The 1m version that was committed with a raw one has the buckets of its samples. */
export const checkMinutes = async (lake: Lake, raw: Version, minute: Version): Promise<void> => {
  const expected = new Map<string, string>();
  for (const { key } of raw.manifest.files) addRows(expected, rollUp(await decodeSamples(lake.bytes(key)), TIER_BUCKET_MS['1m']));
  const found = new Map<string, string>();
  for (const { key } of minute.manifest.files) addRows(found, await decodeTier(lake.bytes(key)));
  requireEqual(found, expected, `1m ${minute.dt}`, 'the raw samples');
};

/** A 1h version has what the 1m versions have that it names. */
export const checkHours = async (lake: Lake, { dt, manifest, builtFrom }: Version): Promise<void> => {
  const expected = new Map<string, string>();
  for (const [hour, number] of Object.entries(builtFrom)) {
    const source = lake.versions('1m', hour).find((version) => version.manifest.version === number);
    if (source === undefined) throw new Violation('tiers equal raw', `1h ${dt} says that it was built from version ${number} of 1m ${hour}, which was never committed`);
    for (const { key } of source.manifest.files) addRows(expected, mergeBuckets(await decodeTier(lake.bytes(key)), TIER_BUCKET_MS['1h']));
  }
  const found = new Map<string, string>();
  for (const { key } of manifest.files) addRows(found, await decodeTier(lake.bytes(key)));
  requireEqual(found, expected, `1h ${dt}`, 'the 1m versions it names');
};

const COLUMNS = Object.keys(newBuckets(0)) as (keyof BucketColumns)[];

const addRows = (rows: Map<string, string>, tier: TierColumns): void => {
  tier.metrics.forEach((metric, k) => {
    for (let i = tier.offsets[k] as number; i < (tier.offsets[k + 1] as number); i++) {
      const identity = identityOf(metric, tier.labels[k] as string, tier.startMs[i] as number);
      if (rows.has(identity)) throw new Violation('tiers equal raw', `the bucket ${identity} stands twice`);
      rows.set(identity, COLUMNS.map((name) => textOf(tier[name][i] as number)).join(' '));
    }
  });
};

const textOf = (value: number): string => (Object.is(value, -0) ? '-0' : String(value));

const requireEqual = (found: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>, what: string, of: string): void => {
  for (const [identity, row] of expected) {
    if (found.get(identity) !== row) throw new Violation('tiers equal raw', `${what} has for ${identity} ${found.get(identity) ?? 'no row'}, ${of} give ${row}`);
  }
  const more = [...found.keys()].find((identity) => !expected.has(identity));
  if (more !== undefined) throw new Violation('tiers equal raw', `${what} has ${more}, ${of} do not`);
};
