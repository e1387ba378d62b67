import type { Lease } from '../../shared/alerting/lease.ts';
import type { Integration } from '../../shared/alerting/receivers.ts';
import type { Transition } from '../../shared/alerting/transitions.ts';
import type { EvaluatePorts } from './evaluate-ports.ts';
import type { AlertMemory } from './memory.ts';
import type { TickReport } from './tick-report.ts';

/** What every part of one tick works with. */
export interface TickScope {
  readonly ports: EvaluatePorts;
  readonly lease: Lease;
  readonly memory: AlertMemory;
  readonly integrations: readonly Integration[];
  readonly report: TickReport;
}

/** Remembers and counts transitions that are stored: their notifications wait to be published. */
export const countTransitions = ({ memory, report }: TickScope, transitions: readonly Transition[]): void => {
  const notifications = transitions.flatMap((transition) => transition.notifications);
  memory.unpublished = [...memory.unpublished, ...notifications];
  report.transitions += transitions.length;
  report.notifications += notifications.length;
};
