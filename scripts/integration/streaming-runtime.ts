import { Writable } from 'node:stream';
import { gunzipSync } from 'node:zlib';

/**
 * Lambda's streaming in Node for an emulator whose runtime has none: MiniStack 1.5.33 takes apart what an address in RESPONSE_STREAM mode
 * gets (a JSON head, eight zero bytes, the body), but runs functions without the global `awslambda` and hands their answer on as one text.
 * Loaded into its functions by `node --import`.
 */
class AnswerText extends Writable {
  head: Record<string, unknown> | undefined;
  private readonly chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk);
    done();
  }

  /** A text cannot hold gzip, so it is unpacked, as AWS' own addresses have been seen to do with answers that are streamed. */
  text(): string {
    const { 'content-encoding': coding, ...headers } = (this.head?.['headers'] ?? {}) as Record<string, string>;
    const body = Buffer.concat(this.chunks);
    return `${JSON.stringify({ ...this.head, headers })}${'\0'.repeat(8)}${(coding === 'gzip' ? gunzipSync(body) : body).toString('utf8')}`;
  }
}

type Handler = (event: unknown, stream: AnswerText, context: unknown) => Promise<void>;

const runtime = {
  streamifyResponse:
    (handler: Handler) =>
    async (event: unknown, context: unknown): Promise<string> => {
      const stream = new AnswerText();
      await handler(event, stream, context);
      if (!stream.writableEnded) throw new Error('stream an answer: the handler returned before it had ended the stream');
      return stream.text();
    },
  HttpResponseStream: {
    from: (stream: AnswerText, head: Record<string, unknown>): AnswerText => {
      stream.head = head;
      return stream;
    },
  },
};

Object.assign(globalThis, { awslambda: runtime });
