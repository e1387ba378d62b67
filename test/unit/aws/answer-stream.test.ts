import { gunzipSync } from 'node:zlib';
import { once } from 'node:events';
import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { Hono } from 'hono';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { successInPieces } from '../../../functions/query/answers.ts';
import { streamAnswer } from '../../../shared/aws/answer-stream.ts';
import type { RunSql } from '../../../shared/sql/run-sql.ts';
import { lambdaHeads, LambdaStream } from '../../support/lambda-stream.ts';
import { NOW_MS, openQuery, type OpenQuery } from '../query/open-query.ts';

interface EventParts {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

const eventOf = (path: string, { method = 'GET', headers = {}, body, isBase64Encoded = false }: EventParts = {}): LambdaFunctionURLEvent => {
  const [rawPath = '', rawQueryString = ''] = path.split('?');
  const requestContext = { domainName: 'abc.lambda-url.eu-west-1.on.aws', http: { method, path: rawPath } };
  return { version: '2.0', rawPath, rawQueryString, headers, requestContext, isBase64Encoded, ...(body === undefined ? {} : { body }) } as unknown as LambdaFunctionURLEvent;
};

type App = Pick<Hono<never>, 'fetch'>;

const call = async (app: App, path: string, parts: EventParts = {}): Promise<ReturnType<LambdaStream['answer']>> => {
  const stream = new LambdaStream();
  await streamAnswer(eventOf(path, parts), stream, lambdaHeads, (request) => app.fetch(request));
  await once(stream, 'finish');
  return stream.answer();
};

const MEGABYTE = 1024 * 1024;

/** As many bytes as the statement says. */
const runSql: RunSql = async ({ query }) => ({ columns: [{ name: 'a', type: 'varchar' }], rows: [['x'.repeat(Number(query))]], bytesScanned: 0 });

/** `count` pieces of a kilobyte, counted as they are made. */
const longApp = (count: number, made: { pieces: number }, breaksAt = Infinity): App => {
  const pieces = function* (): Generator<string> {
    yield '[0';
    for (let i = 1; i < count; i++) {
      if (i === breaksAt) throw new Error('storage broke');
      made.pieces++;
      yield `,${'1'.repeat(1023)}`;
    }
    yield ']';
  };
  return new Hono().get('/', (c) => successInPieces(c, pieces, {})) as unknown as App;
};

describe('the query API through a function URL', () => {
  let query: OpenQuery;
  beforeEach(async () => {
    query = await openQuery({ limits: { maxSamples: 1000, timeoutMs: 1000, maxAnswerBytes: 200_000 } });
    const label = 'x'.repeat(2000);
    await query.store(...Array.from({ length: 90 }, (_, i) => ['cpu', `{"host":"h${100 + i}","long":"${label}"}`, [-1000, i]] as const));
  });
  afterEach(() => query.close());

  it('has the status, the headers and the body that it has elsewhere', async () => {
    for (const path of ['/api/v1/query?query=1', '/api/v1/query?query=1%2B', '/api/v1/query?query=count(cpu)&timeout=0', '/api/v1/sql', '/nowhere', `/api/v1/query?query=cpu&time=${NOW_MS / 1000}`]) {
      const expected = await query.get(path);
      const { statusCode, headers, cookies, body } = await call(query.app, path);
      expect({ path, statusCode, headers, cookies, body: body.toString() }).toEqual({ path, statusCode: expected.status, headers: Object.fromEntries(expected.headers), cookies: [], body: await expected.text() });
    }
  });

  it.each(['/api/v1/labels', '/api/v1/query?query=cpu'])('is packed for callers that accept gzip, as bytes: %s', async (path) => {
    const plain = await call(query.app, path);
    const { headers, body } = await call(query.app, path, { headers: { 'accept-encoding': 'gzip' } });
    const text = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
    expect(headers['content-encoding']).toBe(plain.body.length > 1400 ? 'gzip' : undefined);
    expect(text.equals(plain.body)).toBe(true);
  });

  it('sends head and end where there is no body', async () => {
    expect(await call(query.app, '/api/v1/labels', { method: 'OPTIONS' })).toMatchObject({ statusCode: 204, headers: { allow: 'GET, POST, OPTIONS' }, body: Buffer.alloc(0) });
    expect(await call(query.app, '/api/v1/labels', { method: 'HEAD' })).toMatchObject({ statusCode: 200, headers: { 'content-type': 'application/json' }, body: Buffer.alloc(0) });
  });

  it.each([
    ['text', 'query=1%2B1', false],
    ['base64', Buffer.from('query=1%2B1').toString('base64'), true],
  ])('takes a form as %s', async (_, body, isBase64Encoded) => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '11' };
    const answer = await call(query.app, '/api/v1/query?time=1', { method: 'POST', headers, body, isBase64Encoded });
    expect(JSON.parse(answer.body.toString())).toMatchObject({ data: { resultType: 'scalar', result: [1, '2'] } });
  });

