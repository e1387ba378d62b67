import type { SelectRequest, SeriesBlock } from './series-source.ts';

/** Blocks of different series, which one after the other have the order of one block. Each iteration begins anew. */
export interface SeriesBatches extends AsyncIterable<SeriesBlock> {
  /** What stays in memory from the first batch to the last, as so many samples of 16 bytes; nothing where left out. */
  readonly heldSamples?: number;
}

/** The series of a request in batches. Undefined where there is so little that one block does. */
export type SelectBatches = (request: SelectRequest) => Promise<SeriesBatches | undefined>;
