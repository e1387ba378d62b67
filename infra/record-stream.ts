import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Stream, StreamEncryption, StreamMode } from 'aws-cdk-lib/aws-kinesis';
import { Construct } from 'constructs';
import type { NodeFunction } from './node-function.ts';
import type { Settings } from './settings.ts';

/** The buffer between senders and the store: provisioned, since on demand costs 15 to 20 times as much (substation #90). */
export class RecordStream extends Construct {
  readonly stream: Stream;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.stream = new Stream(this, 'Stream', {
      streamMode: StreamMode.PROVISIONED,
      shardCount: settings.shards,
      retentionPeriod: Duration.hours(settings.retentionHours),
      encryption: StreamEncryption.MANAGED,
      removalPolicy: settings.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
    });
  }

  allowPut(grantee: NodeFunction): void {
    grantee.allow({ actions: ['kinesis:PutRecords'], resources: [this.stream.streamArn] });
  }

  allowListShards(grantee: NodeFunction): void {
    grantee.allow({ actions: ['kinesis:ListShards'], resources: [this.stream.streamArn] });
  }

  /** What Lambda's poller does in the function's name. */
  allowConsume(grantee: NodeFunction): void {
    grantee.allow({
      actions: ['kinesis:DescribeStream', 'kinesis:DescribeStreamSummary', 'kinesis:GetRecords', 'kinesis:GetShardIterator', 'kinesis:ListShards'],
      resources: [this.stream.streamArn],
    });
  }
}
