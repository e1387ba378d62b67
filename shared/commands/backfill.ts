import type { Tier } from '../catalog/partitions.ts';
import { type ColumnNames, csvParser } from '../backfill/csv.ts';
import { jsonLinesParser } from '../backfill/json-lines.ts';
import { ParquetParser, type ParquetRows } from '../backfill/parquet-rows.ts';
import type { SampleParser } from '../backfill/parser.ts';
import { prometheusParser } from '../backfill/prometheus-text.ts';
import type { CommitStep, PieceReport } from '../backfill/report.ts';
import { SampleFeed } from '../backfill/sample-feed.ts';
import { PermanentError } from '../errors.ts';
import { lakePartitionText } from '../lakes/lake-partition.ts';
import type { SampleBatch } from '../model/sample-batch.ts';
import type { Rejection } from '../protocols/decoded.ts';
import { encodeFrames } from '../wire/frame.ts';
import { type Api, callApi } from './api.ts';
import { counted, progressBar } from './progress.ts';
import { toTable } from './table.ts';

export const BACKFILL_FORMATS = ['csv', 'jsonl', 'prometheus', 'parquet'] as const;
export type BackfillFormat = (typeof BACKFILL_FORMATS)[number];

/** A file as the disk has it. */
export interface BackfillFile {
  readonly file: string;
  readonly bytes: number;
  readonly open: () => AsyncIterable<Uint8Array>;
  readonly openParquet: (columns: ColumnNames) => AsyncIterable<ParquetRows>;
}

export interface BackfillOptions {
  /** By the end of each file's name where it is left out. */
  readonly format?: BackfillFormat;
  readonly columns: ColumnNames;
  readonly dryRun: boolean;
  readonly json: boolean;
  /** Told behind each piece and each step. */
  readonly progress: (text: string) => void;
  /** Samples of a piece; see `sample-feed.ts` for the default. */
  readonly pieceSamples?: number;
}

const ENDINGS: Readonly<Record<string, BackfillFormat>> = { csv: 'csv', jsonl: 'jsonl', ndjson: 'jsonl', prom: 'prometheus', txt: 'prometheus', om: 'prometheus', parquet: 'parquet' };

const formatOf = ({ file }: BackfillFile, format: BackfillFormat | undefined): BackfillFormat => {
  const found = format ?? ENDINGS[file.slice(file.lastIndexOf('.') + 1).toLowerCase()];
  if (found === undefined) throw new PermanentError(`backfill ${file}: found an ending that tells no format, name one of ${BACKFILL_FORMATS.join(', ')} with --format`);
  return found;
};

/**
 * Reads all files, has the installation keep what they hold aside, and then has it put partition by partition in its place. So a file
 * with a fault in it changes nothing, and a run that is interrupted is run again: what is there already stays as it is.
 */
export const backfill = async (api: Api, files: readonly BackfillFile[], options: BackfillOptions): Promise<string> => {
  const tally = new BackfillTally();
  const formats = files.map((file) => formatOf(file, options.format));
  const run = options.dryRun ? undefined : (JSON.parse(await callApi(api, '/api/v1/admin/backfill', { method: 'POST' })) as { run: string }).run;
  const path = run === undefined ? 'judge' : `${run}/pieces`;
  const feed = new SampleFeed(options.pieceSamples);
  const sender = new PieceSender(api, `/api/v1/admin/backfill/${path}`, tally);
  try {
    await sendFiles(files, formats, feed, sender, options);
  } finally {
    // Also behind a fault: when the command ends, nothing of it is under way.
    await sender.settle();
  }
  if (run !== undefined) await commit(api, run, tally, options.progress);
  return options.json ? JSON.stringify({ dryRun: options.dryRun, files: files.length, ...tally.result(feed.samples) }) : report(tally, feed.samples, options.dryRun);
};

const sendFiles = async (files: readonly BackfillFile[], formats: readonly BackfillFormat[], feed: SampleFeed, sender: PieceSender, options: BackfillOptions): Promise<void> => {
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0);
  let readBytes = 0;
  for (const [i, file] of files.entries()) {
    for await (const bytes of readFile(file, formats[i] as BackfillFormat, feed, options.columns)) {
      readBytes += bytes;
      for (let piece = feed.next(); piece !== undefined; piece = feed.next()) await sender.send(piece);
      options.progress(progressBar(toMb(readBytes), toMb(totalBytes), 'MB read', `${feed.samples} samples`));
    }
  }
  for (let piece = feed.last(); piece !== undefined; piece = feed.last()) await sender.send(piece);
  await sender.end();
};

const toMb = (bytes: number): number => Math.ceil(bytes / 1e6);

/** Yields how many bytes were read. */
async function* readFile(file: BackfillFile, format: BackfillFormat, feed: SampleFeed, columns: ColumnNames): AsyncGenerator<number> {
  if (format === 'parquet') {
    const parser = new ParquetParser(file.file, feed);
    for await (const rows of file.openParquet(columns)) {
      parser.push(rows);
      yield 0;
    }
    yield file.bytes;
    return;
  }
  const parser = parserOf(file.file, format, feed, columns);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const textOf = (bytes?: Uint8Array): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch (cause) {
      throw new PermanentError(`backfill ${file.file}: found bytes that are no UTF-8, text in UTF-8 allowed`, { cause });
    }
  };
  for await (const bytes of file.open()) {
    parser.push(textOf(bytes));
    yield bytes.length;
  }
  parser.push(textOf());
  await parser.end();
  yield 0;
}

