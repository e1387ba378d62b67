import { Writable } from 'node:stream';
import type { AnswerHeads } from '../../shared/aws/answer-stream.ts';

/** What the runtime writes between the head and the body. */
const DELIMITER = Buffer.alloc(8);

/**
 * The response stream of Lambda's Node runtime: the head goes out in front of the first write, and not at all without one. `takes`
 * is called for each chunk and says when it is gone.
 */
export class LambdaStream extends Writable {
  readonly chunks: Buffer[] = [];
  private head: string | undefined;
  private readonly takes: (chunk: Buffer) => Promise<void>;

  constructor(takes: (chunk: Buffer) => Promise<void> = async () => undefined) {
    super({ highWaterMark: 16 * 1024 });
    this.takes = takes;
  }

  putHead(head: Record<string, unknown>): void {
    this.head = JSON.stringify(head);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error) => void): void {
    if (this.head !== undefined) this.chunks.push(Buffer.from(this.head), DELIMITER);
    this.head = undefined;
    this.chunks.push(chunk);
    this.takes(chunk).then(() => done(), done);
  }

  /** As an address in RESPONSE_STREAM mode reads it. */
  answer(): { readonly statusCode: number; readonly headers: Record<string, string>; readonly cookies: readonly string[]; readonly body: Buffer } {
    const bytes = Buffer.concat(this.chunks);
    const at = bytes.indexOf(DELIMITER);
    if (at === -1) throw new Error(`read an answer: found no head in ${bytes.length} bytes`);
    return { ...JSON.parse(bytes.subarray(0, at).toString()), body: bytes.subarray(at + DELIMITER.length) };
  }
}

export const lambdaHeads: AnswerHeads = {
  from: (stream, head) => {
    (stream as LambdaStream).putHead(head);
    return stream;
  },
};
