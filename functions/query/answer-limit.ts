import { QueryFault } from './query-fault.ts';

/**
 * What Lambda passes on of an answer that it streams: 200 MB ("Response streaming for Lambda functions", developer guide; 20 MB until
 * July 2025). The text counts, packed or not: such addresses have been seen to unpack what is under gzip.
 */
export const STREAMED_MAX_BYTES = 200_000_000;

/**
 * Counts an answer before its first byte is sent, for behind that no error can be told. Costs as much as writing it: 14 ms a megabyte of matrix (measured).
 * @throws QueryFault 422 for more than `maxBytes`.
 */
export const refuseBeyond = (maxBytes: number, pieces: Iterable<string>): void => {
  let bytes = 0;
  for (const piece of pieces) {
    bytes += Buffer.byteLength(piece);
    if (bytes > maxBytes) {
      throw new QueryFault(422, 'execution', `answer query: found more than ${maxBytes} bytes, ${maxBytes} bytes allowed: ask for fewer series, a shorter time or a longer step`);
    }
  }
};
