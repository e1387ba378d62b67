import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TidemarkProcess, eventually, startTidemark } from '../support/tidemark-process.ts';
import { CA_CERT, CLIENT_CERT, CLIENT_KEY, SERVER_CERT, SERVER_KEY } from '../unit/channels/certificates.ts';

const data = mkdtempSync(join(tmpdir(), 'tidemark-deliveries-tls-'));
const requests: string[] = [];
const receiver = createServer({ cert: SERVER_CERT, key: SERVER_KEY, ca: CA_CERT, requestCert: true, rejectUnauthorized: true }, (request, response) => {
  requests.push(`${request.headers.authorization ?? ''} of ${(request.socket as TLSSocket).getPeerCertificate().subject.CN}`);
  request.resume();
  response.end();
});
let tidemark: TidemarkProcess;

const secret = (name: string, text: string): void => writeFileSync(join(data, 'secrets', name), text);
const fire = async (alertname: string): Promise<void> => {
  await fetch(`${tidemark.url}/api/v2/alerts`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify([{ labels: { alertname } }]) });
};

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  mkdirSync(join(data, 'secrets'));
  for (const [name, text] of [['ca.pem', CA_CERT], ['cert.pem', CLIENT_CERT], ['key.pem', CLIENT_KEY], ['token', 'first\n']] as const) secret(name, text);
  writeFileSync(
    join(data, 'alertmanager.yml'),
    `route: {receiver: ops, group_by: [alertname], group_wait: 0s}
receivers:
  - name: ops
    webhook_configs:
      - url: https://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook
        http_config:
          authorization: {credentials_file: secrets/token}
          tls_config: {ca_file: secrets/ca.pem, cert_file: secrets/cert.pem, key_file: secrets/key.pem}
`,
  );
  tidemark = await startTidemark({ data });
});
afterAll(async () => {
  await tidemark?.stop();
  receiver.closeAllConnections();
  receiver.close();
  rmSync(data, { recursive: true, force: true });
});

it('a receiver that demands a certificate and a token from files beside the configuration gets both, the token as it is then', async () => {
  await fire('A');
  await eventually('the delivery', 30_000, async () => requests.includes('Bearer first of tidemark') || undefined);
  secret('token', 'second\n');
  await fire('B');
  await eventually('the delivery', 30_000, async () => requests.includes('Bearer second of tidemark') || undefined);
  expect(requests).toEqual(['Bearer first of tidemark', 'Bearer second of tidemark']);
});
