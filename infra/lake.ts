import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, StorageClass, type LifecycleRule } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { classPrefix, lifecycleDays, parseRetention, type Retention } from '../shared/config.ts';
import { HISTORY_DAYS } from '../shared/sql/history-tables.ts';
import type { NodeFunction } from './node-function.ts';
import type { Settings } from './settings.ts';

const isHourTier = (prefix: string): boolean => /^(classes\/[^/]+\/)?1h\/$/.test(prefix);

interface Expiry {
  readonly prefix: string;
  readonly days: number;
}

/** The backstop behind the tiers' own expiry: two days later than the compactor lets go (design 4, deletion order). */
const tierExpiry = (retention: Retention, below = ''): readonly Expiry[] => [
  { prefix: `${below}hot/`, days: lifecycleDays(retention, 'raw') },
  ...(['raw', '1m', '1h'] as const).flatMap((tier) => [
    { prefix: `${below}${tier}/`, days: lifecycleDays(retention, tier) },
    // A list is written for the last time when its partition has left the catalog, or else when the partition was last changed.
    { prefix: `${below}sql/${tier}/`, days: lifecycleDays(retention, tier) },
  ]),
];

const OTHER_EXPIRY: readonly Expiry[] = [
  // Two days later than the compactor lets go, as of tiers.
  { prefix: 'history/', days: HISTORY_DAYS + 2 },
  { prefix: 'quarantine/', days: 30 },
  // A repeated slot or notification is at most hours old.
  { prefix: 'outbox/', days: 7 },
  { prefix: 'athena/', days: 2 },
  // Where Lambda itself writes batches that ran out of age: aws/lambda/<mapping>/<shard>/...
  { prefix: 'aws/lambda/', days: 30 },
];

/** An hour tier that is read seldom costs a sixth after a week; its files are 8-256 MB, so no 128 KB minimum bites. */
const HOUR_TIER_TO_GLACIER_IR_DAYS = 8;

const lifecycleRules = ({ retention, retentionClasses }: Settings): LifecycleRule[] =>
  [...tierExpiry(retention), ...retentionClasses.flatMap((one) => tierExpiry(parseRetention(one.retention), classPrefix(one.name))), ...OTHER_EXPIRY].map(({ prefix, days }) => ({
    id: `expire-${prefix.replaceAll('/', '-')}${days}d`,
    prefix,
    expiration: Duration.days(days),
    ...(isHourTier(prefix) && days > HOUR_TIER_TO_GLACIER_IR_DAYS
      ? { transitions: [{ storageClass: StorageClass.GLACIER_INSTANT_RETRIEVAL, transitionAfter: Duration.days(HOUR_TIER_TO_GLACIER_IR_DAYS) }] }
      : {}),
  }));

/** Everything people own: Parquet by tier, quarantine, outbox, results. One bucket, one prefix per thing. */
export class Lake extends Construct {
  readonly bucket: Bucket;

  constructor(scope: Construct, id: string, settings: Settings) {
    super(scope, id);
    this.bucket = new Bucket(this, 'Bucket', {
      encryption: BucketEncryption.S3_MANAGED,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      enforceSSL: true,
      removalPolicy: settings.disposable ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN,
      lifecycleRules: [...lifecycleRules(settings), { id: 'abort-multipart', abortIncompleteMultipartUploadAfter: Duration.days(1) }],
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions::AwsSolutions-S1',
      reason: 'Access logs would be more objects than the lake holds. Only the roles of this stack can reach the bucket; CloudTrail data events are the account owner\'s choice.',
    });
  }

  /**
   * Without it S3 says 403 instead of 404 to a key that is not there, and a missing object could not be told from a missing
   * permission; Lambda asks for it before it writes to the on-failure prefix.
   */
  allowList(grantee: NodeFunction): void {
    grantee.allow({ actions: ['s3:ListBucket'], resources: [this.bucket.bucketArn] });
  }

  allowRead(grantee: NodeFunction, prefixes: readonly string[]): void {
    this.allowList(grantee);
    grantee.allow({ actions: ['s3:GetObject'], resources: this.under(prefixes), why: 'Objects are named by their content and time; the prefix is all that is known before.' });
  }

  allowWrite(grantee: NodeFunction, prefixes: readonly string[]): void {
    grantee.allow({ actions: ['s3:PutObject'], resources: this.under(prefixes), why: 'New objects are named by their content and time; the prefix is all that is known before.' });
  }

  /** For the one function that clears up; the bucket keeps no versions. */
  allowRemove(grantee: NodeFunction, prefixes: readonly string[]): void {
    grantee.allow({ actions: ['s3:DeleteObject'], resources: this.under(prefixes), why: 'What a version made superfluous is named by content and time; the prefix is all that is known before.' });
  }

  private under(prefixes: readonly string[]): string[] {
    return prefixes.map((prefix) => this.bucket.arnForObjects(`${prefix}*`));
  }
}
