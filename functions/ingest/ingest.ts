import { Hono } from 'hono';
import { makeBytesInFlight } from '../../shared/http/bytes-in-flight.ts';
import { HttpFault } from '../../shared/http/http-fault.ts';
import { type KeyVariables, requireScope } from '../../shared/keys/require-scope.ts';
import { influxV1, influxV2 } from './influx.ts';
import type { IngestPorts } from './ingest-ports.ts';
import { otlp } from './otlp.ts';
import type { Protocol } from './protocol.ts';
import { push } from './push.ts';
import { remoteWrite } from './remote-write.ts';
import { takeRequest } from './take-request.ts';

export * from './ingest-ports.ts';

/**
 * The road in: every protocol on its standard path. The same app answers on Lambda and on Node. Its middleware is per route,
 * so that it can be mounted beside the query app.
 */
export const makeIngestApp = (ports: IngestPorts): Hono<{ Variables: KeyVariables }> => {
  const app = new Hono<{ Variables: KeyVariables }>();
  const inFlight = makeBytesInFlight(ports.limits.inFlightBytes);
  const route = (path: string, protocol: Protocol): void => {
    if (ports.keys !== undefined) app.post(path, requireScope(ports.keys, 'write', protocol.fault));
    app.post(path, (c) => takeRequest(ports, inFlight, protocol, c));
    app.all(path, (c) => protocol.fault(c, new HttpFault(405, `${c.req.method} ${path}: only POST is allowed`)));
  };
  route('/api/v1/write', remoteWrite(ports.limits.samples));
  route('/v1/metrics', otlp);
  route('/api/v1/otlp/v1/metrics', otlp);
  route('/write', influxV1);
  route('/api/v2/write', influxV2);
  route('/api/v1/push', push);
  // Influx clients ask this before they write.
  app.on(['GET', 'HEAD'], '/ping', (c) => c.body(null, 204));
  app.notFound((c) => c.json({ error: `${c.req.method} ${c.req.path}: no such route` }, 404));
  return app;
};
