import type { AdminPorts } from '../../../scripts/admin/admin-ports.ts';
import { inProcess } from '../../../scripts/admin/in-process.ts';
import type { Api } from '../../../shared/commands/api.ts';
import { DEFAULT_RETENTION } from '../../../shared/tiers/retention.ts';

let attempts = 0;

/** The commands' way to an installation over some of its ports, without a socket. */
export const openAdmin = (ports: Pick<AdminPorts, 'objects' | 'catalog'> & Partial<AdminPorts>): Api =>
  inProcess({
    putRecords: async () => undefined,
    clockMs: () => 0,
    nextAttempt: () => `admin${attempts++}`,
    addressOf: (key) => `file:///lake/${key}`,
    promotedLabels: ['host'],
    buckets: 1,
    retention: DEFAULT_RETENTION,
    classes: [],
    ...ports,
  });
