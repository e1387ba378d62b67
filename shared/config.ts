import { PermanentError } from './errors.ts';

/** One thing a function is told by its environment. A `list` is words separated by commas; empty text is an empty list, but no `text`. */
type EnvEntry = { readonly name: string; readonly kind: 'text' } | { readonly name: string; readonly kind: 'list' };

type EnvTable = Readonly<Record<string, EnvEntry>>;

/** What a table of entries is when it has been read. */
export type ConfigOf<Table extends EnvTable> = { readonly [Name in keyof Table]: Table[Name]['kind'] extends 'list' ? readonly string[] : string };

const text = (name: string) => ({ name, kind: 'text' }) as const;
const list = (name: string) => ({ name, kind: 'list' }) as const;

const bucketName = text('BUCKET_NAME');
const streamName = text('STREAM_NAME');
const catalogTable = text('CATALOG_TABLE');
const alertsTable = text('ALERTS_TABLE');
const keysTable = text('KEYS_TABLE');

/** The functions' environments. Constructs write and loaders read through these tables, so that they cannot drift. */
export const INGEST_ENV = { streamName, keysTable } as const;
export const STORE_ENV = { bucketName, catalogTable, promotedLabels: list('PROMOTED_LABELS') } as const;
export const QUERY_ENV = {
  bucketName,
  catalogTable,
  alertsTable,
  keysTable,
  workGroup: text('ATHENA_WORKGROUP'),
  database: text('GLUE_DATABASE'),
} as const;
export const EVALUATE_ENV = {
  bucketName,
  streamName,
  catalogTable,
  alertsTable,
  topicArn: text('TOPIC_ARN'),
  /** Where people reach the query function, for links in notifications. */
  externalUrl: text('EXTERNAL_URL'),
} as const;
export const NOTIFY_ENV = { alertsTable, allowedNetworks: list('ALLOWED_NETWORKS') } as const;

type Env = Readonly<Record<string, string | undefined>>;

/** Reads a whole environment at once. A PermanentError names every variable that is missing. */
export const loadConfig = <Table extends EnvTable>(table: Table, env: Env): ConfigOf<Table> => {
  const entries = Object.entries(table);
  const missing = entries.map(([, entry]) => entry).filter(({ name, kind }) => env[name] === undefined || (kind === 'text' && env[name] === ''));
  if (missing.length > 0) {
    throw new PermanentError(`load configuration: found no ${missing.map((entry) => entry.name).join(', ')}, every variable of the function is needed`);
  }
  return Object.freeze(Object.fromEntries(entries.map(([key, entry]) => [key, parsed(entry, env[entry.name] ?? '')]))) as ConfigOf<Table>;
};

const parsed = ({ kind }: EnvEntry, value: string): string | readonly string[] =>
  kind === 'text' ? value : Object.freeze(value.split(',').filter((word) => word !== ''));

/** The environment from which {@link loadConfig} reads `config` again. */
export const environmentOf = <Table extends EnvTable>(table: Table, config: ConfigOf<Table>): Record<string, string> =>
  Object.fromEntries(Object.entries(table).map(([key, { name }]) => [name, String(config[key])]));
