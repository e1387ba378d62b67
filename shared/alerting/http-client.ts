import type { Secret } from './receivers.ts';

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** Alertmanager's `tls_config`. Absent: what the process trusts, no certificate of our own. */
export interface TlsSettings {
  /** PEM; trusted in place of the process's own authorities. */
  readonly ca?: Secret;
  /** PEM; both or none. */
  readonly certificate?: { readonly cert: Secret; readonly key: Secret };
  /** What the server's certificate must name in place of the host; '' is the host. */
  readonly serverName: string;
  /** False: any certificate will do. */
  readonly isVerified: boolean;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
}

/** A header whose values may be secret. */
export interface SecretHeader {
  readonly name: string;
  readonly values: readonly Secret[];
}

export type ProxySettings =
  | {
      readonly kind: 'url';
      /** With credentials, if it has some. */
      readonly url: Secret;
      /** Hosts that are reached without it; '' is none. */
      readonly noProxy: string;
      readonly connectHeaders: readonly SecretHeader[];
    }
  /** That of the process's environment, or none. */
  | { readonly kind: 'environment'; readonly connectHeaders: readonly SecretHeader[] };

/** How a request is brought to its server. */
export interface Connection {
  readonly tls?: TlsSettings;
  readonly proxy?: ProxySettings;
}

/** Client credentials, for which a server gives tokens (RFC 6749, section 4.4). */
export interface Oauth2 extends Connection {
  /** It may hold credentials. */
  readonly tokenUrl: Secret;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scopes: readonly string[];
  /** Further parameters of the request for a token; they may be secret. */
  readonly endpointParams: readonly (readonly [name: string, value: Secret])[];
}

/** How requests of a receiver prove who they are. */
export type HttpAuth =
  | { readonly kind: 'none' }
  | { readonly kind: 'basic'; readonly username: Secret; readonly password: Secret }
  | { readonly kind: 'header'; readonly scheme: string; readonly credentials: Secret }
  | { readonly kind: 'oauth2'; readonly oauth2: Oauth2 };

/** Alertmanager's `http_config`. */
export interface HttpClient extends Connection {
  readonly auth: HttpAuth;
  /** Sent with each request. */
  readonly headers?: readonly SecretHeader[];
}
