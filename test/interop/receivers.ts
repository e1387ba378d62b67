import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface Received<T> {
  readonly port: number;
  readonly items: readonly T[];
  close(): void;
}

/** What an Alertmanager webhook carries, as far as the tests look. */
export interface WebhookBody {
  readonly status: string;
  readonly version: string;
  readonly alerts: readonly { readonly status: string; readonly labels: Record<string, string>; readonly startsAt: string; readonly endsAt: string }[];
}

/** A real HTTP server that notes what it is sent. */
export const startWebhook = async (): Promise<Received<WebhookBody>> => {
  const items: WebhookBody[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    request.on('end', () => {
      items.push(JSON.parse(text) as WebhookBody);
      response.end('ok');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, items, close: () => server.close() };
};

/** A real SMTP server that notes whole messages. */
export const startSmtp = async (): Promise<Received<string>> => {
  const items: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      stream.on('end', () => {
        items.push(text);
        done();
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return { port: (server.server.address() as AddressInfo).port, items, close: () => server.close() };
};
