import { readFileSync } from 'node:fs';
import type { Node } from 'constructs';
import * as v from 'valibot';
import { parseRetention, parseRetentionClasses, type Retention } from '../shared/config.ts';
import { DEFAULT_PROMOTED_LABELS } from '../shared/parquet/schema.ts';

const count = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));

/** Text as `npm start --retention` takes it. */
const RetentionSchema = v.pipe(
  v.string(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Retention => {
    try {
      return parseRetention(dataset.value);
    } catch (error) {
      addIssue({ message: (error as Error).message });
      return NEVER;
    }
  }),
);

/** As JSON in the environments of two functions, of which each has 4 KB (Lambda quotas). */
const MOST_CLASSES_TEXT = 2500;

const RetentionClassesSchema = v.pipe(
  v.array(v.strictObject({ name: v.string(), match: v.union([v.string(), v.array(v.string())]), retention: v.string() })),
  v.rawCheck(({ dataset, addIssue }) => {
    if (!dataset.typed) return;
    try {
      parseRetentionClasses(dataset.value);
    } catch (error) {
      addIssue({ message: (error as Error).message });
    }
    const units = JSON.stringify(dataset.value).length;
    if (units > MOST_CLASSES_TEXT) addIssue({ message: `found ${units} characters as JSON, ${MOST_CLASSES_TEXT} are allowed` });
  }),
);

const SubscriptionSchema = v.strictObject({
  protocol: v.picklist(['email', 'sms']),
  /** An address, or a number in E.164 form. */
  endpoint: v.pipe(v.string(), v.minLength(1)),
  /** Only notifications with one of these; everything where absent. */
  receivers: v.optional(v.array(v.string())),
  severities: v.optional(v.array(v.string())),
});

const SettingsSchema = v.strictObject({
  /** Kinesis: a shard takes 1 MB/s or 1,000 records/s, $10.95 a month. */
  shards: v.optional(count(1, 10_000), 1),
  /** Kinesis' own least retention; an outage of S3 or DynamoDB shorter than this loses nothing. */
  retentionHours: v.optional(count(24, 8760), 24),
  /**
   * How long each tier is kept, such as `raw=14d,1m=90d,1h=730d`; what is left out stays at 7, 30 and 365 days. Samples are taken until
   * they are as old as raw is kept, less two days. The compactor looks at every hour of raw once a minute: 24 reads of the catalog for
   * each day, $0.13 a month. A longer time brings nothing back, a shorter one removes at once.
   */
  retention: v.optional(RetentionSchema, ''),
  /**
   * Series that are kept for another time: those that match a PromQL selector, or one of several, of the first class that has one. Their
   * objects lie below `classes/<name>/`. What is stored stays in its class when the settings change. Samples of any class are taken as late
   * as the class with the shortest raw tier takes them. A class whose data should stay in SQL remains here, with `match: []`; PromQL finds
   * them in any case.
   */
  retentionClasses: v.optional(RetentionClassesSchema, []),
  /** How long the store function's mapping gathers a batch: larger objects against fresher answers. */
  storeWindowS: v.optional(count(0, 300), 10),
  /**
   * How late after its own time a sample may arrive and still count for rules: the longest flush interval of a sender, and 5 s. Each
   * second is one more until an alert fires. Senders that are later are told of (`TidemarkSenderLate`).
   */
  latenessS: v.optional(count(1, 300), 15),
  /**
   * Parts of an hour, each a file of its own per tier, by a hash of the labels; hours that begin after a deploy have them. About 30 M
   * samples an hour fit into one by memory:
   *
   * | series at 10 s | at 60 s | samples an hour | buckets | compactor, CPU seconds an hour | and once a day, in one piece |
   * |---:|---:|---:|---:|---:|---:|
   * | 100 k | 600 k | 36 M | 1 | 50 | 56 |
   * | 300 k | 1.8 M | 108 M | 4 | 330 | 170 |
   * | 500 k | 3 M | 180 M | 6 | 860 | 280 |
   * | 1 M | 6 M | 360 M | 12 | 3,300 | 560 |
   * | 10 M | 60 M | 3.6 G | 120 | 310,000 | 5,600 |
   *
   * A run takes four million hot samples and writes the hour anew: 2 s, and 0.19 s for each million that was there (measured up to
   * 24 M on one core; the rest is that sum). The 1h partition of a day takes 0.39 s a million rows of 1m (measured at 18 M). A vCPU of
   * Lambda may take twice as long and has 15 minutes at a time, so one function is enough for the first three rows. What is not merged
   * in time stays right and readable, and rings `compact-hot-age`.
   */
  buckets: v.optional(count(1, 1000), 1),
  /** Labels that are columns of their own in Parquet. */
  promotedLabels: v.optional(v.array(v.pipe(v.string(), v.regex(/^[a-z_][a-z0-9_]*$/))), [...DEFAULT_PROMOTED_LABELS]),
  /** A folder of Prometheus rule files, and an Alertmanager file with the templates that it names: built into the functions, so that a deploy changes them. */
  rules: v.optional(v.string()),
  alertmanager: v.optional(v.string()),
  /** Fixed subscriptions of the notification topic. */
  subscriptions: v.optional(v.array(SubscriptionSchema), []),
  /** Addresses that get the CloudWatch alarms of the installation itself. */
  operators: v.optional(v.array(v.pipe(v.string(), v.email())), []),
  /**
   * Invocations kept free for a function, and the most it gets. Absent by default: a new account has 10 in all and may reserve none
   * (Lambda quotas). `compact` at 1 never runs beside itself: that is cheaper when a run takes more than its minute, no more right.
   */
  reservedConcurrency: v.optional(
    v.strictObject({ store: v.optional(count(1, 10_000)), compact: v.optional(count(1, 10)), evaluate: v.optional(count(2, 100)), notify: v.optional(count(1, 1000)) }),
    {},
  ),
  /** CIDRs inside loopback, link-local or private networks that webhooks may reach. On AWS none is meant. */
  allowedNetworks: v.optional(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f.:]+\/\d{1,3}$/i))), []),
  /** Athena stops a statement that scans more than this; 10 MB is the least it takes, $5 a TB its price. */
  scanCutoffBytes: v.optional(count(10_000_000, Number.MAX_SAFE_INTEGER), 10_000_000_000),
  /** True lets `cdk destroy` take stream, bucket and tables along: for tests. */
  disposable: v.optional(v.boolean(), false),
});

export type Settings = v.InferOutput<typeof SettingsSchema>;
/** As people write them. */
export type SettingsInput = v.InferInput<typeof SettingsSchema>;
export type SubscriptionSettings = v.InferOutput<typeof SubscriptionSchema>;

/** Unknown and wrong settings are errors, all of them at once. */
export const parseSettings = (input: unknown): Settings => {
  const result = v.safeParse(SettingsSchema, input);
  if (result.success) return result.output;
  const faults = result.issues.map((issue) => `${v.getDotPath(issue) ?? 'settings'}: ${issue.message}`);
  throw new Error(`read settings: ${faults.join('; ')}`);
};

/** The context key `tidemark`: the settings themselves (cdk.json), or the name of a JSON file with them (`cdk -c tidemark=prod.json`). */
export const settingsFrom = (node: Node): Settings => {
  const context: unknown = node.tryGetContext('tidemark') ?? {};
  return parseSettings(typeof context === 'string' ? JSON.parse(readFileSync(context, 'utf8')) : context);
};
