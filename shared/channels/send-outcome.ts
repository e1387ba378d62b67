/** How an attempt to send ended. `answer` is short and free of secrets: it goes to the ledger, where people read it. */
export type SendOutcome =
  | { readonly kind: 'sent' | 'failed'; readonly answer: string }
  /** Worth another attempt, not before `afterMs` when the receiver has said so. */
  | { readonly kind: 'retry'; readonly answer: string; readonly afterMs?: number };

const MAX_ANSWER_CHARS = 300;

/** One line of printable text. */
export const shortAnswer = (text: string): string => text.replace(/[\p{Cc}\s]+/gu, ' ').trim().slice(0, MAX_ANSWER_CHARS).toWellFormed();
