import { Hono } from 'hono';
import { faultFrom, faultHeaders } from '../../shared/http/http-fault.ts';
import { localOnly } from '../../shared/http/local-only.ts';
import type { AdminPorts } from './admin-ports.ts';
import { backtestRoutes } from './backtest-routes.ts';
import { backfillRoutes } from './backfill-routes.ts';
import { deleteRoutes } from './delete-routes.ts';
import { doctorRoutes } from './doctor-routes.ts';
import { rebuildRoutes } from './rebuild-routes.ts';
import { redriveRoutes } from './redrive-routes.ts';

/** What the commands of an installation's keeper call, a step each; from this machine alone. */
export const makeAdminApp = (ports: AdminPorts): Hono => {
  const app = new Hono().basePath('/api/v1/admin');
  app.use('*', localOnly());
  app.route('/delete', deleteRoutes(ports));
  app.route('/rebuild', rebuildRoutes(ports));
  app.route('/redrive', redriveRoutes(ports));
  app.route('/backfill', backfillRoutes(ports));
  app.route('/doctor', doctorRoutes(ports));
  app.route('/backtest', backtestRoutes(ports));
  app.onError((error, c) => {
    const fault = faultFrom(error);
    return c.json({ status: 'error', error: fault.message }, fault.status, faultHeaders(fault));
  });
  return app;
};
