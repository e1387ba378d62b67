import { BlockList, isIP } from 'node:net';
import type { Proxy } from './outgoing-connection.ts';
import { TellableError } from './secret.ts';

/** Proxies that the environment of the process names; '' is none. */
export interface ProxyEnvironment {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

export const NO_PROXIES: ProxyEnvironment = { httpProxy: '', httpsProxy: '', noProxy: '' };

/** The variables that Go's programs read, the upper case first. */
export const proxyEnvironment = (env: Readonly<Record<string, string | undefined>>): ProxyEnvironment => ({
  httpProxy: env['HTTP_PROXY'] || env['http_proxy'] || '',
  httpsProxy: env['HTTPS_PROXY'] || env['https_proxy'] || '',
  noProxy: env['NO_PROXY'] || env['no_proxy'] || '',
});

/** The address of the proxy for a request; undefined sends it without one. Throws a TellableError for one of the environment that is no address. */
export const proxyFor = (target: URL, proxy: Proxy | undefined, environment: ProxyEnvironment): URL | undefined => {
  if (proxy === undefined) return undefined;
  const isSecure = target.protocol === 'https:';
  const named = proxy.kind === 'url' ? proxy.url : isSecure ? environment.httpsProxy : environment.httpProxy;
  const noProxy = proxy.kind === 'url' ? proxy.noProxy : environment.noProxy;
  if (named === '') return undefined;
  // Alertmanager asks for exceptions, this host among them, once it has been told of any.
  if ((proxy.kind === 'environment' || noProxy !== '') && isExcepted(target, noProxy)) return undefined;
  const url = URL.parse(named.includes('://') ? named : `http://${named}`);
  if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:') && url.hostname !== '') return url;
  throw new TellableError('connect by proxy: found no address of a proxy in the environment, http://... or https://... is needed');
};

/**
 * Go's `NO_PROXY` (golang.org/x/net/http/httpproxy, Config): addresses and networks; names with all names below them, `.name` and
 * `*.name` for those below alone; a port behind any of them; `*` for everything. This host always is an exception.
 */
export const isExcepted = (target: URL, noProxy: string): boolean => {
  const host = hostOf(target);
  const port = target.port || (target.protocol === 'https:' ? '443' : '80');
  if (host === 'localhost' || (isIP(host) !== 0 && LOOPBACK.check(host, familyOf(host)))) return true;
  return noProxy.split(',').some((entry) => matches(entry.trim().toLowerCase(), host, port));
};

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '').toLowerCase();

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const matches = (entry: string, host: string, port: string): boolean => {
  if (entry === '' || entry === '*') return entry === '*';
  const network = /^([\da-f.:]+)\/(\d{1,3})$/.exec(entry);
  if (network !== null) return isInside(host, network[1] as string, Number(network[2]));
  const [, bracketed, plain, ofPort] = /^(?:\[([^\]]*)\]|([^:]*|[^:]*:[^:]*:.*))(?::(\d+))?$/.exec(entry) ?? [];
  const name = bracketed ?? plain ?? '';
  if (name === '' || (ofPort !== undefined && ofPort !== port)) return false;
  if (isIP(name) !== 0) return isInside(host, name, isIP(name) === 6 ? 128 : 32);
  if (name.startsWith('*.') || name.startsWith('.')) return host.endsWith(name.replace(/^\*/, ''));
  return host === name || host.endsWith(`.${name}`);
};

const isInside = (host: string, network: string, bits: number): boolean => {
  if (isIP(host) === 0 || isIP(network) === 0 || bits > (isIP(network) === 6 ? 128 : 32)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits, familyOf(network));
  return list.check(host, familyOf(host));
};
