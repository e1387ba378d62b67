import { type ClientRequest, type IncomingMessage, type RequestOptions, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Socket, isIP } from 'node:net';
import { unescape } from 'node:querystring';
import { type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { IsOpen } from './open-address.ts';
import { openLookup, refuseClosedAddress } from './open-connection.ts';
import type { TlsOptions } from './outgoing-connection.ts';
import { TellableError, basicCredentials } from './secret.ts';

/** What leads to a proxy. */
export interface ProxyRoute {
  readonly proxy: URL;
  readonly connectHeaders: Readonly<Record<string, string>>;
  readonly tls: TlsOptions;
  readonly isOpen: IsOpen;
  readonly signal: AbortSignal | undefined;
}

/** A request to the proxy itself, at an address that is open. Throws ClosedAddressError. */
export const requestToProxy = ({ proxy, tls, isOpen, signal }: ProxyRoute, { headers, ...options }: RequestOptions & { readonly headers: Readonly<Record<string, string>> }, onAnswer?: (message: IncomingMessage) => void): ClientRequest => {
  refuseClosedAddress(bare(proxy.hostname), isOpen);
  // Who the proxy is shall be told by its own name: neither by `server_name`, which is the target's, nor by the Host header, which Node would take.
  const trust = tls.secureContext === undefined ? {} : { secureContext: tls.secureContext, rejectUnauthorized: tls.rejectUnauthorized !== false };
  const request = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  return request(
    {
      ...options,
      ...trust,
      host: bare(proxy.hostname),
      servername: nameOf(proxy),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      headers: { ...loginHeader('proxy-authorization', proxy), ...headers },
      agent: false,
      lookup: openLookup(isOpen),
      ...(signal === undefined ? {} : { signal }),
    },
    onAnswer,
  );
};

/**
 * A TLS connection to the target through a tunnel of the proxy (RFC 9110, 9.3.6), the target's certificate judged here. Rejects with a TellableError when the
 * proxy refuses; it never sees what is said inside.
 */
export const openTunnel = async (route: ProxyRoute, target: URL): Promise<TLSSocket> => {
  const authority = `${target.hostname}:${target.port || '443'}`;
  const socket = await new Promise<Socket>((resolve, reject) => {
    requestToProxy(route, { method: 'CONNECT', path: authority, headers: { host: authority, ...route.connectHeaders } })
      .once('connect', (message, connected, head) => {
        if (message.statusCode === 200 && head.length === 0) return resolve(connected);
        connected.destroy();
        reject(new TellableError(`connect by proxy: found HTTP ${message.statusCode ?? 0}${head.length > 0 ? ' and more than a tunnel' : ''}, 200 is needed`));
      })
      .once('error', reject)
      .end();
  });
  return tlsConnect({ socket, host: bare(target.hostname), servername: nameOf(target), ...route.tls });
};

/** What a server may be asked for: addresses are no names (RFC 6066, 3), they are judged without. */
const nameOf = ({ hostname }: URL): string => (isIP(bare(hostname)) === 0 ? hostname : '');

const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

/** The header that the login of an address stands for; none without one. */
export const loginHeader = (name: 'authorization' | 'proxy-authorization', { username, password }: URL): Record<string, string> =>
  username === '' && password === '' ? {} : { [name]: basicCredentials(unescape(username), unescape(password)) };
