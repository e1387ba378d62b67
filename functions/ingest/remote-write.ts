import { faultHeaders, HttpFault } from '../../shared/http/http-fault.ts';
import { type Decoded, rejectedSamples } from '../../shared/protocols/decoded.ts';
import { LabelCache } from '../../shared/protocols/label-cache.ts';
import { decodeRemoteWrite } from '../../shared/protocols/remote-write.ts';
import type { SampleLimits } from '../../shared/protocols/limits.ts';
import { decodeSnappy } from '../../shared/protocols/snappy.ts';
import { requireMediaType } from './content-type.ts';
import type { BodyToRead, Protocol } from './protocol.ts';
import { rejectionText } from './rejection-text.ts';

const PROTOBUF = 'application/x-protobuf';
const VERSION_2 = /proto\s*=\s*"?io\.prometheus\.write\.v2\./i;

/**
 * Prometheus remote write 1 (prometheus.io/docs/specs/prw/remote_write_spec). Senders retry 5xx and 429 alone, so samples
 * that can never be stored are 400, and what was good beside them is stored all the same.
 */
export const remoteWrite = (limits: SampleLimits): Protocol => {
  const cache = new LabelCache();
  const read = (body: BodyToRead): Decoded => {
    checkType(body);
    return decodeRemoteWrite(decodeSnappy(body.bytes, body.capBytes), limits, cache);
  };
  return { name: 'remote_write', ownEncoding: true, read, answer, fault };
};

const answer: Protocol['answer'] = (c, { samples, rejected }) => {
  if (rejected.length === 0) return c.body(null, 204);
  return c.text(`remote write: ${rejectedSamples(rejected)} samples not stored, ${samples} stored: ${rejectionText(rejected)}\n`, 400);
};

const fault: Protocol['fault'] = (c, found) => c.text(`${found.message}\n`, found.status, faultHeaders(found));

const checkType = ({ contentType, contentEncoding }: BodyToRead): void => {
  requireMediaType(contentType, [PROTOBUF, '']);
  if (VERSION_2.test(contentType)) {
    throw new HttpFault(415, 'remote write: message io.prometheus.write.v2.Request found, prometheus.WriteRequest allowed; set protobuf_message to it');
  }
  if (contentEncoding.toLowerCase() !== 'snappy') {
    throw new HttpFault(415, `remote write: content encoding "${contentEncoding.slice(0, 40)}" found, snappy allowed`);
  }
};
