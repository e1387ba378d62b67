import { HttpFault } from '../../shared/http/http-fault.ts';
import { durationParameter } from './params.ts';
import type { QueryPorts } from './query-ports.ts';

/** Throws once the time of a request is over, in Prometheus' words: its own `timeout`, and never more than the installation's. */
export const deadlineOf = (ports: QueryPorts, params: URLSearchParams): (() => void) => {
  const timeoutMs = Math.min(durationParameter(params, 'timeout') ?? Infinity, ports.limits.timeoutMs);
  const untilMs = ports.nowMs() + timeoutMs;
  return () => {
    if (ports.nowMs() >= untilMs) throw new HttpFault(503, 'query timed out in expression evaluation');
  };
};
