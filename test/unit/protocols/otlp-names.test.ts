import { describe, expect, it } from 'vitest';
import { formatDecimal } from '../../../shared/protocols/number-text.ts';
import { otlpLabelName, otlpMetricName } from '../../../shared/protocols/otlp-names.ts';
import type { OtlpKind } from '../../../shared/protocols/otlp-shape.ts';

// Expected names follow the rules of prometheus/otlptranslator (normalizeName), read word by word.
describe('a metric name', () => {
  it.each<[string, string, OtlpKind, boolean, string | undefined]>([
    ['system.io', 'foo/bar', 'gauge', false, 'system_io_foo_per_bar'],
    ['http.server.duration', 's', 'histogram', false, 'http_server_duration_seconds'],
    ['http.server.duration.seconds', 's', 'histogram', false, 'http_server_duration_seconds'],
    ['active.requests', '{requests}/s', 'gauge', false, 'active_requests_per_second'],
    ['network.transmitted', 'By/m', 'gauge', false, 'network_transmitted_bytes_per_minute'],
    // Prometheus compares word by word, so it does not see that this one ends in its unit already.
    ['network_transmitted_bytes_per_minute', 'By/m', 'gauge', false, 'network_transmitted_bytes_per_minute_per_minute'],
    ['disk.usage', '%', 'gauge', false, 'disk_usage_percent'],
    ['hw.gpu.memory.utilization', '1', 'gauge', false, 'hw_gpu_memory_utilization_ratio'],
    ['share_ratio', '1', 'gauge', false, 'share_ratio'],
    ['requests.count', '1', 'sum', true, 'requests_count_total'],
    ['ratio_total_of_all', '', 'sum', true, 'ratio_of_all_total'],
    ['system.network.dropped', '{packet}', 'sum', true, 'system_network_dropped_total'],
    ['unsupported.metric.redundant', '__test $/°C', 'gauge', false, 'unsupported_metric_redundant_test_per_C'],
    ['3 days.since', '', 'gauge', false, '_3_days_since'],
    [':foo::bar', '', 'gauge', false, ':foo::bar'],
    ['a  b__c..d', '', 'gauge', false, 'a_b_c_d'],
    ['', 's', 'gauge', false, undefined],
    ['été', '', 'gauge', false, 't'],
    ['ÿ', 's', 'gauge', false, undefined],
  ])('of %j in %j as %s (monotonic: %s) is %j', (name, unit, kind, monotonic, expected) => {
    expect(otlpMetricName(name, unit, kind, monotonic)).toBe(expected);
  });
});

describe('a label name', () => {
  it.each([
    ['http.method', 'http_method'],
    ['123invalid', 'key_123invalid'],
    ['__reserved__', '__reserved__'],
    ['_private', 'key_private'],
    ['a..b', 'a__b'],
    ['é', undefined],
    ['', undefined],
  ])('of %j is %j', (key, expected) => {
    expect(otlpLabelName(key)).toBe(expected);
  });
});

describe('a bound as text', () => {
  it.each([
    [1, '1'],
    [0.005, '0.005'],
    [1e21, '1000000000000000000000'],
    [1.5e22, '15000000000000000000000'],
    [1e-7, '0.0000001'],
    [-1.25e-7, '-0.000000125'],
    [Infinity, '+Inf'],
    [-Infinity, '-Inf'],
    [Number.NaN, 'NaN'],
    [-0, '-0'],
  ])('of %d is %s', (value, expected) => {
    expect(formatDecimal(value)).toBe(expected);
  });
});
