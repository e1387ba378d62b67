import type { Labels } from '../../model/labels.ts';

/** One element of what `query` gives. */
export interface QueriedSample {
  readonly labels: Labels;
  readonly value: number;
}

export type QueryAnswer = { readonly samples: readonly QueriedSample[] } | { readonly error: string };

/** What an expansion stands in: constant while it runs. */
export interface ExpansionSetting {
  readonly nowMs: number;
  /** Where people reach the installation, without a slash at the end. */
  readonly externalUrl: string;
  /** Answers of queries so far, by their text. One that is not there ends the run with {@link QueryWanted}. */
  readonly answers: ReadonlyMap<string, QueryAnswer>;
}

/** A query without an answer: the caller asks it and runs the template again. */
export class QueryWanted extends Error {
  override readonly name = 'QueryWanted';
  readonly query: string;

  constructor(query: string) {
    super(query);
    this.query = query;
  }
}
