import { describe, expect, it } from 'vitest';
import { PAYLOAD_MAX_BYTES, withinPayloadLimit } from '../../../functions/query/payload-limit.ts';

const answerOf = (body: string, isBase64Encoded = false): { statusCode: number; body: string; isBase64Encoded: boolean; headers: Record<string, string> } => ({
  statusCode: 200,
  headers: { 'content-encoding': 'gzip' },
  body,
  isBase64Encoded,
});
const around = JSON.stringify(answerOf('')).length;

describe('an answer through Lambda', () => {
  it('passes up to the limit of the payload, and says beyond it what helps', () => {
    const greatest = answerOf('a'.repeat(PAYLOAD_MAX_BYTES - around));
    expect(withinPayloadLimit(greatest)).toBe(greatest);
    const { body, ...rest } = withinPayloadLimit(answerOf('a'.repeat(PAYLOAD_MAX_BYTES - around + 1)));
    expect(rest).toEqual({ statusCode: 422, isBase64Encoded: false, headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(body)).toEqual({ status: 'error', errorType: 'execution', error: expect.stringMatching(/has 6291557 bytes, 6291556 bytes allowed: accept gzip/) });
  });

  it('counts what its text takes inside of JSON', () => {
    const quotes = answerOf('"'.repeat(PAYLOAD_MAX_BYTES / 2 - around / 2));
    expect(withinPayloadLimit(quotes).statusCode).toBe(200);
    expect(withinPayloadLimit(answerOf('\u0001'.repeat(1_060_000))).statusCode).toBe(422);
    expect(withinPayloadLimit(answerOf('"'.repeat(PAYLOAD_MAX_BYTES / 2))).statusCode).toBe(422);
    expect(withinPayloadLimit(answerOf('é'.repeat(PAYLOAD_MAX_BYTES / 2))).statusCode).toBe(422);
  });

  it('is not told to accept gzip when it is packed already', () => {
    expect(withinPayloadLimit(answerOf('a'.repeat(7e6), true)).body).toContain('allowed: ask for fewer series');
  });
});
