import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import type { HttpClient, TlsSettings } from '../../../shared/alerting/http-client.ts';
import { makeGuardedFetch } from '../../../shared/channels/guarded-fetch.ts';
import { postJson } from '../../../shared/channels/http-post.ts';
import { makeIsOpen } from '../../../shared/channels/open-address.ts';
import { noSecretFiles } from '../../../shared/channels/secret.ts';
import type { SendOutcome } from '../../../shared/channels/send-outcome.ts';
import { CA_CERT, CLIENT_CERT, CLIENT_KEY, OTHER_CERT, SERVER_CERT, SERVER_KEY } from './certificates.ts';

const fetch = makeGuardedFetch(makeIsOpen(['127.0.0.0/8']));
const TRUSTED: TlsSettings = { ca: { text: CA_CERT }, serverName: '', isVerified: true };

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const listen = async (options: object = {}): Promise<number> => {
  server = createServer({ cert: SERVER_CERT, key: SERVER_KEY, ...options }, async (request, response) => {
    const socket = request.socket as TLSSocket;
    response.end(`${await text(request)} ${socket.getPeerCertificate().subject?.CN ?? 'nobody'} ${socket.getProtocol()} ${String(socket.servername)}`);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const post = (port: number, tls?: TlsSettings, more: Partial<HttpClient> = {}, host = '127.0.0.1'): Promise<SendOutcome> =>
  postJson({ fetch, readSecret: noSecretFiles }, { auth: { kind: 'none' }, ...(tls === undefined ? {} : { tls }), ...more }, 0, async () => ({ url: `https://${host}:${port}/t0ken`, headers: {}, body: '{}' }));

describe('tls_config of a receiver', () => {
  it('trusts the authority that it names, for a server by address', async () => {
    expect(await post(await listen(), TRUSTED)).toEqual({ kind: 'sent', answer: 'HTTP 200 {} nobody TLSv1.3 false' });
  });

  it.each([undefined, { ...TRUSTED, ca: { text: OTHER_CERT } }])('says that it does not trust a server of another authority, and tries again', async (tls) => {
    const outcome = await post(await listen(), tls);
    expect(outcome).toMatchObject({ kind: 'retry', answer: expect.stringMatching(/^no answer: the server's certificate is not trusted \(UNABLE_TO_VERIFY_LEAF_SIGNATURE\), ca_file of tls_config/) });
    expect(outcome.answer).not.toContain('t0ken');
  });

  it('takes any server when it is told to skip this', async () => {
    expect(await post(await listen(), { serverName: '', isVerified: false })).toMatchObject({ kind: 'sent' });
  });

  it('asks for the server by the name that it is told, and judges the certificate by it', async () => {
    const port = await listen();
    expect(await post(port, { ...TRUSTED, serverName: 'receiver.test' })).toEqual({ kind: 'sent', answer: 'HTTP 200 {} nobody TLSv1.3 receiver.test' });
    expect(await post(port, TRUSTED, {}, 'localhost')).toMatchObject({ kind: 'retry', answer: expect.stringContaining('ERR_TLS_CERT_ALTNAME_INVALID') });
    expect(await post(port, { ...TRUSTED, serverName: '127.0.0.1' }, {}, 'localhost')).toMatchObject({ kind: 'sent' });
    expect(await post(port, { ...TRUSTED, serverName: '127.0.0.2' })).toMatchObject({ kind: 'retry' });
  });

  it('shows its certificate to a server that demands one', async () => {
    const port = await listen({ ca: CA_CERT, requestCert: true, rejectUnauthorized: true });
    expect(await post(port, { ...TRUSTED, certificate: { cert: { text: CLIENT_CERT }, key: { text: CLIENT_KEY } } })).toEqual({ kind: 'sent', answer: 'HTTP 200 {} tidemark TLSv1.3 false' });
    expect(await post(port, TRUSTED)).toMatchObject({ kind: 'retry', answer: expect.stringMatching(/CERTIFICATE_REQUIRED|ECONNRESET|EPIPE/) });
  });

  it('keeps to the versions that it names, old ones too', async () => {
    const port = await listen();
    expect(await post(port, { ...TRUSTED, maxVersion: 'TLSv1.2' })).toMatchObject({ answer: expect.stringContaining('TLSv1.2') });
    server?.close();
    const old = await listen({ minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
    expect(await post(old, TRUSTED)).toMatchObject({ kind: 'retry' });
    expect(await post(old, { ...TRUSTED, minVersion: 'TLSv1' })).toMatchObject({ kind: 'sent', answer: expect.stringContaining('TLSv1.1') });
    expect(await post(old, { ...TRUSTED, maxVersion: 'TLSv1.1' })).toMatchObject({ kind: 'sent' });
  });

  it('says of certificates that do not read or fit that they do not, and nothing of them', async () => {
    const port = await listen();
    const wrong: readonly TlsSettings[] = [
      { ...TRUSTED, certificate: { cert: { text: CLIENT_CERT }, key: { text: SERVER_KEY } } },
      { ...TRUSTED, certificate: { cert: { text: CLIENT_CERT }, key: { text: 'PRIVATE KEY-----' } } },
      { ...TRUSTED, ca: { text: 'hunter2' } },
    ];
    for (const tls of wrong) {
      const outcome = await post(port, tls);
      expect(outcome).toMatchObject({ kind: 'retry', answer: expect.stringContaining('read tls_config: found') });
      expect(outcome.answer).not.toContain('hunter2');
    }
    expect(await post(port, { ...TRUSTED, ca: { file: 'ca.pem' } })).toEqual({ kind: 'retry', answer: 'read secret: found no readable file ca.pem' });
  });
});

describe('http_headers of a receiver', () => {
  it('go with each request, several values as one, and never in place of our own', async () => {
    const seen: Headers[] = [];
    const headers = [{ name: 'X-Team', values: [{ text: 'a' }, { text: 'b' }] }, { name: 'Webhook-Id', values: [{ text: 'theirs' }] }];
    await postJson(
      { fetch: async (_url, init) => (seen.push(new Headers(init.headers)), new Response('')), readSecret: noSecretFiles },
      { auth: { kind: 'none' }, headers },
      0,
      async () => ({ url: 'http://a.example/', headers: { 'webhook-id': 'ours' }, body: '' }),
    );
    expect([seen[0]?.get('x-team'), seen[0]?.get('webhook-id')]).toEqual(['a, b', 'ours']);
  });

  it.each(['a\nb', 'a\u0000b', '\u20ac'])('that no header may have, %j in a file, are told without their text', async (read) => {
    const none = { fetch, readSecret: async () => read };
    const prepare = async () => ({ url: `https://127.0.0.1:${await listen()}/`, headers: {}, body: '' });
    const told = { kind: 'retry', answer: 'send request: found characters that no header may have, a secret of printable characters is needed' };
    expect(await postJson(none, { auth: { kind: 'none' }, headers: [{ name: 'X-Team', values: [{ file: 'f' }] }] }, 0, prepare)).toEqual(told);
    expect(await postJson(none, { auth: { kind: 'header', scheme: 'Bearer', credentials: { file: 'f' } } }, 0, prepare)).toEqual(told);
  });
});
