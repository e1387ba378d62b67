import protobuf from 'protobufjs';
import { compressSync } from 'snappy';

/** The messages of remote write 1 that carry samples (prometheus/prompb/remote.proto, types.proto). */
const WriteRequest = protobuf.parse(
  `syntax = "proto3";
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message WriteRequest { repeated TimeSeries timeseries = 1; }`,
).root.lookupType('WriteRequest');

export interface WrittenSeries {
  /** `__name__` among them. */
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly value: number; readonly timestamp: number }[];
}

/** Pushes the same series to each of some receivers; rejects unless all take them. */
export const remoteWrite = async (urls: readonly string[], series: readonly WrittenSeries[]): Promise<void> => {
  const timeseries = series.map(({ labels, samples }) => ({
    labels: Object.entries(labels)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => ({ name, value })),
    samples,
  }));
  const body = new Uint8Array(compressSync(Buffer.from(WriteRequest.encode({ timeseries }).finish())));
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' };
  for (const url of urls) {
    const answer = await fetch(`${url}/api/v1/write`, { method: 'POST', headers, body });
    if (!answer.ok) throw new Error(`remote write to ${url}: ${answer.status} ${await answer.text()}`);
  }
};
