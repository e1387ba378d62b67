import { DEFAULT_BODY_BYTES, DEFAULT_DECODED_BYTES, DEFAULT_IN_FLIGHT_BYTES, makeIngestApp } from '../../functions/ingest/ingest.ts';
import { makeKinesisPut } from '../../shared/aws/stream-kinesis.ts';
import { UnavailableError } from '../../shared/errors.ts';
import { DEFAULT_SAMPLE_LIMITS } from '../../shared/protocols/limits.ts';
import type { Faults } from './faults.ts';
import { SimProcess } from './process.ts';
import { simKinesis } from './sim-kinesis.ts';
import type { SimStream } from './sim-stream.ts';

export interface IngestHostOptions {
  readonly faults: Faults;
  readonly stream: SimStream;
  readonly partialPut: number;
}

/** The ingest function behind a network: one process, replaced when it dies. */
export class IngestHost {
  private readonly options: IngestHostOptions;
  private running: { readonly process: SimProcess; readonly app: ReturnType<typeof makeIngestApp> } | undefined;
  private started = 0;

  constructor(options: IngestHostOptions) {
    this.options = options;
  }

  /**
   * A `fetch` for a sender. `onAnswer` is told the status of every answer, whether or not the sender lives to hear of it.
   * A process that dies on the way breaks the connection.
   */
  fetchFor(sender: SimProcess, onAnswer: (body: Uint8Array, status: number) => void): typeof fetch {
    return async (input, init) => {
      const url = String(input);
      const body = new Uint8Array(init?.body as Uint8Array<ArrayBuffer>);
      return this.options.faults.call(sender, 'network', 'request', () => {
        const answer = this.answer(url, { ...init, body }).then((response) => {
          onAnswer(body, response.status);
          return response;
        });
        // The sender may be gone, or may have stopped listening.
        answer.catch(() => undefined);
        return answer;
      });
    };
  }

  private async answer(url: string, init: RequestInit): Promise<Response> {
    if (this.running?.process.alive !== true) this.running = this.start();
    const { process, app } = this.running;
    const outcome = await process.run(async () => app.request(url, init));
    if (outcome.end === 'done') return outcome.value;
    throw outcome.end === 'failed' ? outcome.error : new UnavailableError('fetch: the connection broke', 1);
  }

  private start(): NonNullable<typeof this.running> {
    const { faults, stream, partialPut } = this.options;
    const { scheduler } = faults;
    const process = new SimProcess(`ingest-${this.started++}`);
    const pacing = { sleep: scheduler.sleep, random: () => scheduler.random.next() };
    const app = makeIngestApp({
      putRecords: makeKinesisPut(simKinesis(stream, { faults, process, partialPut }), 'stream', pacing),
      nowMs: scheduler.nowMs,
      nextRecordId: () => scheduler.random.bytes(16),
      limits: { bodyBytes: DEFAULT_BODY_BYTES, decodedBytes: DEFAULT_DECODED_BYTES, inFlightBytes: DEFAULT_IN_FLIGHT_BYTES, samples: DEFAULT_SAMPLE_LIMITS },
    });
    return { process, app };
  }
}
