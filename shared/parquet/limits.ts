/**
 * Caps of what the reader takes. They stand far above what is written: row groups of 12 M rows are the largest that were
 * measured to pay (96 MB a column before compression).
 */
export const MAX_PAGE_BYTES = 256 << 20;
export const MAX_ROW_GROUP_ROWS = 32 << 20;
/** 14 columns take about 2 KB a row group; a footer is parsed before anything of it is known. */
export const MAX_FOOTER_BYTES = 16 << 20;
/** An hour of 10,000 series in 100 pages takes 14 KB. All of a file is parsed at once, into some ten times as many bytes. */
export const MAX_PAGE_INDEX_BYTES = 4 << 20;
/** Of a column chunk: the most rows of a row group in pages of 512. */
export const MAX_CHUNK_PAGES = 1 << 16;
