import type { AlertmanagerConfig } from '../../../shared/alerting/receivers.ts';
import type { ItemTable } from '../../../shared/catalog/item-table.ts';
import type { CheckKey } from '../../../shared/keys/key-check.ts';
import type { RuleSet } from '../../../shared/rules/rule-group.ts';

export interface AlertmanagerPorts {
  /** The alerts table. */
  readonly alerts: ItemTable;
  readonly rules: () => Promise<RuleSet>;
  readonly alertmanager: () => Promise<AlertmanagerConfig>;
  readonly nowMs: () => number;
  readonly startedAtMs: number;
  /** 16 fresh random bytes. */
  readonly random: () => Uint8Array;
  /** Where people reach this installation, without a slash at the end; '' when unknown. */
  readonly externalUrl: string;
  /** The product's version. */
  readonly version: string;
  /** Absent: an open installation on the loopback interface. */
  readonly keys?: CheckKey;
  /** The longest silence that may be set. Default: 31 days (silence.ts). */
  readonly maxSilenceMs?: number;
}
