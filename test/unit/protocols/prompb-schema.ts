import protobuf from 'protobufjs';

/** The messages of remote write 1 (prompb/types.proto) with native histograms, for an encoder that is not ours. */
const request = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; repeated Histogram histograms = 4; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3; sint32 schema = 4; double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9; repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12; repeated double positive_counts = 13;
    int32 reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16;
  }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
`, { keepCase: true }).root.lookupType('WriteRequest');

/** A WriteRequest of one series. */
export const encodeHistograms = (labels: Readonly<Record<string, string>>, histograms: readonly object[], samples: readonly object[] = []): Uint8Array => {
  const pairs = Object.entries(labels).map(([name, value]) => ({ name, value }));
  return request.encode(request.fromObject({ timeseries: [{ labels: pairs, samples, histograms }] })).finish();
};
