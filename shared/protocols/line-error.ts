/**
 * What is wrong with one line of a text format, and where in it. Its other lines are taken. Thrown, but no `Error`: a body
 * may hold a million bad lines, and the stack trace of each would take ten times as long as reading it.
 */
export class LineError {
  /** From 1, in characters. */
  readonly column: number;
  readonly reason: string;

  constructor(column: number, reason: string) {
    this.column = column;
    this.reason = reason;
  }
}
