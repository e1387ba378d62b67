import type { Lease } from '../../shared/alerting/lease.ts';
import type { EvaluatePorts } from './evaluate-ports.ts';
import type { RuleReads } from './instant-query.ts';
import type { AlertMemory } from './memory.ts';
import type { RunningStatements } from './statements.ts';
import type { TickReport } from './tick-report.ts';

/** What every part of one tick works with. */
export interface TickScope {
  readonly ports: EvaluatePorts;
  readonly lease: Lease;
  readonly memory: AlertMemory;
  readonly statements: RunningStatements;
  /** Over what is stored. */
  readonly reads: RuleReads;
  readonly report: TickReport;
}
