import type { TlsSettings, TlsVersion } from '../http-client.ts';
import type { Secret } from '../receivers.ts';
import type { FieldReader } from './field-reader.ts';

const KEYS = ['ca', 'ca_file', 'cert', 'cert_file', 'key', 'key_file', 'server_name', 'insecure_skip_verify', 'min_version', 'max_version'];

/** Names of Go's versions, oldest first. */
const VERSIONS: ReadonlyMap<string, TlsVersion> = new Map([
  ['TLS10', 'TLSv1'],
  ['TLS11', 'TLSv1.1'],
  ['TLS12', 'TLSv1.2'],
  ['TLS13', 'TLSv1.3'],
]);

/** A `tls_config` under some key; undefined where there is none. */
export const readTls = (reader: FieldReader, key: string): TlsSettings | undefined => {
  if (!reader.has(key)) return undefined;
  const tls = reader.under(key, KEYS);
  const ca = pem(tls, 'ca', 'CERTIFICATE');
  const certificate = readCertificate(tls);
  const minVersion = readVersion(tls, 'min_version');
  const maxVersion = readVersion(tls, 'max_version');
  if (minVersion !== undefined && maxVersion !== undefined && minVersion > maxVersion) tls.fail('max_version', 'max_version: found a version before min_version, the same or a later one is allowed');
  return {
    serverName: tls.text('server_name'),
    isVerified: !tls.flag('insecure_skip_verify', false),
    ...(ca === undefined ? {} : { ca }),
    ...(certificate === undefined ? {} : { certificate }),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
};

const readCertificate = (tls: FieldReader): TlsSettings['certificate'] => {
  const cert = pem(tls, 'cert', 'CERTIFICATE');
  const key = pem(tls, 'key', 'PRIVATE KEY');
  if (cert !== undefined && key !== undefined) return { cert, key };
  if (cert !== undefined) tls.fail(tls.has('cert') ? 'cert' : 'cert_file', 'found cert without key, both or none are needed');
  if (key !== undefined) tls.fail(tls.has('key') ? 'key' : 'key_file', 'found key without cert, both or none are needed');
  return undefined;
};

/** What a PEM text says is looked at when it is used: it may stand in a file that changes. */
const pem = (tls: FieldReader, key: string, kind: string): Secret | undefined => {
  const secret = tls.secret(key);
  if (secret !== undefined && 'text' in secret && !secret.text.includes(`${kind}-----`)) tls.fail(key, `${key}: found no ${kind.toLowerCase()} in PEM`);
  return secret;
};

const readVersion = (tls: FieldReader, key: string): TlsVersion | undefined => {
  if (tls.text(key) === '') return undefined;
  const version = VERSIONS.get(tls.text(key));
  if (version === undefined) tls.fail(key, `${key}: found another word, allowed are ${[...VERSIONS.keys()].join(', ')}`);
  return version;
};
