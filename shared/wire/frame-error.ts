import { PermanentError } from '../errors.ts';

/** A frame that can never be decoded. `part` names where in the frame, `found` says what stood there. */
export class FrameError extends PermanentError {
  override readonly name = 'FrameError';
  readonly part: string;
  readonly found: string;

  constructor(part: string, found: string, options?: ErrorOptions) {
    super(`decode frame: ${part}: ${found}`, options);
    this.part = part;
    this.found = found;
  }
}
