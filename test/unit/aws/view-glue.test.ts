import { AthenaClient } from '@aws-sdk/client-athena';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeGlueCall } from '../../../shared/aws/glue-call.ts';
import { makeGlueView } from '../../../shared/aws/view-glue.ts';
import { UnavailableError } from '../../../shared/errors.ts';

interface Call {
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly TableInput: { readonly ViewOriginalText: string; readonly StorageDescriptor: { readonly Columns: readonly { readonly Name: string; readonly Type: string }[] } } };
}

const client = new AthenaClient({ region: 'eu-west-1', credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret', sessionToken: 'token' } });

/** A server in Glue's place. */
const glue = async (status = 200, text = '{}') => {
  const calls: Call[] = [];
  const server = createServer((request, response) => {
    void json(request).then((body) => {
      calls.push({ headers: request.headers, body: body as Call['body'] });
      response.writeHead(status, { location: 'http://127.0.0.1:9/' }).end(text);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const publish = makeGlueView(makeGlueCall(client, `http://${host}`), { database: 'tidemark', promotedLabels: ['host'] });
  return { calls, host, publish };
};

describe('the view of samples in Glue', () => {
  it('is updated by one signed request, without a version of the table', async () => {
    const { calls, host, publish } = await glue();
    await publish('2026-03-01-10');
    expect(calls).toHaveLength(1);
    const [{ headers, body }] = calls as [Call];
    expect(headers).toMatchObject({ host, 'x-amz-target': 'AWSGlue.UpdateTable', 'content-type': 'application/x-amz-json-1.1', 'x-amz-security-token': 'token' });
    expect(headers.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/eu-west-1\/glue\/aws4_request, SignedHeaders=content-type;host;.*x-amz-target, Signature=[0-9a-f]{64}$/);
    expect(body).toMatchObject({ DatabaseName: 'tidemark', SkipArchive: true, TableInput: { Name: 'samples', TableType: 'VIRTUAL_VIEW', Parameters: { presto_view: 'true', comment: 'Presto View' } } });
  });

  it('says from which hour on rows are grouped, and has the columns of its text', async () => {
    const { calls, publish } = await glue();
    await publish('2026-03-01-10');
    const { ViewOriginalText, StorageDescriptor } = (calls[0] as Call).body.TableInput;
    const { originalSql, columns } = JSON.parse(Buffer.from(ViewOriginalText.split(' ')[3] ?? '', 'base64').toString()) as { originalSql: string; columns: { name: string }[] };
    expect(originalSql).toContain(`FROM (SELECT * FROM "tidemark"."raw" WHERE dt < '2026-03-01-10') WHERE`);
    expect(originalSql).toContain(`FROM (SELECT * FROM "tidemark"."raw" WHERE dt >= '2026-03-01-10') WHERE`);
    expect(originalSql.match(/UNION ALL/g)).toHaveLength(1);
    expect(originalSql.split('UNION ALL')[0]).not.toContain('GROUP BY');
    expect(StorageDescriptor.Columns.map((column) => column.Name)).toEqual(columns.map((column) => column.name));
    expect(StorageDescriptor.Columns.map((column) => column.Type)).toEqual(['string', 'string', 'string', 'bigint', 'timestamp', 'double', 'string']);
  });

  it('has one branch, grouped, where every hour is open', async () => {
    const { calls, publish } = await glue();
    await publish('');
    const text = Buffer.from((calls[0] as Call).body.TableInput.ViewOriginalText.split(' ')[3] ?? '', 'base64').toString();
    expect(text).toContain('GROUP BY');
    expect(text).not.toContain('UNION ALL');
  });

  it.each([
    [400, '{"__type":"EntityNotFoundException","Message":"Table samples not found"}', /glue UpdateTable: found status 400.*EntityNotFoundException/],
    [403, 'x'.repeat(10_000), /found status 403, 200 is needed: x{500}$/],
  ])('rejects when Glue answers %s', async (status, text, message) => {
    const { publish } = await glue(status, text);
    const failed = publish('');
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toBeInstanceOf(UnavailableError);
  });

  it('follows nobody elsewhere with a signed request', async () => {
    const { publish } = await glue(307);
    await expect(publish('')).rejects.toThrow();
  });
});
