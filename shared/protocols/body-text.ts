import { messageOf } from '../errors.ts';
import { BodyTooLargeError } from './body-too-large-error.ts';
import { MalformedBodyError } from './malformed-body-error.ts';

/** Objects take up to 30 times the memory of their JSON (`[],[],…`, measured), and nothing can be refused while it is parsed. */
const JSON_MAX_BYTES = 8 * 1024 * 1024;

/** The body as text. @throws MalformedBodyError when it is not UTF-8. */
export const bodyText = (protocol: string, body: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new MalformedBodyError(protocol, 'body', 'text that is not UTF-8', { cause });
  }
};

/** The body as parsed JSON. @throws BodyTooLargeError, MalformedBodyError */
export const bodyJson = (protocol: string, body: Uint8Array): unknown => {
  if (body.length > JSON_MAX_BYTES) throw new BodyTooLargeError(protocol, 'body', `${body.length} bytes of JSON, ${JSON_MAX_BYTES} bytes allowed`);
  const text = bodyText(protocol, body);
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new MalformedBodyError(protocol, 'body', `no JSON (${messageOf(cause).slice(0, 200).toWellFormed()})`, { cause });
  }
};
