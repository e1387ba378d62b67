import { openObjectDirectory } from '../../shared/embedded/object-directory.ts';
import { defineObjectListingContract } from './object-listing.contract.ts';
import { defineObjectStoreContract } from './object-store.contract.ts';
import { tempFolder } from './temp-folder.ts';

defineObjectStoreContract('directory', async () => openObjectDirectory(await tempFolder()));
defineObjectListingContract('directory', async () => openObjectDirectory(await tempFolder()));
