import { PermanentError } from '../errors.ts';

/** A request body that no retry can make readable: HTTP 400. Nothing of it was taken. */
export class MalformedBodyError extends PermanentError {
  override readonly name = 'MalformedBodyError';
  readonly reason: string;
  /** Where in the body, in the words of its format: `byte 17`, `line 3:5`, `samples[3].ts`. */
  readonly place: string;

  constructor(protocol: string, place: string, reason: string, options?: ErrorOptions) {
    super(`decode ${protocol}: ${place}: ${reason}`, options);
    this.reason = reason;
    this.place = place;
  }
}
