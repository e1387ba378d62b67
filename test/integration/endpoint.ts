import { readFileSync } from 'node:fs';
import { it } from 'vitest';

/** What the tests run against; the runner finds it out. */
export type EndpointKind = 'ministack' | 'localstack' | 'aws';

/** What an endpoint may lack. */
export type Feature = 'lifecycle' | 'time to live' | 'athena' | 'webhook to this machine';

const LACKS: Readonly<Record<EndpointKind, Partial<Record<Feature, string>>>> = {
  ministack: {
    lifecycle: 'MiniStack 1.5.33 drops the lifecycle rules of a CloudFormation bucket',
    'time to live': 'MiniStack 1.5.33 ignores the TTL of a CloudFormation table',
    athena: 'MiniStack 1.5.33 runs statements on DuckDB, without ExecutionParameters and views',
  },
  localstack: { athena: 'LocalStack 4.14 has no Athena and no Glue' },
  aws: { 'webhook to this machine': 'a function on AWS cannot reach this machine' },
};

const kind = (process.env['TIDEMARK_ENDPOINT'] ?? 'ministack') as EndpointKind;

/** A test of something that this endpoint may lack; then it is skipped under its name, with the reason. */
export const itWith = (feature: Feature, title: string, test: () => Promise<void>, timeoutMs = 60_000): void => {
  const reason = LACKS[kind][feature];
  it.skipIf(reason !== undefined)(reason === undefined ? title : `${title} (${reason})`, { timeout: timeoutMs }, test);
};

export interface Outputs {
  readonly IngestUrl: string;
  readonly QueryUrl: string;
  readonly BucketName: string;
  readonly CatalogTable: string;
  readonly AlertsTable: string;
  readonly KeysTable: string;
  readonly TopicArn: string;
}

/** Names of what was deployed. */
export const outputs = (): Outputs => {
  const all = JSON.parse(readFileSync(process.env['TIDEMARK_OUTPUTS'] ?? '', 'utf8')) as Record<string, Outputs>;
  const found = all[process.env['TIDEMARK_STACK'] ?? ''];
  if (found === undefined) throw new Error('read outputs: found none of the stack, the runner deploys it first');
  return found;
};
