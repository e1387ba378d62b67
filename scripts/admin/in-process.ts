import type { Api } from '../../shared/commands/api.ts';
import { makeAdminApp } from './admin-app.ts';
import type { AdminPorts } from './admin-ports.ts';

/** The commands' way to the tools without a socket. */
export const inProcess = (ports: AdminPorts): Api => {
  const app = makeAdminApp(ports);
  const url = 'http://localhost';
  return { url, fetch: async (address, init) => app.request(String(address), { ...init, headers: { host: 'localhost', ...init?.headers } }) };
};
