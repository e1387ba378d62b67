import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Oauth2 } from '../../../shared/alerting/http-client.ts';
import { type AccessTokens, makeAccessTokens } from '../../../shared/channels/access-tokens.ts';
import { makeGuardedFetch } from '../../../shared/channels/guarded-fetch.ts';
import { postJson } from '../../../shared/channels/http-post.ts';
import { makeIsOpen } from '../../../shared/channels/open-address.ts';
import type { SendOutcome } from '../../../shared/channels/send-outcome.ts';

interface Asked {
  readonly authorization: string | undefined;
  readonly params: Readonly<Record<string, string>>;
}

/** A server of tokens and of a hook that takes the last one alone. */
let server: Server;
let port: number;
let asked: Asked[];
let posts: (string | undefined)[];
let answer: (count: number, asked: Asked) => { readonly status?: number; readonly body: string };
let secretOfFile: string;
let tokens: AccessTokens;

const fetch = makeGuardedFetch(makeIsOpen(['127.0.0.0/8']));
const readSecret = async (): Promise<string> => `${secretOfFile}\n`;
const tokenAnswer = (token: string, expiresS?: unknown): { body: string } => ({ body: JSON.stringify({ access_token: token, token_type: 'bearer', ...(expiresS === undefined ? {} : { expires_in: expiresS }) }) });

