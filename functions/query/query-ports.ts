import type { ItemTable } from '../../shared/catalog/item-table.ts';
import type { CheckKey } from '../../shared/keys/key-check.ts';
import type { RangeCache } from '../../shared/promql/range-cache.ts';
import type { RunSql } from '../../shared/sql/run-sql.ts';
import type { ObjectStore } from '../../shared/storage/object-store.ts';
import type { PieceCache } from '../../shared/storage/piece-cache.ts';
import type { Retention } from '../../shared/tiers/retention.ts';

/** What of a group's JSON pages are made by; the rest of it passes as it is. */
export interface RuleGroupPage {
  readonly name: string;
  readonly file: string;
}

/** Rules and alerts as Prometheus' API shows them; each gives the `data` of an answer, made of plain JSON values. */
export interface RulePages {
  /** `{ groups: […] }`; the parameters are those of Prometheus: type, rule_name[], rule_group[], file[], exclude_alerts, match[]. */
  readonly rules: (query: URLSearchParams) => Promise<{ readonly groups: readonly RuleGroupPage[] }>;
  /** `{ alerts: […] }` */
  readonly alerts: () => Promise<object>;
}

export interface QueryLimits {
  /** Samples of one selector, and of one evaluation. */
  readonly maxSamples: number;
  /** From the start of an evaluation; a caller's `timeout` can only shorten it. */
  readonly timeoutMs: number;
  /** Of the text of one answer; absent: as many as it has. Where it is given, each answer of more than one chunk is written once to be counted. */
  readonly maxAnswerBytes?: number;
}

/** Prometheus' own (`--query.max-samples`, `--query.timeout` is 2 minutes; a function URL's caller gives up long before). */
export const DEFAULT_QUERY_LIMITS: QueryLimits = { maxSamples: 50_000_000, timeoutMs: 30_000 };

export interface QueryPorts {
  readonly objects: ObjectStore;
  /** The catalog's table. */
  readonly catalog: ItemTable;
  readonly cache: PieceCache;
  /** Answers of range queries that are held; absent: each is evaluated. */
  readonly results?: RangeCache;
  readonly nowMs: () => number;
  readonly limits: QueryLimits;
  /** The product's version. */
  readonly version: string;
  /** Absent: an open installation, which must then listen on the loopback interface alone (`http/local-only.ts`). */
  readonly keys?: CheckKey;
  /** Absent: `/api/v1/sql` says so. */
  readonly runSql?: RunSql;
  /** What the engine behind `runSql` charges for a scan; nothing on one's own machine. */
  readonly sqlDollars?: (bytesScanned: number) => number;
  /** What reading objects costs per request; nothing on one's own machine. */
  readonly requestDollars?: (requests: number) => number;
  /** What the time of a request costs where it is billed; nothing on one's own machine. */
  readonly computeDollars?: (durationMs: number) => number;
  /** How long each tier answers for; design 5's where left out. */
  readonly retention?: Retention;
  /** Absent: no rules and no alerts. */
  readonly rulePages?: RulePages;
}
