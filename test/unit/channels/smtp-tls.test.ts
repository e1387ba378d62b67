import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import type { TlsSettings } from '../../../shared/alerting/http-client.ts';
import type { EmailIntegration } from '../../../shared/alerting/receivers.ts';
import { sendEmail } from '../../../shared/channels/email.ts';
import { makeIsOpen } from '../../../shared/channels/open-address.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import type { SendOutcome } from '../../../shared/channels/send-outcome.ts';
import { makeSmtpTransport } from '../../../shared/channels/smtp-transport.ts';
import { CA_CERT, CLIENT_CERT, CLIENT_KEY, OTHER_CERT, SERVER_CERT, SERVER_KEY } from './certificates.ts';
import { MAIL, MESSAGE } from './mail.ts';

const TRUSTED: TlsSettings = { ca: { text: CA_CERT }, serverName: '', isVerified: true };

let server: SMTPServer | undefined;
let mails: string[] = [];
afterEach(async () => {
  mails = [];
  await new Promise<void>((closed) => (server === undefined ? closed() : server.close(() => closed())));
});

const listen = async (options: SMTPServerOptions = {}): Promise<number> => {
  server = new SMTPServer({
    cert: SERVER_CERT,
    key: SERVER_KEY,
    authOptional: true,
    onData: (stream, _session, done) => void text(stream).then((mail) => (mails.push(mail), done())),
    ...options,
  });
  server.on('error', () => undefined);
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  return (listening.address() as AddressInfo).port;
};

const send = (port: number, changes: Partial<EmailIntegration>): Promise<SendOutcome> =>
  sendEmail(
    { createTransport: makeSmtpTransport(makeIsOpen(['127.0.0.0/8'])), readSecret: noSecretFiles },
    { ...MAIL, smarthost: { host: '127.0.0.1', port }, auth: undefined, ...changes },
    { id: 'abc', dedupKey: 'group', subject: 'S', message: MESSAGE, nowMs: Date.UTC(2026, 0, 2) },
  );

describe.each([false, true])('tls_config of e-mail (TLS from the first byte: %s)', (secure) => {
  it('trusts the authority that it names, and no other', async () => {
    const port = await listen({ secure });
    expect(await send(port, { implicitTls: secure, tls: TRUSTED })).toMatchObject({ kind: 'sent' });
    for (const tls of [{ ...TRUSTED, ca: { text: OTHER_CERT } }, undefined]) {
      const outcome = await send(port, { implicitTls: secure, ...(tls === undefined ? {} : { tls }) });
      expect(outcome).toEqual({ kind: 'retry', answer: "SMTP: the server's certificate is not trusted (UNABLE_TO_VERIFY_LEAF_SIGNATURE), ca_file of tls_config says which is" });
    }
    expect(await send(port, { implicitTls: secure, tls: { serverName: '', isVerified: false } })).toMatchObject({ kind: 'sent' });
    expect(await send(port, { implicitTls: secure, tls: { ...TRUSTED, serverName: 'other.test' } })).toMatchObject({ kind: 'retry', answer: expect.stringContaining('server_name') });
    expect(mails).toHaveLength(2);
  });

  it('shows its certificate to a server that demands one', async () => {
    const port = await listen({ secure, ca: CA_CERT, requestCert: true, rejectUnauthorized: true } as SMTPServerOptions);
    expect(await send(port, { implicitTls: secure, tls: { ...TRUSTED, certificate: { cert: { text: CLIENT_CERT }, key: { text: CLIENT_KEY } } } })).toMatchObject({ kind: 'sent' });
    expect(await send(port, { implicitTls: secure, tls: TRUSTED })).toMatchObject({ kind: 'retry' });
    expect(mails).toHaveLength(1);
  });
});

it('a file that is not there is told by its path', async () => {
  expect(await send(1, { tls: { ...TRUSTED, ca: { file: 'ca.pem' } } })).toEqual({ kind: 'retry', answer: 'read secret: found no readable file ca.pem' });
});

it('a secret alone logs in by CRAM-MD5', async () => {
  const methods: string[] = [];
  const port = await listen({
    authMethods: ['PLAIN', 'LOGIN', 'CRAM-MD5'],
    onAuth: (auth, _session, done) => {
      methods.push(auth.method);
      done(null, auth.validatePassword('hunter2') ? { user: 'robot' } : {});
    },
  });
  expect(await send(port, { tls: TRUSTED, auth: { username: 'robot', password: { text: 'hunter2' }, method: 'CRAM-MD5' } })).toMatchObject({ kind: 'sent' });
  expect(methods).toEqual(['CRAM-MD5']);
});

it.each([['daily', '<group-2026-01-02@tidemark>'], ['none', '<group@tidemark>']] as const)('mails of a group refer to one root, %s', async (threading, root) => {
  const port = await listen();
  await send(port, { tls: TRUSTED, threading });
  expect(mails[0]).toContain(`References: ${root}`);
  expect(mails[0]).toContain(`In-Reply-To: ${root}`);
});