beforeEach(async () => {
  [asked, posts, secretOfFile] = [[], [], 's3cret'];
  answer = (count) => tokenAnswer(`t${count}`, 3600);
  tokens = makeAccessTokens(fetch, readSecret);
  server = createServer(async (request, response) => {
    const body = await text(request);
    if (request.url !== '/token') {
      posts.push(request.headers.authorization);
      return response.writeHead(request.headers.authorization === `Bearer t${asked.length}` ? 200 : 401).end();
    }
    const ask = { authorization: request.headers.authorization, params: Object.fromEntries(new URLSearchParams(body)) };
    asked.push(ask);
    const { status = 200, body: said } = answer(asked.length, ask);
    return response.writeHead(status).end(said);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const client = (changes: Partial<Oauth2> = {}): Oauth2 => ({ tokenUrl: { text: `http://127.0.0.1:${port}/token` }, clientId: 'me:1', clientSecret: { file: 'secret' }, scopes: [], endpointParams: [], ...changes });
const post = (nowMs = 0, changes: Partial<Oauth2> = {}): Promise<SendOutcome> =>
  postJson({ fetch, readSecret, tokens }, { auth: { kind: 'oauth2', oauth2: client(changes) } }, nowMs, async () => ({ url: `http://127.0.0.1:${port}/hook`, headers: {}, body: '' }));

describe('client credentials', () => {
  it('get a token, with scopes and parameters, which goes with the request', async () => {
    expect(await post(0, { scopes: ['alerts', 'pages'], endpointParams: [['audience', { text: 'x y' }]] })).toMatchObject({ kind: 'sent' });
    expect(asked).toEqual([{ authorization: `Basic ${Buffer.from('me%3A1:s3cret').toString('base64')}`, params: { grant_type: 'client_credentials', scope: 'alerts pages', audience: 'x y' } }]);
    expect(posts).toEqual(['Bearer t1']);
  });

  it('keep a token until shortly before its end', async () => {
    for (const nowMs of [0, 1000, 3_589_999]) await post(nowMs);
    expect(asked).toHaveLength(1);
    expect(await post(3_590_000)).toMatchObject({ kind: 'sent' });
    expect(asked).toHaveLength(2);
  });

  it.each(['60', 60])('read an end of %j, and keep a token without one', async (expires) => {
    answer = (count) => tokenAnswer(`t${count}`, count === 1 ? expires : undefined);
    for (const nowMs of [0, 49_999, 50_000, 1e12]) await post(nowMs);
    expect(asked).toHaveLength(2);
  });

  it('ask once for all who wait', async () => {
    expect((await Promise.all([post(), post(), post()])).map(({ kind }) => kind)).toEqual(['sent', 'sent', 'sent']);
    expect(asked).toHaveLength(1);
  });

  it('make a token new once that the receiver refuses, also where many were refused at once', async () => {
    await post();
    asked.push({ authorization: '', params: {} }); // the hook takes t2 alone now
    answer = (count) => tokenAnswer(`t${count}`, 3600);
    posts = [];
    const outcomes = await Promise.all([post(), post()]);
    expect(outcomes.map(({ kind }) => kind)).toEqual(['sent', 'sent']);
    expect(asked).toHaveLength(3);
    expect(posts.toSorted()).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t3', 'Bearer t3']);
  });

  it('give up when the new one is refused too', async () => {
    answer = () => tokenAnswer('never', 3600);
    expect(await post()).toMatchObject({ kind: 'failed', answer: 'HTTP 401' });
    expect([asked.length, posts.length]).toEqual([2, 2]);
  });

  it('get another token when the secret in the file is another one', async () => {
    await post();
    secretOfFile = 'rotated';
    await post();
    expect(asked.map(({ authorization }) => authorization)).toEqual(['s3cret', 'rotated'].map((each) => `Basic ${Buffer.from(`me%3A1:${each}`).toString('base64')}`));
  });

  it('stand in the body for a server that wants them there', async () => {
    answer = (count, { authorization }) => (authorization === undefined ? tokenAnswer(`t${count}`) : { status: 401, body: '{"error":"invalid_client"}' });
    expect(await post()).toMatchObject({ kind: 'sent' });
    expect(asked[1]).toEqual({ authorization: undefined, params: { grant_type: 'client_credentials', client_id: 'me:1', client_secret: 's3cret' } });
  });

  it.each([
    [401, '{"error":"invalid_client","error_description":"s3cret"}', 'get token: found HTTP 401 invalid_client, 200 is needed'],
    [500, 's3cret', 'get token: found HTTP 500, 200 is needed'],
    [302, '{"error":"s3cret is wrong"}', 'get token: found HTTP 302, 200 is needed'],
    [200, '{"access_token":"s3cret\\n"}', 'get token: found no access_token in the answer, one of at most 8192 printable characters is needed'],
    [200, `{"access_token":"${'a'.repeat(8193)}"}`, 'get token: found no access_token in the answer, one of at most 8192 printable characters is needed'],
    [200, 's3cret', 'get token: found no access_token in the answer, one of at most 8192 printable characters is needed'],
    [200, `{"access_token":"${'a'.repeat(10_000_000)}"}`, 'get token: found no access_token in the answer, one of at most 8192 printable characters is needed'],
  ])('that are answered with %i %.30s are asked for again later, and the secret is not told', async (status, body, told) => {
    answer = () => ({ status, body });
    expect(await post()).toEqual({ kind: 'retry', answer: told });
    expect(posts).toEqual([]);
    answer = (count) => tokenAnswer(`t${count}`);
    expect(await post()).toMatchObject({ kind: 'sent' });
  });

  it('that do not come are waited for no longer than the attempt may last', async () => {
    const never = { get: () => new Promise<string>(() => undefined), refuse: () => undefined };
    expect(await postJson({ fetch, readSecret, tokens: never }, { auth: { kind: 'oauth2', oauth2: client() }, timeoutMs: 50 }, 0, async () => ({ url: `http://127.0.0.1:${port}/hook`, headers: {}, body: '' }))).toEqual({ kind: 'retry', answer: 'no answer within 50 ms' });
  });

  it('that their own server does not give in time are told as that', async () => {
    tokens = makeAccessTokens(() => Promise.reject(new DOMException('late', 'TimeoutError')), readSecret);
    expect(await post()).toEqual({ kind: 'retry', answer: 'get token: found no answer within 5000 ms' });
  });

  it('are not sent into a closed network', async () => {
    tokens = makeAccessTokens(makeGuardedFetch(makeIsOpen([])), readSecret);
    expect(await post()).toEqual({ kind: 'retry', answer: 'no answer: CLOSED_ADDRESS' });
    expect(asked).toEqual([]);
  });
});
