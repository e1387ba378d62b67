import { afterAll } from 'vitest';
import { openItemTables } from '../../shared/embedded/item-sqlite.ts';
import { defineItemTableContract } from './item-table.contract.ts';
import { defineItemTransactContract } from './item-transact.contract.ts';

const opened = openItemTables(':memory:', ['items']);
const makeTable = async () => (await opened).table('items');
afterAll(async () => (await opened).close());

defineItemTableContract('sqlite', makeTable);
defineItemTransactContract('sqlite', makeTable);
