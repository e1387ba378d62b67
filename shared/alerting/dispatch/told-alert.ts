import { labelsToJson } from '../../model/labels.ts';
import type { Labels } from '../../model/labels.ts';
import type { Alert } from '../alert.ts';
import { hashOf } from '../spread.ts';

/** A longer expression makes an address that browsers and receivers cut. */
const MAX_QUERY_CHARS = 4096;

/** An alert on its way to receivers, from a rule or from outside. */
export interface ToldAlert {
  /** 64 bits of the label set, in hex: its identity in groups and in the notification log. */
  readonly hash: string;
  readonly labels: Labels;
  readonly annotations: Labels;
  readonly startsAtMs: number;
  /** Undefined while it fires. */
  readonly endedAtMs: number | undefined;
  /** It has not fired, as far as is known now: only those who were told that it did hear of it. */
  readonly isPending: boolean;
  readonly generatorUrl: string;
}

export const alertHash = (labels: Labels): string => hashOf(labelsToJson(labels)).slice(0, 16);

/** Where the expression can be looked at. */
export const graphUrl = (externalUrl: string, query: string): string =>
  query === '' || query.length > MAX_QUERY_CHARS ? `${externalUrl}/graph` : `${externalUrl}/graph?g0.expr=${encodeURIComponent(query)}&g0.tab=1`;

/**
 * What receivers may hear of a rule's alert. One that is pending has ended for those who were told that it fires: `for` has
 * grown, and it is not yet as old.
 */
export const toldOf = (alert: Alert, hash: string, generatorUrl: string): ToldAlert => ({
  hash,
  labels: alert.labels,
  annotations: alert.annotations,
  startsAtMs: alert.firedAtMs ?? alert.activeAtMs,
  endedAtMs: alert.phase === 'firing' ? undefined : (alert.resolvedAtMs ?? alert.changedAtMs),
  isPending: alert.phase === 'pending',
  generatorUrl,
});
