import type { CompactRoad } from '../compact/compact-road.ts';

/** The catalog is gone; the objects are not. */
export const loseCatalog = async ({ ports: { catalog } }: CompactRoad): Promise<void> => {
  const hours = (await catalog.query('hours')).map(({ sk }) => `hot/${sk}`);
  for (const pk of ['hours', ...hours, 'partition/raw', 'partition/1m', 'partition/1h', 'sql-list/raw', 'sql-list/1m', 'sql-list/1h', 'garbage', 'watermark', 'expired']) {
    for (const { sk } of await catalog.query(pk)) await catalog.transact([{ remove: { pk, sk } }]);
  }
};
