/** What is wrong with one line of a text format, and where in it. Its other lines are taken. */
export class LineError extends Error {
  override readonly name = 'LineError';
  /** From 1, in characters. */
  readonly column: number;

  constructor(column: number, reason: string) {
    super(reason);
    this.column = column;
  }
}
