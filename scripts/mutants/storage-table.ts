import type { Mutant } from './mutant.ts';

const COMMIT = 'shared/compaction/commit-attempt.ts';
const COLLECT = 'shared/compaction/collect.ts';
const HOUR = 'shared/compaction/compact-hour.ts';
const WRITE = 'shared/compaction/write-buckets.ts';
const PARTITIONS = 'shared/catalog/partitions.ts';
const GARBAGE = 'shared/compaction/garbage.ts';
const LIST = 'shared/compaction/sql-list.ts';

/** What compaction, SQL lists, garbage and retention promise. */
export const STORAGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'a merge keeps what stands twice',
    file: 'shared/storage/merge-group.ts',
    find: 'this.rows = mergeSegments(segments, this.tMs, this.values, start, this.histograms);',
    replace: `for (const { tMs, values, start: from, end } of segments) {
      this.tMs.set(tMs.subarray(from, end), this.rows);
      this.values.set(values.subarray(from, end), this.rows);
      this.rows += end - from;
    }`,
  },
  {
    name: 'of two values of one sample a merge takes the one that came later',
    file: 'shared/storage/merge-group.ts',
    find: 'this.rows = mergeSegments(segments, this.tMs, this.values, start, this.histograms);',
    replace: `const latest = new Map<number, number>();
    for (const { tMs, values, start: from, end } of segments) for (let i = from; i < end; i++) latest.set(tMs[i] as number, values[i] as number);
    for (const [t, value] of [...latest].sort(([a], [b]) => a - b)) {
      this.tMs[this.rows] = t;
      this.values[this.rows++] = value;
    }`,
  },
  {
    name: 'the files of all attempts at a version have the same names',
    file: PARTITIONS,
    find: '`${tier}/dt=${dt}/v${version}-${attempt}-b${bucket}.parquet`',
    replace: '`${tier}/dt=${dt}/v${version}-${attempt.slice(0, 0)}b${bucket}.parquet`',
  },
  {
    name: 'a commit asks for no version before it',
    file: PARTITIONS,
    find: "when: entry.version === 1 ? { is: 'absent' } : { is: 'equal', attribute: 'version', value: entry.version - 1 },",
    replace: '',
  },
  {
    name: 'raw and 1m are committed one after the other',
    file: COMMIT,
    find: 'if (await commitPartitions(ports.catalog, entries, [endAttempt(ticket), ...garbage])) return true;',
    replace: `const [first, ...others] = entries as [PartitionEntry];
  if (await commitPartitions(ports.catalog, [first], [endAttempt(ticket), ...garbage])) return others.length === 0 || commitPartitions(ports.catalog, others);`,
  },
  {
    name: 'the note of an attempt outlives its commit',
    file: COMMIT,
    find: '[endAttempt(ticket), ...garbage]',
    replace: 'endAttempt(ticket) === undefined ? [] : garbage',
  },
  {
    name: 'who loses a commit removes the manifest of who won it',
    file: COMMIT,
    find: 'await objects.remove(keysOfAttempt(versions, buckets));',
    replace: `const winner = await readEntry(catalog, (versions[0] as PartitionVersion).tier, (versions[0] as PartitionVersion).dt);
  await objects.remove([...keysOfAttempt(versions, buckets), ...(winner === undefined ? [] : [winner.manifestKey])]);`,
  },
  {
    name: 'the SQL list is written before the commit',
    file: COMMIT,
    find: 'const garbage = manifests.map((manifest) => replacedWrite(manifest, nowMs));',
    replace: `const garbage = manifests.map((manifest) => replacedWrite(manifest, nowMs));
  for (const { tier, dt, files } of manifests) await ports.objects.replace(\`sql/\${tier}/dt=\${dt}/symlink.txt\`, Buffer.from(files.map(({ key }) => \`s3://lake/\${key}\\n\`).join('')));`,
  },
  {
    name: 'garbage has a grace of a minute',
    file: GARBAGE,
    find: 'export const GRACE_MS = 3_600_000;',
    replace: 'export const GRACE_MS = 60_000;',
  },
  {
    name: 'versions are cleared up in the order in which their runs began',
    file: COLLECT,
    find: 'if (!isDue(garbage, nowMs) || isTooEarly(garbage, replaced)) continue;',
    replace: 'if (!isDue(garbage, nowMs)) continue;',
  },
  {
    name: 'grace begins with the commit, whenever the SQL list could be written',
    file: COLLECT,
    find: 'return settledMs === undefined || nowMs < settledMs;',
    replace: 'return settledMs === undefined && nowMs < 0;',
  },
  {
    name: 'merged hot objects are removed with their rows',
    file: HOUR,
    find: 'await dropRows(catalog, hour, taken);',
    replace: `await dropRows(catalog, hour, taken);
  await objects.remove(taken.map(({ key }) => key));`,
  },
  {
    name: 'a merge removes the rows of all hot files, whichever it took',
    file: HOUR,
    find: 'await dropRows(catalog, hour, taken);',
    replace: 'await dropRows(catalog, hour, hotFiles);',
  },
  {
    name: 'a 1m partition is made of the new hot files alone',
    file: WRITE,
    find: 'const merged = await mergeBucket(objects, hot.samples, series, current, options);',
    replace: `const merged = await mergeBucket(objects, hot.samples, series, current, { promotedLabels });
    if (onSeries !== undefined) await mergeBucket(objects, hot.samples, series, undefined, options);`,
  },
  {
    name: 'buckets without new samples are left out of the next version',
    file: WRITE,
    find: 'files: [...files.values()].sort(',
    replace: 'files: [...files.values()].filter(({ key }) => key.includes(version.attempt)).sort(',
  },
  {
    name: 'a version forgets what the one before it has merged',
    file: WRITE,
    find: 'const hotKeys = [...new Set([...(raw?.hotKeys ?? []), ...hot.keys])].sort();',
    replace: 'const hotKeys = [...hot.keys].sort();',
  },
  {
    name: 'a day does not say what it was built from',
    file: 'shared/compaction/compact-day.ts',
    find: 'builtFrom: { ...before?.builtFrom, ...Object.fromEntries(hours.map(({ dt, version }) => [dt, version])) },',
    replace: 'builtFrom: Object.fromEntries(hours.slice(0, 0).map(({ dt, version }) => [dt, version])),',
  },
  {
    name: 'every tier expires with raw',
    file: 'shared/compaction/plan.ts',
    find: 'nowMs >= partitionEndMs(entry) + retention[entry.tier]',
    replace: 'nowMs >= partitionEndMs(entry) + retention.raw',
  },
  {
    name: 'the objects of an expired partition go before its list',
    file: 'functions/compact/compact.ts',
    find: 'const expire = async ({ catalog }: CompactPorts, entry: PartitionEntry, nowMs: number): Promise<boolean> => {',
    replace: `const expire = async ({ catalog, objects }: CompactPorts, entry: PartitionEntry, nowMs: number): Promise<boolean> => {
  await objects.remove((await readManifest(objects, entry.manifestKey)).files.map(({ key }) => key));`,
  },
  {
    name: 'late samples of a closed hour are never merged',
    file: 'shared/compaction/plan.ts',
    find: "return isDue ? 'late' : undefined;",
    replace: "return isDue && nowMs < 0 ? 'late' : undefined;",
  },
  {
    name: 'hot files are in no SQL list',
    file: LIST,
    find: 'const unmerged = hotKeys.filter((key) => !merged.has(key));',
    replace: 'const unmerged = hotKeys.filter((key) => merged.has(key) && !merged.has(key));',
  },
  {
    name: 'a SQL list names merged hot files beside what they were merged into',
    file: LIST,
    find: 'const unmerged = hotKeys.filter((key) => !merged.has(key));',
    replace: 'const unmerged = hotKeys.filter((key) => !merged.has(key) || merged.size > 0);',
  },
  {
    name: 'readers look at the entries before the hot rows',
    file: 'shared/storage/sample-files.ts',
    find: `  const hours = await hoursWithSamples(catalog, fromMs, toMs);
  const hot = new Map(await mapBounded(hours, PARALLEL_HOURS, async (hour) => [hour, await hotFilesOf(catalog, hour)] as const));
  // After the hot rows: what a compaction takes from there it has put here before. An overlap is harmless, a gap would not be.
  const partitions = await partitionsOf(catalog, 'raw', fromMs, toMs);`,
    replace: `  const partitions = await partitionsOf(catalog, 'raw', fromMs, toMs);
  const hours = await hoursWithSamples(catalog, fromMs, toMs);
  const hot = new Map(await mapBounded(hours, PARALLEL_HOURS, async (hour) => [hour, await hotFilesOf(catalog, hour)] as const));
  // After the hot rows: what a compaction takes from there it has put here before. An overlap is harmless, a gap would not be.`,
  },
];
