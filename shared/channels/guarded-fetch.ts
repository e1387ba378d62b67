import { type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import type { Fetch, OutgoingInit } from './http-post.ts';
import type { IsOpen } from './open-address.ts';
import { ClosedAddressError, openLookup, refuseClosedAddress } from './open-connection.ts';
import { NO_PROXIES, type ProxyEnvironment, proxyFor } from './proxy-choice.ts';
import { type ProxyRoute, loginHeader, openTunnel, requestToProxy } from './proxy-tunnel.ts';
import { TellableError } from './secret.ts';

/** Statuses whose answers have no body (Fetch standard, "null body status"). */
const WITHOUT_BODY: ReadonlySet<number> = new Set([101, 204, 205, 304]);

const responseOf = (message: IncomingMessage): Response => {
  const status = message.statusCode ?? 0;
  const headers = Object.entries(message.headersDistinct).flatMap(([name, values = []]) => values.map((value): [string, string] => [name, value]));
  if (WITHOUT_BODY.has(status)) message.resume();
  const body = WITHOUT_BODY.has(status) ? null : (Readable.toWeb(message) as ReadableStream<Uint8Array>);
  return new Response(body, { status, headers });
};

/** What a server answers, and `Response` cannot hold. */
const oddAnswer = ({ statusCode = 0 }: IncomingMessage, cause?: unknown): TellableError => new TellableError(`read answer: found HTTP ${statusCode}, 200 to 599 is needed`, { cause });

type OnAnswer = (message: IncomingMessage) => void;

/**
 * `fetch` for addresses that people configure: text bodies, no redirects (they are answers), no address in a closed network by
 * whatever name or notation, a new connection each time.
 *
 * By a proxy it is the *proxy's* address that is connected to, and checked. Of the target, closed addresses (in any notation) and
 * `localhost` are refused here; every other name is the proxy's to resolve, so what it may reach is the proxy's to fence: a look-up
 * here would be another one than the proxy's, and often finds nothing where a proxy is the only way out.
 */
export const makeGuardedFetch =
  (isOpen: IsOpen, environment: ProxyEnvironment = NO_PROXIES): Fetch =>
  async (url, given) => {
    const target = new URL(url);
    if (target.protocol !== 'http:' && target.protocol !== 'https:') throw new TellableError('send request: found an address of another protocol, http://... or https://... is needed');
    const init = { ...given, headers: { ...loginHeader('authorization', target), ...headersOf(given) } };
    [target.username, target.password] = ['', ''];
    const signal = init.signal ?? undefined;
    refuseClosedAddress(target.hostname.replace(/^\[(.*)\]$/, '$1'), isOpen);
    const proxy = proxyFor(target, init.proxy, environment);
    if (proxy === undefined) return answerOf(signal, init, (options, onAnswer) => direct(target, isOpen, init, options, onAnswer));
    if (/(?:^|\.)localhost\.?$/.test(target.hostname) && !isOpen('127.0.0.1')) throw new ClosedAddressError('connect by proxy: found this host');
    const route: ProxyRoute = { proxy, connectHeaders: init.proxy?.connectHeaders ?? {}, tls: init.tls ?? {}, isOpen, signal };
    if (target.protocol !== 'https:') {
      const path = `${target.origin}${target.pathname}${target.search}`;
      return answerOf(signal, init, (options, onAnswer) => requestToProxy(route, { method: options.method, path, headers: { host: target.host, ...options.headers } }, onAnswer));
    }
    const socket = await openTunnel(route, target).catch((error: unknown) => Promise.reject(signal?.aborted === true ? (signal.reason as Error) : error));
    return answerOf(signal, init, (options, onAnswer) => httpsRequest(target, { ...options, ...optional(signal), defaultPort: 443, createConnection: () => socket }, onAnswer));
  };

/** The error of `Headers` itself would quote a value, which may be a secret out of a file. */
const headersOf = ({ headers }: OutgoingInit): Record<string, string> => {
  try {
    return Object.fromEntries(new Headers(headers));
  } catch {
    throw new TellableError('send request: found characters that no header may have, a secret of printable characters is needed');
  }
};

/** With its headers in lower case. */
interface Init extends OutgoingInit {
  readonly headers: Record<string, string>;
}

interface Plain {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

const direct = (target: URL, isOpen: IsOpen, { tls, signal }: OutgoingInit, options: Plain, onAnswer: OnAnswer): ClientRequest => {
  const request = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return request(target, { ...options, ...tls, ...optional(signal ?? undefined), agent: false, lookup: openLookup(isOpen) }, onAnswer);
};

const optional = (signal: AbortSignal | undefined): { signal?: AbortSignal } => (signal === undefined ? {} : { signal });

/** The answer to a request that `start` makes. */
const answerOf = (signal: AbortSignal | undefined, { method = 'GET', headers, body }: Init, start: (options: Plain, onAnswer: OnAnswer) => ClientRequest): Promise<Response> =>
  new Promise((resolve, reject) => {
    const onAnswer: OnAnswer = (message) => {
      try {
        resolve(responseOf(message));
      } catch (cause) {
        // Thrown out of here, it would end the process.
        message.destroy();
        reject(oddAnswer(message, cause));
      }
    };
    start({ method, headers }, onAnswer)
      .once('upgrade', (message, socket) => {
        // Without a listener the request would end without a word.
        socket.destroy();
        reject(oddAnswer(message));
      })
      .on('error', (error) => reject(signal?.aborted === true ? (signal.reason as Error) : error))
      .end(body);
  });
