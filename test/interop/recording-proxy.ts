import { once } from 'node:events';
import { type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import protobuf from 'protobufjs';
import snappy from 'snappy';

/** The messages of remote write 1 that carry samples (prometheus/prompb/remote.proto, types.proto). */
const PROTO = `
syntax = "proto3";
message Label { string name = 1; string value = 2; }
message Sample { double value = 1; int64 timestamp = 2; }
message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
message WriteRequest { repeated TimeSeries timeseries = 1; }
`;

const FORWARDED = ['content-type', 'content-encoding', 'user-agent', 'x-prometheus-remote-write-version'] as const;

const WriteRequest = protobuf.parse(PROTO, { keepCase: true }).root.lookupType('WriteRequest');

export interface RecordedSample {
  readonly tMs: number;
  readonly value: number;
}

/** A remote-write hop that notes what passes through it with decoders of its own, and forwards it untouched. */
export interface RecordingProxy {
  readonly url: string;
  /** By `JSON.stringify` of the sorted label pairs: what the receiver has answered 2xx to. */
  readonly accepted: ReadonlyMap<string, readonly RecordedSample[]>;
  readonly statuses: readonly number[];
  close(): void;
}

export const startRecordingProxy = async (target: string): Promise<RecordingProxy> => {
  const accepted = new Map<string, RecordedSample[]>();
  const statuses: number[] = [];
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const headers = FORWARDED.flatMap((name): [string, string][] => (typeof request.headers[name] === 'string' ? [[name, request.headers[name]]] : []));
      void fetch(`${target}${request.url ?? ''}`, { method: 'POST', headers, body }).then(
        async (answer) => {
          statuses.push(answer.status);
          if (answer.ok) note(accepted, body);
          response.writeHead(answer.status).end(await answer.text());
        },
        () => response.writeHead(502).end(),
      );
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, accepted, statuses, close: () => server.close() };
};

interface Message {
  readonly timeseries?: readonly {
    readonly labels: readonly { readonly name: string; readonly value: string }[];
    readonly samples?: readonly { readonly value: number; readonly timestamp: number }[];
  }[];
}

const note = (accepted: Map<string, RecordedSample[]>, body: Buffer): void => {
  const raw = snappy.uncompressSync(body, { asBuffer: true }) as Buffer;
  const message = WriteRequest.toObject(WriteRequest.decode(raw), { longs: Number, defaults: true }) as Message;
  for (const series of message.timeseries ?? []) {
    const key = seriesKey(Object.fromEntries(series.labels.map((label) => [label.name, label.value])));
    let samples = accepted.get(key);
    if (samples === undefined) accepted.set(key, (samples = []));
    for (const sample of series.samples ?? []) samples.push({ tMs: sample.timestamp, value: sample.value });
  }
};

/** One text per label set, whatever the order it came in. */
export const seriesKey = (labels: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
