import { makeAdminApp } from '../../../scripts/admin/admin-app.ts';
import type { AdminPorts } from '../../../scripts/admin/admin-ports.ts';
import type { Api } from '../../../shared/commands/api.ts';

let attempts = 0;

/** The commands' way to an installation over some of its ports, without a socket. */
export const openAdmin = (ports: Pick<AdminPorts, 'objects' | 'catalog'> & Partial<AdminPorts>): Api => {
  const app = makeAdminApp({
    putRecords: async () => undefined,
    clockMs: () => 0,
    nextAttempt: () => `admin${attempts++}`,
    addressOf: (key) => `file:///lake/${key}`,
    promotedLabels: ['host'],
    buckets: 1,
    ...ports,
  });
  return { url: 'http://127.0.0.1:9090', fetch: async (url, init) => app.request(String(url), { ...init, headers: { host: '127.0.0.1:9090', ...init?.headers } }) };
};
