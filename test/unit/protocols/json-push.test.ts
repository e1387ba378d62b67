import { describe, expect, it } from 'vitest';
import type { Decoded } from '../../../shared/protocols/decoded.ts';
import { decodeJsonPush } from '../../../shared/protocols/json-push.ts';
import { MalformedBodyError } from '../../../shared/protocols/malformed-body-error.ts';

const decode = (text: string): Decoded => decodeJsonPush(Buffer.from(text), 42);

describe('a JSON push', () => {
  it('becomes a batch of series', () => {
    const samples = [
      { metric: 'up', labels: { b: '2', a: '1', __proto__x: 'y' }, ts: 1000, value: 1 },
      { metric: 'q', ts: 5, value: '+Inf' },
      { metric: 'up', labels: { a: '1', __proto__x: 'y', b: '2' }, ts: 2000, value: '-Inf' },
      { metric: 'q', value: 'NaN' },
    ];
    const { batch } = decode(JSON.stringify({ samples }));
    expect(batch.metrics).toEqual(['up', 'q']);
    expect(batch.labels).toEqual(['{"__proto__x":"y","a":"1","b":"2"}', '{}']);
    expect([...batch.tMs]).toEqual([1000, 2000, 5, 42]);
    expect([...batch.values]).toEqual([1, -Infinity, Infinity, Number.NaN]);
  });

  it('keeps a label that is called __proto__', () => {
    expect(decode('{"samples":[{"metric":"m","labels":{"__proto__":"x"},"ts":1,"value":1}]}').batch.labels).toEqual(['{"__proto__":"x"}']);
  });

  it.each([
    ['{', 'body'],
    ['[]', 'body'],
    ['{"samples":[],"x":1}', 'body'],
    ['{}', 'samples'],
    ['{"samples":{}}', 'samples'],
    ['{"samples":[null]}', 'samples[0]'],
    ['{"samples":[{"metric":"a","ts":1,"value":1},{"metric":"a","ts":1,"value":1,"tags":{}}]}', 'samples[1]'],
    ['{"samples":[{"metric":"","ts":1,"value":1}]}', 'samples[0].metric'],
    ['{"samples":[{"metric":"\\ud800","ts":1,"value":1}]}', 'samples[0].metric'],
    ['{"samples":[{"metric":"a","ts":"1","value":1}]}', 'samples[0].ts'],
    ['{"samples":[{"metric":"a","ts":1.5,"value":1}]}', 'samples[0].ts'],
    ['{"samples":[{"metric":"a","ts":1,"value":"1"}]}', 'samples[0].value'],
    ['{"samples":[{"metric":"a","ts":1}]}', 'samples[0].value'],
    ['{"samples":[{"metric":"a","labels":[],"ts":1,"value":1}]}', 'samples[0].labels'],
    ['{"samples":[{"metric":"a","labels":{"x":1},"ts":1,"value":1}]}', 'samples[0].labels["x"]'],
    ['{"samples":[{"metric":"a","labels":{"x":"\\udc00"},"ts":1,"value":1}]}', 'samples[0].labels'],
    [`${'['.repeat(100_000)}`, 'body'],
  ])('%.60s is refused at %s', (text, place) => {
    let caught: unknown;
    try {
      decode(text);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(MalformedBodyError);
    expect((caught as MalformedBodyError).place).toBe(place);
  });
});
