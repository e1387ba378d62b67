import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, createSecureContext } from 'node:tls';
import type { Connection, ProxySettings, TlsSettings } from '../alerting/http-client.ts';
import { type ReadSecret, TellableError, headerRecord, secretText } from './secret.ts';

/** Options of node:tls, with the texts of files in them. */
export type TlsOptions = Pick<ConnectionOptions, 'secureContext' | 'rejectUnauthorized' | 'servername' | 'checkServerIdentity'>;

/** A proxy to go by, where the address is none of its exceptions. */
export type Proxy =
  | { readonly kind: 'url'; readonly url: string; readonly noProxy: string; readonly connectHeaders: Readonly<Record<string, string>> }
  | { readonly kind: 'environment'; readonly connectHeaders: Readonly<Record<string, string>> };

/** How a request is brought to its server: beside what `fetch` knows of. */
export interface OutgoingRoute {
  readonly tls?: TlsOptions;
  readonly proxy?: Proxy;
}

/** With the files of certificates and headers as they are now. Rejects with a TellableError. */
export const routeOf = async ({ tls, proxy }: Connection, readSecret: ReadSecret): Promise<OutgoingRoute> => ({
  ...(tls === undefined ? {} : { tls: await tlsOptions(tls, readSecret) }),
  ...(proxy === undefined ? {} : { proxy: await proxyOf(proxy, readSecret) }),
});

/** Versions before 1.2 need ciphers and hashes that OpenSSL 3 leaves out at its own security level; who names them means them. */
const OLD_CIPHERS = 'DEFAULT@SECLEVEL=0';

export const tlsOptions = async ({ ca, certificate, serverName, isVerified, minVersion, maxVersion }: TlsSettings, readSecret: ReadSecret): Promise<TlsOptions> => {
  const isOld = [minVersion, maxVersion].some((version) => version === 'TLSv1' || version === 'TLSv1.1');
  const texts = {
    ...(ca === undefined ? {} : { ca: await secretText(ca, readSecret) }),
    ...(certificate === undefined ? {} : { cert: await secretText(certificate.cert, readSecret), key: await secretText(certificate.key, readSecret) }),
  };
  if (texts.ca !== undefined && !texts.ca.includes('CERTIFICATE-----')) throw new TellableError('read tls_config: found no certificate in the PEM of ca');
  try {
    const secureContext = createSecureContext({
      ...texts,
      // A context of versions that exclude each other cannot be made: the lower bound gives way to an upper one that is before TLS 1.2.
      minVersion: minVersion ?? (isOld && maxVersion !== undefined ? maxVersion : 'TLSv1.2'),
      ...(maxVersion === undefined ? {} : { maxVersion }),
      ...(isOld ? { ciphers: OLD_CIPHERS } : {}),
    });
    return { secureContext, rejectUnauthorized: isVerified, ...identityOf(serverName) };
  } catch (cause) {
    // OpenSSL's own message says nothing of the texts, but not what to do either.
    throw new TellableError(`read tls_config: found a certificate or key that does not read, or that do not fit each other (${codeOf(cause)})`, { cause });
  }
};

/** Addresses are no names that a server may be asked for (RFC 6066, 3), yet its certificate may name them. */
const identityOf = (serverName: string): TlsOptions => {
  if (serverName === '') return {};
  return isIP(serverName) === 0 ? { servername: serverName } : { servername: '', checkServerIdentity: (_host, certificate) => checkServerIdentity(serverName, certificate) };
};

const proxyOf = async (proxy: ProxySettings, readSecret: ReadSecret): Promise<Proxy> => {
  const connectHeaders = await headerRecord(proxy.connectHeaders, readSecret);
  return proxy.kind === 'environment' ? { kind: 'environment', connectHeaders } : { kind: 'url', url: await secretText(proxy.url, readSecret), noProxy: proxy.noProxy, connectHeaders };
};

const codeOf = (error: unknown): string => (error instanceof Error && 'code' in error ? String(error.code) : 'unknown');
