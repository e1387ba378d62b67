import type { ItemWrite } from '../../shared/catalog/item-table.ts';
import type { Manifest, Tier } from '../../shared/catalog/partitions.ts';
import type { SimItems } from './sim-items.ts';
import type { SimObjects } from './sim-objects.ts';

/** A version of a partition that the catalog named at some time. */
export interface Version {
  readonly tier: Tier;
  readonly dt: string;
  readonly manifest: Manifest;
  readonly manifestKey: string;
  readonly builtFrom: Readonly<Record<string, number>>;
  /** Events of the scheduler at its commit. */
  readonly sinceEvents: number;
}

/** What the catalog said from when on: undefined once the partition had left it. */
interface Step {
  readonly events: number;
  readonly version: Version | undefined;
}

export const TIERS = ['raw', '1m', '1h'] as const;
const LAKE = /^(?:hot|raw|1m|1h)\//;

export const addressOf = (key: string): string => `s3://lake/${key}`;
export const sqlListOf = (tier: Tier, dt: string): string => `sql/${tier}/dt=${dt}/symlink.txt`;

/** `raw/dt=2026-03-01-10/…` => raw and the hour; a hot object belongs to the raw partition. */
export const placeOfKey = (key: string): { readonly tier: Tier; readonly dt: string } => {
  const [tier, folder] = key.split('/') as [string, string];
  return { tier: tier === 'hot' ? 'raw' : (tier as Tier), dt: folder.slice('dt='.length) };
};

/** What was written to objects and catalog, from outside: nothing that was ever there is forgotten. */
export class Lake {
  readonly objects: SimObjects;
  readonly items: SimItems;
  /** The bytes of every object of a tier that there ever was. */
  readonly written = new Map<string, Uint8Array>();
  /** By key of the hot object: the events of the scheduler when it was first named. */
  readonly rowSince = new Map<string, number>();
  private readonly history = new Map<string, Step[]>();
  private readonly manifests = new Map<string, Manifest>();
  private readonly nowEvents: () => number;

  constructor(objects: SimObjects, items: SimItems, nowEvents: () => number) {
    this.objects = objects;
    this.items = items;
    this.nowEvents = nowEvents;
    objects.watchers.push({ put: (key, bytes) => void (LAKE.test(key) && this.written.set(key, bytes)) });
    items.watchers.push((writes) => writes.forEach((write) => this.itemWritten(write)));
  }

  current(tier: Tier, dt: string): Version | undefined {
    return this.history.get(`${tier}/${dt}`)?.at(-1)?.version;
  }

  /** As the catalog said after so many events. */
  currentAt(tier: Tier, dt: string, events: number): Version | undefined {
    return this.history.get(`${tier}/${dt}`)?.findLast((step) => step.events <= events)?.version;
  }

  versions(tier: Tier, dt: string): readonly Version[] {
    return (this.history.get(`${tier}/${dt}`) ?? []).flatMap(({ version }) => version ?? []);
  }

  currentOf(tier: Tier): readonly Version[] {
    return [...this.history.values()].flatMap((steps) => steps.at(-1)?.version ?? []).filter((version) => version.tier === tier);
  }

  manifest(key: string): Manifest {
    let manifest = this.manifests.get(key);
    if (manifest === undefined) this.manifests.set(key, (manifest = JSON.parse(Buffer.from(this.bytes(key)).toString()) as Manifest));
    return manifest;
  }

  /** Of an object that is there, or was. */
  bytes(key: string): Uint8Array {
    const bytes = this.written.get(key);
    if (bytes === undefined) throw new Error(`${key} was never written`);
    return bytes;
  }

  /** The keys in a list of SQL's as it stands. */
  listed(tier: Tier, dt: string): readonly string[] {
    const bytes = this.objects.byKey.get(sqlListOf(tier, dt));
    return bytes === undefined ? [] : keysOfList(bytes);
  }

  /** The hot objects of an hour that the catalog names and that no current file holds. */
  unmerged(hour: string): readonly string[] {
    const merged = new Set(this.current('raw', hour)?.manifest.hotKeys);
    return this.items.query(`hot/${hour}`).flatMap(({ sk }) => (merged.has(sk) ? [] : [sk]));
  }

  private itemWritten(write: ItemWrite): void {
    const events = this.nowEvents();
    if ('put' in write) {
      const { pk, sk, attributes } = write.put;
      if (pk.startsWith('hot/') && !this.rowSince.has(sk)) this.rowSince.set(sk, events);
      const tier = tierOf(pk);
      if (tier === undefined) return;
      const manifestKey = String(attributes['manifestKey']);
      const builtFrom = JSON.parse(String(attributes['builtFrom'] ?? '{}')) as Record<string, number>;
      if (this.written.has(manifestKey)) this.step(tier, sk, { tier, dt: sk, manifest: this.manifest(manifestKey), manifestKey, builtFrom, sinceEvents: events });
    } else if ('remove' in write) {
      const tier = tierOf(write.remove.pk);
      if (tier !== undefined) this.step(tier, write.remove.sk, undefined);
    }
  }

  private step(tier: Tier, dt: string, version: Version | undefined): void {
    const place = `${tier}/${dt}`;
    const steps = this.history.get(place) ?? [];
    this.history.set(place, [...steps, { events: this.nowEvents(), version }]);
  }
}

/** The tier whose catalog entries stand under this name. */
export const tierOf = (pk: string): Tier | undefined => (pk.startsWith('partition/') ? (pk.slice('partition/'.length) as Tier) : undefined);

export const keysOfList = (bytes: Uint8Array): readonly string[] =>
  Buffer.from(bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(addressOf('').length));

/** Every object that belongs to a version: all that its manifest names, but for what came before it. */
export const keysOfVersion = ({ manifest, manifestKey }: Version): ReadonlySet<string> => {
  const keys = new Set([manifestKey]);
  const visit = (value: unknown): void => {
    if (typeof value === 'string' && LAKE.test(value)) keys.add(value);
    else if (typeof value === 'object' && value !== null) Object.values(value).forEach(visit);
  };
  visit({ ...manifest, hotKeys: [], predecessor: '' });
  return keys;
};
