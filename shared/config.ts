import { PermanentError } from './errors.ts';
import { formatRetention, parseRetention, type Retention } from './tiers/retention.ts';

// The deployment sees this file and what is as pure.
export { parseRetentionClasses, shortestRetention } from './lakes/retention-class.ts';
export { classPrefix } from './lakes/class-prefix.ts';
export { DEFAULT_RETENTION, formatRetention, lifecycleDays, parseRetention, type Retention } from './tiers/retention.ts';

/**
 * One thing a function is told by its environment. A `list` is words separated by commas; empty text is an empty list, but no `text`.
 * A `count` is a whole number from 1 on, a `retention` is written by `formatRetention`.
 */
type EnvEntry = { readonly name: string; readonly kind: 'text' | 'list' | 'count' | 'retention' };

type EnvTable = Readonly<Record<string, EnvEntry>>;

/** What a table of entries is when it has been read. */
export type ConfigOf<Table extends EnvTable> = { readonly [Name in keyof Table]: ValueOf[Table[Name]['kind']] };

interface ValueOf {
  readonly text: string;
  readonly list: readonly string[];
  readonly count: number;
  readonly retention: Retention;
}

const text = (name: string) => ({ name, kind: 'text' }) as const;
const list = (name: string) => ({ name, kind: 'list' }) as const;
const count = (name: string) => ({ name, kind: 'count' }) as const;
const keptFor = (name: string) => ({ name, kind: 'retention' }) as const;

const bucketName = text('BUCKET_NAME');
const streamName = text('STREAM_NAME');
const catalogTable = text('CATALOG_TABLE');
const alertsTable = text('ALERTS_TABLE');
const keysTable = text('KEYS_TABLE');
const promotedLabels = list('PROMOTED_LABELS');
const database = text('GLUE_DATABASE');
const workGroup = text('ATHENA_WORKGROUP');
const retention = keptFor('RETENTION');
/** JSON as `parseRetentionClasses` takes it. */
const retentionClasses = text('RETENTION_CLASSES');

/** The functions' environments. Constructs write and loaders read through these tables, so that they cannot drift. */
export const INGEST_ENV = { streamName, keysTable, retention } as const;
export const STORE_ENV = { bucketName, catalogTable, promotedLabels, retention, retentionClasses } as const;
export const COMPACT_ENV = { bucketName, catalogTable, alertsTable, promotedLabels, database, buckets: count('BUCKETS'), retention, retentionClasses } as const;
export const QUERY_ENV = {
  bucketName,
  catalogTable,
  alertsTable,
  keysTable,
  workGroup,
  database,
  retention,
} as const;
export const EVALUATE_ENV = {
  bucketName,
  streamName,
  catalogTable,
  alertsTable,
  topicArn: text('TOPIC_ARN'),
  workGroup,
  database,
  retention,
  /** Where people reach the query function, for links in notifications. */
  externalUrl: text('EXTERNAL_URL'),
  /** How late after its own time a sample may arrive and still count for rules. */
  latenessS: count('LATENESS_S'),
} as const;
export const NOTIFY_ENV = { alertsTable, allowedNetworks: list('ALLOWED_NETWORKS') } as const;

type Env = Readonly<Record<string, string | undefined>>;

/** Reads a whole environment at once. A PermanentError names every variable that is missing. */
export const loadConfig = <Table extends EnvTable>(table: Table, env: Env): ConfigOf<Table> => {
  const entries = Object.entries(table);
  const missing = entries.map(([, entry]) => entry).filter(({ name, kind }) => env[name] === undefined || (kind !== 'list' && env[name] === ''));
  if (missing.length > 0) {
    throw new PermanentError(`load configuration: found no ${missing.map((entry) => entry.name).join(', ')}, every variable of the function is needed`);
  }
  return Object.freeze(Object.fromEntries(entries.map(([key, entry]) => [key, parsed(entry, env[entry.name] ?? '')]))) as ConfigOf<Table>;
};

const parsed = ({ name, kind }: EnvEntry, value: string): ValueOf[EnvEntry['kind']] => {
  if (kind === 'list') return Object.freeze(value.split(',').filter((word) => word !== ''));
  if (kind === 'text') return value;
  if (kind === 'retention') return Object.freeze(parseRetention(value));
  if (!/^[1-9]\d{0,8}$/.test(value)) throw new PermanentError(`load configuration: found ${name} "${value}", a whole number from 1 on is allowed`);
  return Number(value);
};

/** The environment from which {@link loadConfig} reads `config` again. */
export const environmentOf = <Table extends EnvTable>(table: Table, config: ConfigOf<Table>): Record<string, string> =>
  Object.fromEntries(Object.entries(table).map(([key, entry]) => [entry.name, written(entry, config[key] as ValueOf[EnvEntry['kind']])]));

const written = ({ kind }: EnvEntry, value: ValueOf[EnvEntry['kind']]): string => (kind === 'retention' ? formatRetention(value as Retention) : String(value));
