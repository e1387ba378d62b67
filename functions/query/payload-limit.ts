/** What Lambda hands on of a function that answers as a whole ("Response payload size exceeded maximum allowed payload size (6291556 bytes)"). */
export const PAYLOAD_MAX_BYTES = 6_291_556;
/** A payload is JSON: each unit of the body takes at most six bytes in it. */
const MAY_EXCEED_UNITS = Math.floor(PAYLOAD_MAX_BYTES / 6) - 10_000;

interface Payload {
  readonly statusCode: number;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

/** Where Lambda would turn an answer into 502 without a reason, one that says why and what helps. */
export const withinPayloadLimit = <T extends Payload>(answer: T): T => {
  if (answer.body.length < MAY_EXCEED_UNITS) return answer;
  const bytes = Buffer.byteLength(JSON.stringify(answer));
  if (bytes <= PAYLOAD_MAX_BYTES) return answer;
  const remedy = answer.isBase64Encoded ? 'ask for fewer series, a shorter time or a longer step' : 'accept gzip, or ask for fewer series, a shorter time or a longer step';
  const error = `answer query: the answer has ${bytes} bytes, ${PAYLOAD_MAX_BYTES} bytes allowed: ${remedy}`;
  return { ...answer, statusCode: 422, isBase64Encoded: false, headers: { 'content-type': 'application/json' }, body: JSON.stringify({ status: 'error', errorType: 'execution', error }) };
};