  it('does not mind a body where none has a meaning, nor letters beyond ASCII in a header', async () => {
    expect(await call(query.app, '/api/v1/query?query=1', { body: 'x', headers: { 'x-name': 'Zoë ☃' } })).toMatchObject({ statusCode: 200 });
  });

  it('answers 400 to what is no request', async () => {
    const { statusCode, body } = await call(query.app, '/api/v1/query', { headers: { 'a b': 'c' } });
    expect([statusCode, JSON.parse(body.toString())]).toEqual([400, { status: 'error', errorType: 'bad_data', error: expect.stringMatching(/^read request: /) }]);
  });

  it.each(['identity', 'gzip'])('refuses an answer that is too long before it sends any of it: %s', async (coding) => {
    await query.store(...Array.from({ length: 20 }, (_, i) => ['cpu', `{"host":"i${100 + i}","long":"${'x'.repeat(2000)}"}`, [-1000, i]] as const));
    for (const path of ['/api/v1/query?query=cpu', '/api/v1/query?query=cpu&stats=all', '/api/v1/series?match[]=cpu', '/federate?match[]=cpu']) {
      const { statusCode, headers, body } = await call(query.app, path, { headers: { 'accept-encoding': coding } });
      expect([path, statusCode, headers['content-encoding'], JSON.parse(body.toString())]).toEqual([
        path,
        422,
        undefined,
        { status: 'error', errorType: 'execution', error: expect.stringContaining('found more than 200000 bytes, 200000 bytes allowed: ask for fewer series') },
      ]);
    }
  });
});

describe('a long answer of SQL', () => {
  it('is refused like any other', async () => {
    const query = await openQuery({ limits: { maxSamples: 1000, timeoutMs: 1000, maxAnswerBytes: 200_000 }, runSql });
    const answers = await Promise.all(['100000', '200000'].map((text) => call(query.app, '/api/v1/sql', { method: 'POST', body: JSON.stringify({ query: text }) })));
    await query.close();
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 422]);
  });
});

describe('a long answer', () => {
  it('is made no faster than the stream takes it', async () => {
    const made = { pieces: 0 };
    let ahead = 0;
    let taken = 0;
    const stream = new LambdaStream(async (chunk) => {
      taken += chunk.length;
      ahead = Math.max(ahead, made.pieces * 1024 - taken);
      await new Promise((resolve) => setImmediate(resolve));
    });
    await streamAnswer(eventOf('/'), stream, lambdaHeads, (request) => longApp(50 * 1024, made).fetch(request));
    await once(stream, 'finish');
    expect(taken).toBeGreaterThan(49 * MEGABYTE);
    expect(ahead).toBeLessThan(MEGABYTE);
  });

  it.each(['identity', 'gzip'])('that breaks off fails the invocation, and does not end: %s', async (coding) => {
    const stream = new LambdaStream();
    const event = eventOf('/', { headers: { 'accept-encoding': coding } });
    await expect(streamAnswer(event, stream, lambdaHeads, (request) => longApp(3000, { pieces: 0 }, 2000).fetch(request))).rejects.toThrow('storage broke');
    expect([stream.writableEnded, stream.destroyed]).toEqual([false, false]);
    expect(stream.answer().statusCode).toBe(200);
  });

  it.each(['closes', 'breaks'])('is not made to its end when the stream %s', async (how) => {
    const made = { pieces: 0 };
    const stream = new LambdaStream(async () => {
      if (made.pieces > 1000) stream.destroy(how === 'breaks' ? new Error('connection reset') : undefined);
    });
    await streamAnswer(eventOf('/'), stream, lambdaHeads, (request) => longApp(100_000, made).fetch(request));
    await new Promise((resolve) => setImmediate(resolve));
    expect(made.pieces).toBeGreaterThan(1000);
    expect(made.pieces).toBeLessThan(3000);
  });

  it('is given up while it is evaluated when the stream closes', async () => {
    const stream = new LambdaStream();
    const app = new Hono().get('/', async (c) => {
      stream.destroy();
      await once(c.req.raw.signal, 'abort');
      return c.json({}, 499 as 400);
    });
    await expect(streamAnswer(eventOf('/'), stream, lambdaHeads, (request) => app.fetch(request))).resolves.toBeUndefined();
  });

  it('keeps cookies apart', async () => {
    const app = new Hono().get('/', (c) => {
      c.header('set-cookie', 'a=1', { append: true });
      c.header('set-cookie', 'b=2', { append: true });
      return c.text('');
    });
    const { headers, cookies } = await call(app as unknown as App, '/');
    expect([headers['set-cookie'], cookies]).toEqual([undefined, ['a=1', 'b=2']]);
  });
});
