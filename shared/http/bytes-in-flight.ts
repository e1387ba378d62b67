import { UnavailableError } from '../errors.ts';

/**
 * A budget of bytes that requests hold at once. A request takes its share before its body is read and gives it back when it
 * is answered; beyond the budget it is turned away with 503 at once, since waiting would only hold more connections.
 */
export interface BytesInFlight {
  /** @throws UnavailableError when the budget is spent. */
  take(bytes: number): { release(): void };
  readonly heldBytes: number;
}

export const makeBytesInFlight = (budgetBytes: number): BytesInFlight => {
  let heldBytes = 0;
  return {
    get heldBytes(): number {
      return heldBytes;
    },
    take(bytes) {
      // One request alone always passes, however large: its own cap bounds it.
      if (heldBytes > 0 && heldBytes + bytes > budgetBytes) {
        throw new UnavailableError(`take request: ${heldBytes} bytes in flight, ${budgetBytes} bytes allowed at once`, 1);
      }
      heldBytes += bytes;
      let held = true;
      return {
        release() {
          if (held) heldBytes -= bytes;
          held = false;
        },
      };
    },
  };
};
