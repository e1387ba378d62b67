import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeGuardedFetch } from '../../../shared/channels/guarded-fetch.ts';
import { makeIsOpen } from '../../../shared/channels/open-address.ts';
import { PermanentError } from '../../../shared/errors.ts';

describe('open addresses', () => {
  const isOpen = makeIsOpen([]);

  it.each([
    '0.0.0.0', '10.1.2.3', '100.64.0.1', '127.0.0.1', '169.254.169.254', '172.16.0.1', '172.31.255.255', '192.168.1.1', '224.0.0.1', '255.255.255.255',
    '', '::', '::1', '::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '2002:7f00:1::', '64:ff9b::7f00:1', 'fd00:ec2::254', 'fe80::1', 'ff02::1',
    '::127.0.0.1', '::a9fe:a9fe', '::ffff:0:127.0.0.1', '::ffff:0:a9fe:a9fe', 'fec0::1', '168.63.129.16', '::ffff:168.63.129.16', 'fe80::1%eth0',
  ])('are not %s', (address) => {
    expect(isOpen(address)).toBe(false);
  });

  it.each(['1.1.1.1', '172.15.255.255', '172.32.0.1', '100.63.255.255', '2606:4700::1111', '::ffff:8.8.8.8'])('are %s', (address) => {
    expect(isOpen(address)).toBe(true);
  });

  it('are what the settings open, and nothing beside it', () => {
    const opened = makeIsOpen(['10.1.0.0/16', '::1/128']);
    expect(['10.1.2.3', '10.2.0.1', '::1', '127.0.0.1'].map(opened)).toEqual([true, false, true, false]);
  });

  it.each(['10.0.0.0', '10.0.0.0/33', 'localhost/8', '::1/129', '10.0.0.0/'])('refuse %s as a network', (cidr) => {
    expect(() => makeIsOpen([cidr])).toThrow(PermanentError);
  });
});

describe('guarded fetch', () => {
  const seen: { method: string | undefined; type: string | undefined; body: string }[] = [];
  let server: Server;
  let port: number;
  const url = (host: string, path = '/'): string => `http://${host}:${port}${path}`;

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      seen.push({ method: request.method, type: request.headers['content-type'], body: await text(request) });
      if (request.url === '/moved') response.writeHead(302, { location: '/' }).end();
      else if (request.url === '/empty') response.writeHead(204).end();
      else if (request.url !== '/silent') response.writeHead(429, { 'retry-after': '7' }).end('slow down');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  it.each(['127.0.0.1', 'localhost', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', '[::1]'])('does not connect to %s', async (host) => {
    await expect(makeGuardedFetch(makeIsOpen([]))(url(host), {})).rejects.toMatchObject({ code: 'CLOSED_ADDRESS' });
    expect(seen).toEqual([]);
  });

  const open = makeGuardedFetch(makeIsOpen(['127.0.0.0/8']));

  it('posts where the settings allow it, by address and by name', async () => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const response = await open(url(host), { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"ü":1}' });
      expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([429, '7', 'slow down']);
      expect(seen.pop()).toEqual({ method: 'POST', type: 'application/json', body: '{"ü":1}' });
    }
  });

  it.each(['ftp', 'ws', 'hunter2'])('speaks no %s', async (scheme) => {
    await expect(open(`${scheme}://127.0.0.1:${port}/`, { proxy: { kind: 'url', url: url('127.0.0.1'), noProxy: '', connectHeaders: {} } })).rejects.toThrow(/^send request: found an address of another protocol, /);
    await expect(open(`${scheme}://127.0.0.1:${port}/`, {})).rejects.toThrow(/^send request: found an address of another protocol, /);
    expect(seen).toEqual([]);
  });

  it('gives a redirect back as the answer', async () => {
    const response = await open(url('127.0.0.1', '/moved'), {});
    expect([response.status, response.headers.get('location')]).toEqual([302, '/']);
  });

  it('gives an answer without a body', async () => {
    const response = await open(url('127.0.0.1', '/empty'), {});
    expect([response.status, await response.text()]).toEqual([204, '']);
  });

  it('ends with the signal, and says why', async () => {
    await expect(open(url('127.0.0.1', '/silent'), { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