const parserOf = (file: string, format: Exclude<BackfillFormat, 'parquet'>, feed: SampleFeed, columns: ColumnNames): SampleParser => {
  switch (format) {
    case 'csv':
      return csvParser(file, feed, columns);
    case 'jsonl':
      return jsonLinesParser(file, feed);
    case 'prometheus':
      return prometheusParser(file, feed);
  }
};

/** A piece as one frame: below what the server takes in one body. */
const FRAME_BYTES = 24 * 1024 * 1024;
const NO_RECORD = new Uint8Array(16);

/** Sends one piece while the next is read. */
class PieceSender {
  private readonly api: Api;
  private readonly path: string;
  private readonly tally: BackfillTally;
  private underWay: Promise<void> = Promise.resolve();

  constructor(api: Api, path: string, tally: BackfillTally) {
    this.api = api;
    this.path = path;
    this.tally = tally;
  }

  async send(piece: SampleBatch): Promise<void> {
    const frames = encodeFrames(() => NO_RECORD, { sender: 'backfill', flushIntervalMs: 0 }, piece, FRAME_BYTES);
    await this.underWay;
    this.underWay = this.post(frames.map(({ bytes }) => bytes));
    // Heard of with the next piece, or at the end.
    this.underWay.catch(() => undefined);
  }

  async end(): Promise<void> {
    await this.underWay;
  }

  /** Waits for what is under way, whatever comes of it. */
  async settle(): Promise<void> {
    await this.underWay.catch(() => undefined);
  }

  private async post(frames: readonly Uint8Array[]): Promise<void> {
    for (const body of frames) {
      const answer = await callApi(this.api, this.path, { method: 'POST', body, contentType: 'application/octet-stream' });
      this.tally.piece(JSON.parse(answer) as PieceReport);
    }
  }
}

const commit = async (api: Api, run: string, tally: BackfillTally, progress: (text: string) => void): Promise<void> => {
  const total = tally.hours.size;
  for (let done = 0, isDone = false; !isDone; ) {
    const step = JSON.parse(await callApi(api, `/api/v1/admin/backfill/${run}/step`, { method: 'POST' })) as CommitStep;
    tally.step(step);
    done += step.hours;
    progress(progressBar(done, total, 'hours', step.partition === undefined ? '' : lakePartitionText(step.partition)));
    isDone = step.isDone;
  }
};

class BackfillTally {
  readonly hours = new Set<string>();
  readonly partitions: Record<Tier, number> = { raw: 0, '1m': 0, '1h': 0 };
  stored = 0;
  rolledUp = 0;
  filled = 0;
  skipped = 0;
  private readonly refused = new Map<string, Rejection>();

  piece(report: PieceReport): void {
    for (const hour of report.hours) this.hours.add(hour);
    this.add(report);
  }

  step(step: CommitStep): void {
    if (step.partition !== undefined) this.partitions[step.partition.tier]++;
    this.filled += step.cells.filled;
    this.skipped += step.cells.skipped;
    this.add(step);
  }

  reasons(): readonly Rejection[] {
    return [...this.refused.values()].sort((a, b) => b.samples - a.samples);
  }

  /** `repeated`: of samples that stood in the files twice the second. */
  result(read: number) {
    const { stored, rolledUp, filled, skipped, partitions } = this;
    const refused = this.reasons();
    const repeated = read - stored - rolledUp - refused.reduce((sum, { samples }) => sum + samples, 0);
    return { samples: { read, stored, rolledUp, repeated }, refused, cells: { filled, skipped }, hours: this.hours.size, partitions };
  }

  private add({ stored, rolledUp, refused }: Pick<PieceReport, 'stored' | 'rolledUp' | 'refused'>): void {
    this.stored += stored;
    this.rolledUp += rolledUp;
    for (const rejection of refused) {
      const known = this.refused.get(rejection.reason);
      this.refused.set(rejection.reason, known === undefined ? rejection : { ...known, samples: known.samples + rejection.samples });
    }
  }
}

const report = (tally: BackfillTally, read: number, dryRun: boolean): string => {
  const { samples, refused, cells, hours } = tally.result(read);
  const rows = [
    ['read', String(samples.read)],
    [dryRun ? 'would be stored' : 'stored', String(samples.stored)],
    [dryRun ? 'would be rolled up' : 'rolled up', String(samples.rolledUp)],
    ['repeated', String(samples.repeated)],
    ...refused.map((rejection) => [`refused: ${rejection.reason}${rejection.place === undefined ? '' : ` (first: ${rejection.place})`}`, String(rejection.samples)]),
  ];
  const ofCells = dryRun || cells.filled + cells.skipped === 0 ? [] : [`${counted(cells.filled, 'cell')} of a series and an hour filled, ${cells.skipped} left as they were`];
  return [toTable(['what', 'samples'], rows), '', ...ofCells, `${counted(hours, 'hour')} ${dryRun ? 'would be touched' : 'touched'}`].join('\n');
};
