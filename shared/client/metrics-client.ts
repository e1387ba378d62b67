import { type FrameHeader, encodeFrames } from '../wire/frame.ts';
import { type LabelPair, labelsToJson, makeLabels } from '../model/labels.ts';
import { type SampleBatch, SampleBatchBuilder } from '../model/sample-batch.ts';
import { messageOf, PermanentError } from '../errors.ts';
import { checkMetricName, MetricRegistry } from './metric-registry.ts';

/** The content type of our own wire frame on `/api/v1/push`. */
export const FRAME_CONTENT_TYPE = 'application/vnd.tidemark.frame';

export interface MetricsClientOptions {
  /** Where the ingest function answers, without a path: `http://127.0.0.1:9090`. */
  readonly url: string;
  /** A key of scope write; `npm start` on loopback needs none. */
  readonly key?: string;
  /** Who sends: the host's or function's name. */
  readonly sender: string;
  /** Labels on every series. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly flushIntervalMs: number;
  /** Eight random bytes drawn once per process: with the counter they make a record's id. */
  readonly bootId: Uint8Array;
  readonly nowMs: () => number;
  readonly fetch: typeof fetch;
  /** What is kept for a collector that is away, encoded; the oldest goes first when it is full. 8 MB hold about a day of 100 series at 10 s. */
  readonly maxBufferedBytes?: number;
}

const DEFAULT_MAX_BUFFERED_BYTES = 8_000_000;
/** Single samples that wait unencoded, some hundred bytes each with their labels. */
const EXTRA_SAMPLES_MAX = 10_000;

interface SendOutcome {
  /** To be sent again. */
  readonly kept: boolean;
  /** Samples that were stored of a push that was refused in part. */
  readonly accepted: number;
  readonly problem?: string;
}

interface Pending {
  readonly bytes: Uint8Array;
  readonly samples: number;
}

export interface FlushReport {
  readonly sentSamples: number;
  /** Refused for good by the server (a 4xx other than 429), or pushed out of a full buffer. */
  readonly droppedSamples: number;
  /** Waiting for the server to come back; sent again, under the same record id, by the next flush. */
  readonly bufferedSamples: number;
  /** Why the last attempt did not go through. */
  readonly problem?: string;
}

/** Pushes a registry's counters and gauges, and single samples, as wire frames. One flush at a time. */
export class MetricsClient {
  readonly registry: MetricRegistry;
  private readonly options: MetricsClientOptions;
  private readonly pending: Pending[] = [];
  private extra = new SampleBatchBuilder();
  private counter = 0;
  private dropped = 0;
  private encodeProblem: string | undefined;
  private flushing: Promise<FlushReport> | undefined;

  constructor(options: MetricsClientOptions, registry = new MetricRegistry(options.labels)) {
    this.options = options;
    this.registry = registry;
  }

  /**
   * One sample with a time of its own; it leaves with the next flush.
   * @throws PermanentError for a name, a label or a time that no frame can hold.
   */
  sample(metric: string, labels: Readonly<Record<string, string>>, value: number, tMs = this.options.nowMs()): void {
    checkMetricName(metric);
    if (!Number.isSafeInteger(tMs)) throw new PermanentError(`sample of ${metric}: found time ${tMs}, whole Unix milliseconds are allowed`);
    const pairs: LabelPair[] = Object.entries({ ...this.options.labels, ...labels });
    this.extra.series(metric, labelsToJson(makeLabels(pairs)));
    this.extra.sample(tMs, value);
    // Encoded they are within the buffer's bound, however long a flush waits for its answer.
    if (this.extra.samples >= EXTRA_SAMPLES_MAX) this.enqueueExtra();
  }

  /** Reads the registry now and sends it, oldest first. Never rejects: what could not be sent is kept, within the buffer's bound. */
  flush(): Promise<FlushReport> {
    this.flushing ??= this.flushOnce().finally(() => {
      this.flushing = undefined;
    });
    return this.flushing;
  }

  private async flushOnce(): Promise<FlushReport> {
    this.enqueue(this.registry.snapshot(this.options.nowMs()));
    this.enqueueExtra();
    let sentSamples = 0;
    let problem = this.encodeProblem;
    this.encodeProblem = undefined;
    for (let next = this.pending[0]; next !== undefined; next = this.pending[0]) {
      const outcome = await this.send(next.bytes);
      if (outcome.kept) {
        problem = outcome.problem;
        break;
      }
      // While it was on its way, a full buffer may have let go of it, and have counted it as dropped.
      const isFirst = this.pending[0] === next;
      if (isFirst) this.pending.shift();
      else this.dropped -= next.samples;
      const taken = outcome.problem === undefined ? next.samples : Math.min(outcome.accepted, next.samples);
      sentSamples += taken;
      this.dropped += next.samples - taken;
      problem = outcome.problem ?? problem;
    }
    const droppedSamples = this.dropped;
    this.dropped = 0;
    const bufferedSamples = this.pending.reduce((sum, each) => sum + each.samples, 0);
    return { sentSamples, droppedSamples, bufferedSamples, ...(problem === undefined ? {} : { problem }) };
  }

  private enqueueExtra(): void {
    const { extra } = this;
    this.extra = new SampleBatchBuilder();
    this.enqueue(extra.build());
  }

  private enqueue(batch: SampleBatch): void {
    if (batch.tMs.length === 0) return;
    const header: Omit<FrameHeader, 'recordId'> = { sender: this.options.sender, flushIntervalMs: this.options.flushIntervalMs };
    try {
      this.pending.push(...encodeFrames(() => this.nextRecordId(), header, batch));
    } catch (error) {
      // Nobody can mend it by another try, and the flushes after it are to go on.
      this.dropped += batch.tMs.length;
      this.encodeProblem = messageOf(error);
    }
    const limit = this.options.maxBufferedBytes ?? DEFAULT_MAX_BUFFERED_BYTES;
    let bytes = this.pending.reduce((sum, each) => sum + each.bytes.length, 0);
    while (bytes > limit) {
      const oldest = this.pending.shift();
      bytes -= oldest?.bytes.length ?? bytes;
      this.dropped += oldest?.samples ?? 0;
    }
  }

  private nextRecordId(): Uint8Array {
    const id = new Uint8Array(16);
    id.set(this.options.bootId.subarray(0, 8));
    new DataView(id.buffer).setBigUint64(8, BigInt(this.counter++));
    return id;
  }

  private async send(bytes: Uint8Array): Promise<SendOutcome> {
    const headers: Record<string, string> = { 'content-type': FRAME_CONTENT_TYPE };
    if (this.options.key !== undefined) headers['authorization'] = `Bearer ${this.options.key}`;
    try {
      const answer = await this.options.fetch(new URL('/api/v1/push', this.options.url), { method: 'POST', headers, body: Buffer.from(bytes) });
      const text = await answer.text();
      if (answer.ok) return { kept: false, accepted: 0 };
      return { kept: answer.status === 429 || answer.status >= 500, accepted: acceptedOf(text), problem: `push: found HTTP ${answer.status} ${text.slice(0, 300)}` };
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
      return { kept: true, accepted: 0, problem: `push to ${this.options.url}: ${error instanceof Error ? error.message : String(error)}${cause}` };
    }
  }
}

/** `accepted` of an answer of `/api/v1/push`; 0 for any other text. */
const acceptedOf = (text: string): number => {
  try {
    const { accepted } = JSON.parse(text) as { readonly accepted?: unknown };
    return typeof accepted === 'number' && accepted > 0 ? accepted : 0;
  } catch {
    return 0;
  }
};
