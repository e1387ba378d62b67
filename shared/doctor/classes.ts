import type { ItemTable } from '../catalog/item-table.ts';
import { classRows } from '../lakes/class-rows.ts';
import { listedClasses } from '../lakes/listed-classes.ts';
import type { ObjectListing } from '../storage/object-store.ts';
import type { Finding } from './finding.ts';

/** Whether the catalog knows every retention class that has objects: readers find a class by the catalog alone. */
export const examineClasses = async ({ objects, catalog }: { readonly objects: ObjectListing; readonly catalog: ItemTable }): Promise<readonly Finding[]> => {
  // Before the catalog, where a class stands before its first object.
  const listed = await listedClasses(objects);
  const known = new Set((await classRows(catalog)).map(({ name }) => name));
  const advice = 'run "tidemark doctor --rebuild-catalog"; until then no query finds its samples';
  return listed
    .filter((name) => !known.has(name))
    .map((name) => ({ severity: 'wrong', kind: 'retention class lost', where: `class ${name}`, found: 'it has objects, and the catalog does not know it', advice }));
};
