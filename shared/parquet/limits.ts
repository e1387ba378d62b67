/**
 * Caps of what the reader takes. They stand far above what is written: row groups of 12 M rows are the largest that were
 * measured to pay (96 MB a column before compression).
 */
export const MAX_PAGE_BYTES = 256 << 20;
export const MAX_ROW_GROUP_ROWS = 32 << 20;
/** 14 columns take about 2 KB a row group; a footer is parsed before anything of it is known. */
export const MAX_FOOTER_BYTES = 16 << 20;
/** 14 columns in pages of 20,000 rows take about 1 KB a page; a row group of 4 M rows has 200. All of a file is parsed at once. */
export const MAX_PAGE_INDEX_BYTES = 16 << 20;
