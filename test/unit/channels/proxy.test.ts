import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HttpClient, ProxySettings } from '../../../shared/alerting/http-client.ts';
import { makeGuardedFetch } from '../../../shared/channels/guarded-fetch.ts';
import { postJson } from '../../../shared/channels/http-post.ts';
import { makeIsOpen } from '../../../shared/channels/open-address.ts';
import { isExcepted, proxyEnvironment } from '../../../shared/channels/proxy-choice.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import type { SendOutcome } from '../../../shared/channels/send-outcome.ts';
import { CA_CERT, SERVER_CERT, SERVER_KEY } from './certificates.ts';

const LOOPBACK = makeIsOpen(['127.0.0.0/8']);

let servers: Server[] = [];
/** What the proxy saw, a line for each request. */
let log: string[] = [];
let answerOfProxy: number;

const listen = async (server: Server): Promise<number> => {
  servers.push(server.listen(0, '127.0.0.1'));
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

beforeEach(() => {
  answerOfProxy = 200;
  log = [];
});
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
});

const target = (isSecure: boolean): Promise<number> => {
  const answer = async (request: IncomingMessage, response: { end(text: string): unknown }): Promise<void> => void response.end(`${request.headers.host ?? ''} ${request.headers['proxy-authorization'] ?? ''}|${await text(request)}`);
  return listen(isSecure ? createSecureServer({ cert: SERVER_CERT, key: SERVER_KEY }, answer) : createServer(answer));
};

/** A proxy that brings every name to this host. */
const proxy = async (isSecure = false): Promise<number> => {
  const note = ({ method, url, headers }: IncomingMessage): void => void log.push([method, url, headers['proxy-authorization'] ?? '', headers['x-way'] ?? ''].join(' '));
  const onRequest = async (request: IncomingMessage, response: { writeHead(status: number): { end(text: string): unknown } }): Promise<void> => {
    note(request);
    response.writeHead(answerOfProxy).end(`${request.headers.host ?? ''}|${await text(request)}`);
  };
  const server = isSecure ? createSecureServer({ cert: SERVER_CERT, key: SERVER_KEY }, onRequest) : createServer(onRequest);
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    note(request);
    socket.on('error', () => undefined);
    if (answerOfProxy !== 200) return socket.end(`HTTP/1.1 ${answerOfProxy} No\r\n\r\n`);
    const upstream = connect(Number(request.url?.split(':').at(-1)), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.pipe(socket).pipe(upstream);
    }).on('error', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
    return undefined;
  });
  return listen(server);
};

const by = (url: string, more: Partial<Extract<ProxySettings, { kind: 'url' }>> = {}): ProxySettings => ({ kind: 'url', url: { text: url }, noProxy: '', connectHeaders: [], ...more });

const post = (url: string, settings: ProxySettings | undefined, { isOpen = LOOPBACK, env = {}, timeoutMs = 5000 }: { isOpen?: typeof LOOPBACK; env?: Record<string, string>; timeoutMs?: number } = {}): Promise<SendOutcome> => {
  const client: HttpClient = { auth: { kind: 'none' }, tls: { ca: { text: CA_CERT }, serverName: '', isVerified: true }, ...(settings === undefined ? {} : { proxy: settings }) };
  return postJson({ fetch: makeGuardedFetch(isOpen, proxyEnvironment(env)), readSecret: noSecretFiles }, { ...client, timeoutMs }, 0, async () => ({ url, headers: {}, body: '{"a":1}' }));
};

const LOGIN = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;

