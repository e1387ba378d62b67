import { Duration } from 'aws-cdk-lib';
import { InvokeMode } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { environmentOf, INGEST_ENV } from '../shared/config.ts';
import { FunctionAddress } from './function-address.ts';
import { NodeFunction } from './node-function.ts';
import type { Parts } from './parts.ts';
import { takenFor } from './taken-for.ts';

/** HTTPS in, records out. */
export class IngestStep extends Construct {
  readonly fn: NodeFunction;
  readonly url: string;

  constructor(scope: Construct, id: string, { settings, records, tables }: Parts) {
    super(scope, id);
    this.fn = new NodeFunction(this, 'Ingest', {
      entry: 'functions/ingest/handler.ts',
      description: 'Tidemark: takes samples over HTTPS and puts them into the stream',
      environment: environmentOf(INGEST_ENV, {
        streamName: records.stream.streamName,
        keysTable: tables.keys.tableName,
        retention: takenFor(settings),
      }),
      memoryMiB: 1024,
      timeout: Duration.seconds(30),
    });
    records.allowPut(this.fn);
    tables.allowRead(this.fn, tables.keys);
    this.url = new FunctionAddress(this, 'Address', this.fn, InvokeMode.BUFFERED).url;
  }
}
