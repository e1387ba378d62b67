import type { AthenaClient } from '@aws-sdk/client-athena';
import { UnavailableError } from '../errors.ts';

/** One request of the Glue API. Rejects unless Glue says that it is done. */
export type GlueCall = (action: string, body: object) => Promise<void>;

/** As our other clients: a request that is silent for ten seconds is dead. */
const TIMEOUT_MS = 10_000;
const SHOWN_CHARACTERS = 500;

/**
 * Glue's requests (AWS JSON 1.1), signed with the region and credentials of Athena's client: the SDK's own client of Glue is twenty
 * times the size of all that is asked of it here. `endpoint` is another one than AWS' own. Nothing is tried again.
 */
export const makeGlueCall = (client: Pick<AthenaClient, 'config'>, endpoint: string | undefined): GlueCall => {
  const { config } = client;
  return async (action, body) => {
    const region = await config.region();
    const url = new URL(endpoint ?? `https://glue.${region}.${region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'}`);
    const signer = await config.signer({ name: 'sigv4', signingName: 'glue', signingRegion: region, properties: {} });
    const text = JSON.stringify(body);
    const signed = await signer.sign({
      method: 'POST',
      protocol: url.protocol,
      hostname: url.hostname,
      path: '/',
      headers: { host: url.host, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `AWSGlue.${action}` },
      body: text,
    });
    const answer = await fetch(url, { method: 'POST', headers: signed.headers, body: text, redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    const said = await answer.text();
    if (!answer.ok) throw new UnavailableError(`glue ${action}: found status ${answer.status}, 200 is needed: ${said.slice(0, SHOWN_CHARACTERS)}`, 1);
  };
};
