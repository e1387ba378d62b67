import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { localOnly } from '../../../shared/http/local-only.ts';

const app = new Hono().use('*', localOnly()).post('/x', (c) => c.text('in'));
const statusOf = async (headers: Record<string, string>): Promise<number> => (await app.request('/x', { method: 'POST', headers })).status;

describe('localOnly', () => {
  it('lets names of this machine through, with any port', async () => {
    const hosts = ['127.0.0.1', '127.0.0.1:9090', 'localhost:1', 'LOCALHOST', '[::1]:9090'];
    expect(await Promise.all(hosts.map((host) => statusOf({ host })))).toEqual(hosts.map(() => 200));
  });

  it('refuses a name that was rebound to this machine, and no name', async () => {
    const hosts = ['evil.example', 'localhost.evil.example', '127.0.0.1.nip.io:80', '127.0.0.1:80@evil.example', '0.0.0.0', 'localhost:123456'];
    expect(await Promise.all(hosts.map((host) => statusOf({ host })))).toEqual(hosts.map(() => 403));
    expect(await statusOf({})).toBe(403);
  });

  it('refuses requests of other sites, but not of its own pages', async () => {
    const host = 'localhost:9090';
    expect(await statusOf({ host, origin: 'http://localhost:9090' })).toBe(200);
    const others = ['https://evil.example', 'null', 'http://localhost:3000', 'http://localhost:9090.evil.example'];
    expect(await Promise.all(others.map((origin) => statusOf({ host, origin })))).toEqual(others.map(() => 403));
  });
});
