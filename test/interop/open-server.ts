import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serve } from '@hono/node-server';
import { openInstallation } from '../../scripts/start/installation.ts';

/** The all-in-one over HTTP, without the metrics that it pushes of itself and its host: what is in it, a test has sent. */
export interface OpenServer {
  readonly url: string;
  close(): Promise<void>;
}

export const openServer = async (data: string): Promise<OpenServer> => {
  const options = { data, url: 'http://127.0.0.1', rules: join(data, 'rules'), alertmanager: join(data, 'alertmanager.yml'), say: () => undefined, version: '0.1.0' };
  const installation = await openInstallation(options);
  const server = serve({ fetch: installation.app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await once(server, 'listening');
  installation.run();
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await installation.close();
    },
  };
};
