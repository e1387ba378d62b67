import { quoted } from './dialect.ts';

/** By tier the table in Glue over its SQL lists. A name that begins with a digit would have to be quoted everywhere. */
export const GLUE_TABLES = { raw: 'raw', '1m': 'tier_1m', '1h': 'tier_1h' } as const;

/** The table of a tier, of the default retention class where none is named. */
export const glueTableOf = (tier: keyof typeof GLUE_TABLES, retentionClass?: string): string =>
  retentionClass === undefined ? GLUE_TABLES[tier] : `${GLUE_TABLES[tier]}_${retentionClass}`;

/** The view of the samples of one class, out of which, with the others, the view `samples` is made. */
export const samplesOfClass = (retentionClass: string): string => `samples_${retentionClass}`;

/** What stands after FROM for the rows of a tier in all classes: their tables have the same columns in one order. */
export const fromAllClasses = (database: string, tier: keyof typeof GLUE_TABLES, classes: readonly string[]): string => {
  const tables = [undefined, ...classes].map((name) => `${quoted(database)}.${quoted(glueTableOf(tier, name))}`);
  return tables.length === 1 ? (tables[0] as string) : `(${tables.map((table) => `SELECT * FROM ${table}`).join(' UNION ALL ')})`;
};
