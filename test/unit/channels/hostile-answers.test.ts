import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpClient } from '../../../shared/alerting/http-client.ts';
import { makeGuardedFetch } from '../../../shared/channels/guarded-fetch.ts';
import { postJson } from '../../../shared/channels/http-post.ts';
import { makeIsOpen } from '../../../shared/channels/open-address.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import type { SendOutcome } from '../../../shared/channels/send-outcome.ts';

const TIMEOUT_MS = 400;

let server: Server | undefined;
afterEach(() => server?.close());

/** A server that talks when it has heard the beginning of a request; the end of each connection. */
const listen = async (talk: (socket: Socket) => void): Promise<{ port: number; closed: Promise<void> }> => {
  const closed = Promise.withResolvers<void>();
  server = createServer((socket) => {
    socket.on('error', () => undefined).once('close', () => closed.resolve());
    socket.once('data', () => talk(socket));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, closed: closed.promise };
};

const post = (url: string, client: Partial<HttpClient> = {}): Promise<SendOutcome> =>
  postJson({ fetch: makeGuardedFetch(makeIsOpen(['127.0.0.0/8'])), readSecret: noSecretFiles }, { auth: { kind: 'none' }, timeoutMs: TIMEOUT_MS, ...client }, 0, async () => ({ url, headers: {}, body: '{}' }));

const every = (ms: number, text: string) => (socket: Socket): void => {
  const talking = setInterval(() => socket.write(text), ms);
  socket.once('close', () => clearInterval(talking));
};

describe('a receiver', () => {
  it.each(['000', '101', '600', '999'])('that answers with status %s is asked again later', async (status) => {
    const { port, closed } = await listen((socket) => socket.end(`HTTP/1.1 ${status} Odd\r\ncontent-length: 0\r\n\r\n`));
    expect(await post(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'retry', answer: `read answer: found HTTP ${Number(status)}, 200 to 599 is needed` });
    await closed;
  });

  it('that wants to speak another protocol is asked again later, and its connection is closed', async () => {
    const { port, closed } = await listen((socket) => socket.write('HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: other\r\n\r\n'));
    expect(await post(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'retry', answer: 'read answer: found HTTP 101, 200 to 599 is needed' });
    await closed;
  });

  it.each([
    ['headers', 'HTTP/1.1 200 Ok\r\nx: ', 'a', { kind: 'retry', answer: `no answer within ${TIMEOUT_MS} ms` }],
    ['preliminary answers', '', 'HTTP/1.1 100 Continue\r\n\r\n', { kind: 'retry', answer: `no answer within ${TIMEOUT_MS} ms` }],
    ['a body', 'HTTP/1.1 200 Ok\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\na\r\n', { kind: 'sent' }],
    ['a body where none may be', 'HTTP/1.1 205 Ok\r\ntransfer-encoding: chunked\r\n\r\n', '1\r\na\r\n', { kind: 'sent' }],
  ])('that gives %s without end is left after the time of an attempt', async (_what, beginning, more, outcome) => {
    const { port, closed } = await listen((socket) => {
      socket.write(beginning);
      every(20, more)(socket);
    });
    expect(await post(`http://127.0.0.1:${port}/`)).toMatchObject(outcome);
    await closed;
  });
});
