import { durationParameter } from './params.ts';
import { QueryFault } from './query-fault.ts';
import type { QueryPorts } from './query-ports.ts';

/** A caller can lengthen its own limit up to that of the installation. */
const adviceFor = (timeoutMs: number, { limits }: QueryPorts): string => {
  const less = 'ask for fewer series or a shorter time, or for buckets by resolution=auto';
  return timeoutMs < limits.timeoutMs ? `"timeout" may be up to ${limits.timeoutMs} ms, or ${less}` : less;
};

/**
 * Throws once the time of a request is over, in Prometheus' words: its own `timeout`, and never more than the installation's;
 * or once nobody waits for the answer any more.
 */
export const deadlineOf = (ports: QueryPorts, params: URLSearchParams, signal: AbortSignal): (() => void) => {
  const timeoutMs = Math.min(durationParameter(params, 'timeout') ?? Infinity, ports.limits.timeoutMs);
  if (timeoutMs <= 0) throw new QueryFault(503, 'timeout', 'query timed out in query queue');
  const untilMs = ports.nowMs() + timeoutMs;
  return () => {
    if (signal.aborted) throw new QueryFault(503, 'canceled', 'query was canceled in expression evaluation');
    if (ports.nowMs() >= untilMs) throw new QueryFault(503, 'timeout', `query timed out in expression evaluation: found more than ${timeoutMs} ms; ${adviceFor(timeoutMs, ports)}`);
  };
};
