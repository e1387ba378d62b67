import packageJson from '../../package.json' with { type: 'json' };
import { start } from '../start.ts';

const [port, data] = process.argv.slice(2);

/** As `npm start`, but an hour is merged with every hot file: so kills meet compactions. */
await start({ port: Number(port), data: data as string, version: packageJson.version, compactor: { everyMs: 50, openHotFiles: 1 } });
