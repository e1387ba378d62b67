import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

/** One request to a receiver, whether it took it or not. */
export interface Attempt {
  readonly headers: IncomingHttpHeaders;
  readonly path: string;
  /** As it came over the wire. */
  readonly body: string;
  readonly isAccepted: boolean;
}

export interface DeliveryReceiver {
  readonly port: number;
  readonly attempts: readonly Attempt[];
  close(): void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An HTTP server that answers the first requests with `failures`, one by one, and all later ones with `accepted`. */
export const startHttpReceiver = async (failures: readonly HttpAnswer[], accepted: HttpAnswer): Promise<DeliveryReceiver> => {
  const attempts: Attempt[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const failure = failures[attempts.length];
      attempts.push({ headers: request.headers, path: request.url ?? '', body, isAccepted: failure === undefined });
      const answer = failure ?? accepted;
      response.writeHead(answer.status, answer.headers).end(answer.body ?? '');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, attempts, close: () => server.close() };
};

/** An SMTP server that refuses the text of the first mails with the codes of `failures`, and takes all later ones. */
export const startSmtpReceiver = async (failures: readonly number[]): Promise<DeliveryReceiver> => {
  const attempts: Attempt[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, done) => {
      let body = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      stream.on('end', () => {
        const responseCode = failures[attempts.length];
        attempts.push({ headers: headersOf(body), path: '', body, isAccepted: responseCode === undefined });
        done(responseCode === undefined ? null : Object.assign(new Error('not now'), { responseCode }));
      });
    },
  });
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return { port: (server.server.address() as AddressInfo).port, attempts, close: () => server.close() };
};

const headersOf = (mail: string): IncomingHttpHeaders =>
  Object.fromEntries(
    (mail.split('\r\n\r\n')[0] ?? '')
      .replaceAll(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
