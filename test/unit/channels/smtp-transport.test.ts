import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { sendEmail } from '../../../shared/channels/email.ts';
import { makeIsOpen } from '../../../shared/channels/open-address.ts';
import { makeSmtpTransport } from '../../../shared/channels/smtp-transport.ts';
import type { SendOutcome } from '../../../shared/channels/send-outcome.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import { MAIL, MESSAGE } from './mail.ts';

const TIMEOUT_MS = 300;
const LOOPBACK = makeIsOpen(['127.0.0.0/8', '::1/128']);

let server: Server | undefined;
afterEach(() => server?.close());

const listen = async (talk: (socket: Socket) => void): Promise<number> => {
  server = createServer(talk).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const send = (host: string, port: number, isOpen = LOOPBACK): Promise<SendOutcome> =>
  sendEmail({ createTransport: makeSmtpTransport(isOpen), readSecret: noSecretFiles }, { ...MAIL, smarthost: { host, port }, requireTls: false, auth: undefined }, { id: 'abc', dedupKey: 'group', subject: 'S', message: MESSAGE, nowMs: 0 }, TIMEOUT_MS);

it.each([
  ['says nothing', () => undefined],
  ['gives a line of its answer now and then, and never the last', (socket: Socket) => {
    socket.write('220 hello\r\n');
    const talking = setInterval(() => socket.write('250-more\r\n'), 50);
    socket.once('close', () => clearInterval(talking));
  }],
])('a server that %s is left after the time of a mail, and its connection is closed', async (_name, talk) => {
  const closed = Promise.withResolvers<void>();
  const port = await listen((socket) => {
    socket.on('error', () => undefined).once('close', () => closed.resolve());
    socket.resume();
    talk(socket);
  });
  const startMs = performance.now();
  expect(await send('127.0.0.1', port)).toEqual({ kind: 'retry', answer: `no answer within ${TIMEOUT_MS} ms` });
  expect(performance.now() - startMs).toBeLessThan(5000);
  await closed.promise;
});

it.each(['127.0.0.1', 'localhost', '::1'])('does not connect to %s, which is closed', async (host) => {
  let connections = 0;
  const port = await listen(() => connections++);
  expect(await send(host, port, makeIsOpen([]))).toEqual({ kind: 'retry', answer: 'SMTP CLOSED_ADDRESS' });
  expect(connections).toBe(0);
});

it('a port where nobody listens is tried again later', async () => {
  const port = await listen(() => undefined);
  server?.close();
  await once(server as Server, 'close');
  expect(await send('127.0.0.1', port)).toEqual({ kind: 'retry', answer: 'SMTP ECONNREFUSED' });
});
