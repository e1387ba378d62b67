import { type Lake, keysOfVersion, sqlListOf, TIERS } from './lake.ts';
import { Violation } from './truth.ts';

/** Why there is something left to do for the compactor; undefined at rest. */
export const workLeft = ({ items }: Lake): string | undefined => {
  const garbage = items.query('garbage');
  if (garbage.length > 0) return `${garbage.length} notes of garbage: ${garbage.map(({ sk }) => sk).join(' ')}`;
  const rows = items.partitionKeys().filter((pk) => pk.startsWith('hot/'));
  return rows.length > 0 ? `hot rows under ${rows.join(' ')}` : undefined;
};

/** What must hold once the compactor has nothing left to do. `excused` are objects that nobody could have cleared up. @throws Violation */
export const checkRest = (lake: Lake, excused: ReadonlySet<string>): void => {
  const versions = TIERS.flatMap((tier) => lake.currentOf(tier));
  const named = new Set(versions.flatMap((version) => [...keysOfVersion(version)]));
  for (const key of lake.objects.byKey.keys()) {
    // A hot object without a row is what a try of the store left behind that was cut otherwise the next time.
    const isNever = key.startsWith('hot/') && !lake.rowSince.has(key);
    if (/^(?:hot|raw|1m|1h)\//.test(key) && !named.has(key) && !isNever && !excused.has(key)) throw new Violation('garbage is collected', `nothing names ${key}`);
  }
  for (const key of named) if (!lake.objects.byKey.has(key)) throw new Violation('what is named is there', `${key} is not`);
  for (const { tier, dt, manifest } of versions) {
    if (excused.has(sqlListOf(tier, dt))) continue;
    const files = manifest.files.map(({ key }) => key);
    if (lake.listed(tier, dt).join(' ') !== files.join(' ')) throw new Violation('lists say what the catalog says', `${tier} ${dt}: found ${lake.listed(tier, dt).join(' ')}, not ${files.join(' ')}`);
  }
  for (const key of lake.objects.byKey.keys()) {
    const place = /^sql\/([^/]+)\/dt=([^/]+)\//.exec(key);
    const tier = TIERS.find((each) => each === place?.[1]);
    if (tier === undefined || excused.has(key) || lake.current(tier, String(place?.[2])) !== undefined) continue;
    if (lake.listed(tier, String(place?.[2])).length > 0) throw new Violation('lists say what the catalog says', `${key} is no partition's, and names files`);
  }
  for (const { dt, manifest } of lake.currentOf('raw')) {
    const minute = lake.current('1m', dt);
    if (minute?.builtFrom[dt] !== manifest.version) throw new Violation('tiers equal raw', `1m ${dt} was made from version ${minute?.builtFrom[dt]} of raw, there is ${manifest.version}`);
  }
  for (const { dt, builtFrom } of lake.currentOf('1h')) {
    for (const hour of lake.currentOf('1m')) {
      if (hour.dt.startsWith(dt) && builtFrom[hour.dt] !== hour.manifest.version) {
        throw new Violation('tiers equal raw', `1h ${dt} was made from version ${builtFrom[hour.dt]} of 1m ${hour.dt}, there is ${hour.manifest.version}`);
      }
    }
  }
};