describe('a proxy', () => {
  it('is told the whole address of a plain target, and keeps the login to itself', async () => {
    const port = await proxy();
    expect(await post('http://receiver.test:8080/hook?x=1', by(`http://me:p%40ss@127.0.0.1:${port}`, { connectHeaders: [{ name: 'X-Way', values: [{ text: 'no' }] }] }))).toEqual({ kind: 'sent', answer: 'HTTP 200 receiver.test:8080|{"a":1}' });
    expect(log).toEqual([`POST http://receiver.test:8080/hook?x=1 ${LOGIN} `]);
  });

  it.each([false, true])('opens a tunnel to a target that speaks TLS, whose certificate is judged here (TLS to the proxy: %s)', async (isSecure) => {
    const [port, to] = [await proxy(isSecure), await target(true)];
    const settings = by(`${isSecure ? 'https' : 'http'}://me:p%40ss@127.0.0.1:${port}`, { connectHeaders: [{ name: 'X-Way', values: [{ text: 'yes' }] }] });
    expect(await post(`https://receiver.test:${to}/t0ken`, settings)).toEqual({ kind: 'sent', answer: `HTTP 200 receiver.test:${to} |{"a":1}` });
    expect(log).toEqual([`CONNECT receiver.test:${to} ${LOGIN} yes`]);
    expect(await post(`https://other.test:${to}/`, settings)).toMatchObject({ kind: 'retry', answer: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') });
    expect(await post(`https://127.0.0.1:${to}/`, settings)).toMatchObject({ kind: 'sent' });
  });

  it('that speaks TLS is judged by its own name, whatever the target is called', async () => {
    const [port, to] = [await proxy(true), await target(true)];
    expect(await post('http://elsewhere.test/', by(`https://127.0.0.1:${port}`))).toMatchObject({ kind: 'sent' });
    expect(await post(`https://receiver.test:${to}/`, by(`https://localhost:${port}`))).toMatchObject({ kind: 'retry', answer: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') });
  });

  it('is told the login of a plain target as the target is', async () => {
    const port = await proxy();
    const sent: (string | undefined)[] = [];
    servers.at(-1)?.prependListener('request', ({ headers }: IncomingMessage) => sent.push(headers.authorization));
    await post('http://me:p%40ss@receiver.test/', by(`http://127.0.0.1:${port}`));
    await post('http://receiver.test/', by(`http://127.0.0.1:${port}`));
    expect(sent).toEqual([LOGIN, undefined]);
    expect(log).toEqual(['POST http://receiver.test/  ', 'POST http://receiver.test/  ']);
  });

  it('may have a login with a percent sign that escapes nothing', async () => {
    await post('http://receiver.test/', by(`http://me:100%@127.0.0.1:${await proxy()}`));
    expect(log).toEqual([`POST http://receiver.test/ Basic ${Buffer.from('me:100%').toString('base64')} `]);
  });

  it.each(['socks5://127.0.0.1:1', 'http://:pw@'])('of the environment that is %s is told without its address', async (address) => {
    const outcome = await post('http://receiver.test/', { kind: 'environment', connectHeaders: [] }, { env: { HTTP_PROXY: address } });
    expect(outcome).toEqual({ kind: 'retry', answer: 'connect by proxy: found no address of a proxy in the environment, http://... or https://... is needed' });
  });

  it('that refuses the tunnel, is not there or says nothing is a reason to try again, told without its login', async () => {
    const [port, silent] = [await proxy(), await listen(createServer().on('connect', () => undefined))];
    answerOfProxy = 407;
    expect(await post('https://receiver.test/', by(`http://me:p%40ss@127.0.0.1:${port}`))).toEqual({ kind: 'retry', answer: 'connect by proxy: found HTTP 407, 200 is needed' });
    expect(await post('https://receiver.test/', by('http://me:p%40ss@127.0.0.1:1'))).toEqual({ kind: 'retry', answer: 'no answer: ECONNREFUSED' });
    expect(await post('https://receiver.test/', by(`http://127.0.0.1:${silent}`), { timeoutMs: 100 })).toEqual({ kind: 'retry', answer: 'no answer within 100 ms' });
  });

  it('does not lead around closed addresses: neither its own nor that of the target', async () => {
    const port = await proxy();
    const closed = { kind: 'retry', answer: 'no answer: CLOSED_ADDRESS' };
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) expect(await post('https://receiver.test/', by(`http://${host}:${port}`), { isOpen: makeIsOpen([]) })).toEqual(closed);
    for (const host of ['169.254.169.254', '0xa9fea9fe', '[fd00:ec2::254]']) for (const scheme of ['http', 'https']) expect(await post(`${scheme}://${host}/latest`, by(`http://127.0.0.1:${port}`))).toEqual(closed);
    const openAtProxyAlone = makeIsOpen([]);
    expect(await post('http://localhost/', by('http://8.8.8.8:1'), { isOpen: openAtProxyAlone })).toEqual(closed);
    expect(log).toEqual([]);
  });

  it('is left out for its exceptions', async () => {
    const [port, to] = [await proxy(), await target(false)];
    expect(await post(`http://127.0.0.1:${to}/`, by(`http://127.0.0.1:${port}`, { noProxy: 'example.com' }))).toMatchObject({ kind: 'sent' });
    expect(log).toEqual([]);
    expect(await post(`http://127.0.0.1:${to}/`, by(`http://127.0.0.1:${port}`))).toMatchObject({ kind: 'sent' });
    expect(log).toHaveLength(1);
  });

  it('is that of the environment when the file says so, by scheme', async () => {
    const port = await proxy();
    const settings: ProxySettings = { kind: 'environment', connectHeaders: [] };
    expect(await post('http://receiver.test/', settings, { env: { http_proxy: `127.0.0.1:${port}` } })).toMatchObject({ kind: 'sent' });
    expect(await post('http://receiver.invalid/', settings, { env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } })).toMatchObject({ kind: 'retry', answer: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/) });
    expect(await post('http://receiver.invalid/', undefined, { env: { HTTP_PROXY: `http://127.0.0.1:${port}` } })).toMatchObject({ kind: 'retry' });
    expect(log).toEqual(['POST http://receiver.test/  ']);
  });
});

describe('exceptions of a proxy', () => {
  it.each([
    ['http://a.example.com/', 'example.com', true],
    ['http://example.com/', 'example.com', true],
    ['http://badexample.com/', 'example.com', false],
    ['http://example.com/', '.example.com', false],
    ['http://a.example.com/', '*.example.com', true],
    ['http://example.com/', 'x, *', true],
    ['https://example.com/', 'example.com:443', true],
    ['http://example.com:8080/', 'example.com:443', false],
    ['http://10.1.2.3/', '10.0.0.0/8', true],
    ['http://11.1.2.3/', '10.0.0.0/8,10.0.0.0/99', false],
    ['http://[2001:db8::1]:8080/', '[2001:db8::1]:8080', true],
    ['http://[2001:db8::1]/', '2001:db8::1', true],
    ['http://10.1.2.3:81/', '10.1.2.3:80', false],
    ['http://localhost/', '', true],
    ['http://127.1/', '', true],
    ['http://[::1]/', '', true],
    ['http://example.com/', '', false],
  ])('of %s by %j: %s', (url, noProxy, expected) => {
    expect(isExcepted(new URL(url), noProxy)).toBe(expected);
  });
});
