import type { SelectRequest, SeriesBlock } from './series-source.ts';

/**
 * The series of a request in batches: blocks of different series, which one after the other have the order of one block. Undefined
 * where there is so little that one block does.
 */
export type SelectBatches = (request: SelectRequest) => Promise<AsyncIterable<SeriesBlock> | undefined>;
