import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { failure, successInPieces } from '../../../functions/query/answers.ts';
import { QueryFault } from '../../../functions/query/query-fault.ts';
import { faultFrom, HttpFault } from '../../../shared/http/http-fault.ts';
import { UnavailableError } from '../../../shared/errors.ts';

const MEGABYTE = 1024 * 1024;

function* pieces(count: number, breaksAt = Infinity): Generator<string> {
  yield '[0';
  for (let i = 1; i < count; i++) {
    if (i === breaksAt) throw new Error('storage broke');
    yield `,${'1'.repeat(1000)}`;
  }
  yield ']';
}

const appOf = (make: () => Iterable<string>): Hono => new Hono().get('/', (c) => successInPieces(c, make, { warnings: ['w'], infos: ['i'] }));

describe('an answer in pieces', () => {
  it('has the envelope around it, notes last, whether it is short or long', async () => {
    for (const count of [2, 3000]) {
      const text = await (await appOf(() => pieces(count)).request('/')).text();
      expect(text.startsWith('{"status":"success","data":[0,1')).toBe(true);
      expect(text.endsWith('],"warnings":["w"],"infos":["i"]}')).toBe(true);
    }
  });

  it.each(['identity', 'gzip'])('breaks off, and does not end, when its source breaks: %s', async (coding) => {
    const answer = await appOf(() => pieces(3000, 2000)).request('/', { headers: { 'accept-encoding': coding } });
    expect(answer.status).toBe(200);
    await expect(answer.arrayBuffer()).rejects.toThrow('storage broke');
  });

  it('lets others have their turn between chunks', async () => {
    let turns = 0;
    const count = (): void => {
      turns++;
      timer = setImmediate(count);
    };
    let timer = setImmediate(count);
    const answer = await appOf(() => pieces(8000)).request('/');
    expect((await answer.arrayBuffer()).byteLength).toBeGreaterThan(7 * MEGABYTE);
    clearImmediate(timer);
    expect(turns).toBeGreaterThan(100);
  });

  it('is not made further than it is read', async () => {
    let made = 0;
    const source = function* (): Generator<string> {
      for (const piece of pieces(100_000)) {
        made++;
        yield piece;
      }
    };
    const answer = await appOf(source).request('/');
    await answer.body?.cancel();
    await new Promise((resolve) => setImmediate(resolve));
    expect(made).toBeLessThan(2000);
  });
});

describe('an error', () => {
  it("has Prometheus' type and status", async () => {
    const faults: readonly (readonly [HttpFault, number, string])[] = [
      [new HttpFault(400, 'x'), 400, 'bad_data'],
      [new HttpFault(401, 'x'), 401, 'unauthorized'],
      [new HttpFault(403, 'x'), 403, 'forbidden'],
      [new HttpFault(404, 'x'), 404, 'not_found'],
      [new HttpFault(422, 'x'), 422, 'execution'],
      [new QueryFault(503, 'timeout', 'x'), 503, 'timeout'],
      [new QueryFault(503, 'canceled', 'x'), 499, 'canceled'],
      [faultFrom(new UnavailableError('x', 2)), 503, 'unavailable'],
      [faultFrom(new Error('x')), 500, 'internal'],
    ];
    for (const [fault, status, errorType] of faults) {
      const answer = await new Hono().get('/', (c) => failure(c, fault)).request('/');
      expect([answer.status, await answer.json()]).toEqual([status, { status: 'error', errorType, error: fault.message }]);
    }
  });
});
