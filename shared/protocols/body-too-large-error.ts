import { MalformedBodyError } from './malformed-body-error.ts';

/** A body that would cost more memory or time than one request may: HTTP 413. Its samples fit into smaller requests. */
export class BodyTooLargeError extends MalformedBodyError {}
