import type { ItemTable } from '../catalog/item-table.ts';
import { listQuarantineFiles } from '../catalog/quarantine-files.ts';
import { type Finding, someOf } from './finding.ts';
import { isThere, type Objects } from './object-state.ts';
import { mapBounded } from '../storage/map-bounded.ts';

/** One step of the look through quarantine. */
export interface QuarantinePage {
  readonly files: number;
  readonly findings: readonly Finding[];
  /** Where the next page begins; absent behind the last. */
  readonly next?: string;
}

/** A page takes a second on S3. */
const PAGE_FILES = 500;
const PARALLEL_GETS = 16;

/** Whether the quarantine objects that the catalog names are there, oldest first. */
export const examineQuarantine = async ({ objects, catalog }: { readonly objects: Objects; readonly catalog: ItemTable }, after?: string): Promise<QuarantinePage> => {
  const files = await listQuarantineFiles(catalog, { limit: PAGE_FILES, ...(after === undefined ? {} : { after }) });
  const there = await mapBounded(files, PARALLEL_GETS, ({ key }) => isThere(objects, key));
  const missing = files.filter((_, i) => there[i] === false).map(({ key }) => key);
  const last = files.length === PAGE_FILES ? files.at(-1) : undefined;
  const advice = 'their records cannot be redriven: bring them back from a copy, or leave the rows to expire';
  return {
    files: files.length,
    findings: missing.length === 0 ? [] : [{ severity: 'wrong', kind: 'quarantine object missing', where: 'quarantine', found: `${missing.length}: ${someOf(missing)}`, advice }],
    ...(last === undefined ? {} : { next: last.key }),
  };
};
