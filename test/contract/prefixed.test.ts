import { afterAll } from 'vitest';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { openObjectDirectory } from '../../shared/embedded/object-directory.ts';
import { prefixedItems } from '../../shared/lakes/prefixed-items.ts';
import { prefixedObjects } from '../../shared/lakes/prefixed-objects.ts';
import { defineItemTableContract } from './item-table.contract.ts';
import { defineItemTransactContract } from './item-transact.contract.ts';
import { defineObjectListingContract } from './object-listing.contract.ts';
import { defineObjectStoreContract } from './object-store.contract.ts';
import { tempFolder } from './temp-folder.ts';

const opened = openItemTables(':memory:', ['items']);
const makeTable = async () => prefixedItems((await opened).table('items'), 'classes/brief/');
afterAll(async () => (await opened).close());

defineItemTableContract('below a prefix', makeTable);
defineItemTransactContract('below a prefix', makeTable);

const makeObjects = async () => prefixedObjects(await openObjectDirectory(await tempFolder()), 'classes/brief/');

defineObjectStoreContract('below a prefix', makeObjects);
defineObjectListingContract('below a prefix', makeObjects);
