import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { markStored, NOW_MS, openQuery, type OpenQuery } from './open-query.ts';

let query: OpenQuery;
beforeEach(async () => {
  query = await openQuery();
});
afterEach(() => query.close());

const federate = async (selectors: readonly string[], headers: Record<string, string> = {}): Promise<string> => {
  const params = new URLSearchParams(selectors.map((selector): [string, string] => ['match[]', selector]));
  return (await query.get(`/federate?${params.toString()}`, headers)).text();
};

describe('/federate', () => {
  it('gives the newest sample of each series at its own time, each once', async () => {
    await query.store(['up', '{"host":"a"}', [-60_000, 0], [-10_500, 1]], ['up', '{"host":"b","instance":"b:1"}', [-20_000, 1]], ['load', '{}', [0, 1.5], [1000, 9]]);
    await markStored(query.catalog, NOW_MS);
    const answer = await query.get('/federate?match[]=up&match[]={__name__=~"up|load"}');
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('tidemark-watermark-ms')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
      String(NOW_MS),
    ]);
    expect(await answer.text()).toBe(
      [
        '# TYPE load untyped',
        `load{instance=""} 1.5 ${NOW_MS}`,
        '# TYPE up untyped',
        `up{host="a",instance=""} 1 ${NOW_MS - 10_500}`,
        `up{host="b",instance="b:1"} 1 ${NOW_MS - 20_000}`,
        '',
      ].join('\n'),
    );
  });

  it('leaves out series that ended, are older than the lookback, or have no name', async () => {
    await query.store(['up', '{"host":"a"}', [-20_000, 1], [-10_000, 'stale']], ['up', '{"host":"b"}', [-300_001, 1]], ['', '{"host":"c"}', [0, 1]]);
    expect(await federate(['{host!=""}'])).toBe('');
    expect(await federate([])).toBe('');
  });

  it('escapes values, and names as the scraper can read them', async () => {
    await query.store(['cpu.load', '{"a.b":"x","path":"C:\\\\\\"q\\"\\n"}', [0, NaN]], ['z', '{}', [0, -Infinity]]);
    const [, line] = (await federate(['{"cpu.load"}'])).split('\n');
    expect(line).toBe(String.raw`cpu_load{a_b="x",path="C:\\\"q\"\n",instance=""} NaN ${NOW_MS}`);
    const quoted = await federate(['{"cpu.load"}'], { accept: 'text/plain;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1' });
    expect(quoted.split('\n')).toEqual(['# TYPE "cpu.load" untyped', String.raw`{"cpu.load","a.b"="x",path="C:\\\"q\"\n",instance=""} NaN ${NOW_MS}`, '']);
    expect(await federate(['z'])).toContain(`z{instance=""} -Inf ${NOW_MS}`);
  });

  it('prints numbers as Go does', async () => {
    await query.store(...[-0, 1e21, 1e-7, 123456789, 0.1].map((value, i) => ['n', `{"i":"${i}","instance":"x"}`, [0, value]] as const));
    const values = (await federate(['n'])).split('\n').slice(1, -1).map((line) => line.split(' ')[1]);
    expect(values).toEqual(['0', '1e+21', '1e-07', '1.23456789e+08', '0.1']);
  });

  it('ends past the sample limit, and after its time', async () => {
    const small = await openQuery({ limits: { maxSamples: 1, timeoutMs: 30_000 } });
    await small.store(['up', '{}', [-1000, 1], [0, 1]]);
    const tooMany = await small.get('/federate?match[]=up');
    expect([tooMany.status, await tooMany.json()]).toEqual([422, { status: 'error', errorType: 'execution', error: expect.stringContaining('too many samples') }]);
    let nowMs = NOW_MS;
    const slow = await openQuery({ nowMs: () => (nowMs += 20_000), objects: small.objects, catalog: small.catalog });
    expect((await slow.get('/federate?match[]=up')).status).toBe(503);
    await Promise.all([small.close(), slow.close()]);
  });

  it('is packed where that is accepted, and refuses what is no selector', async () => {
    await query.store(...Array.from({ length: 100 }, (_, i) => ['up', `{"host":"${i}"}`, [0, 1]] as const));
    const packed = await query.get('/federate?match[]=up', { 'accept-encoding': 'gzip' });
    expect(gunzipSync(new Uint8Array(await packed.arrayBuffer())).toString().split('\n')).toHaveLength(102);
    for (const bad of ['up{', 'rate(up[1m])', '{}', 'up offset 1m']) expect((await query.get(`/federate?match[]=${encodeURIComponent(bad)}`)).status).toBe(400);
  });
});
