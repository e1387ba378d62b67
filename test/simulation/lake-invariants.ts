import type { ItemWrite } from '../../shared/catalog/item-table.ts';
import type { Tier } from '../../shared/catalog/partitions.ts';
import type { CompactorRun } from './compactor.ts';
import { addressOf, keysOfVersion, type Lake, placeOfKey, sqlListOf, tierOf, type Version } from './lake.ts';
import { checkHours, checkMinutes, checkRaw } from './lake-content.ts';
import type { SimProcess } from './process.ts';
import { STATEMENT_MS, type Statement } from './sql-reader.ts';
import { type Truth, Violation } from './truth.ts';

const HOUR_MS = 3_600_000;
/** Design 5. */
const RETENTION_MS: Readonly<Record<Tier, number>> = { raw: 168 * HOUR_MS, '1m': 720 * HOUR_MS, '1h': 8760 * HOUR_MS };
/** A call that was under way when its process ended may have its effect this much later. */
const LATE_EFFECT_MS = 60_000;

export interface LakeInvariantsParts {
  readonly lake: Lake;
  readonly truth: Truth;
  readonly nowMs: () => number;
  readonly runs: readonly CompactorRun[];
  readonly statements: ReadonlySet<Statement>;
  /** Whether runs stand still for longer than the grace: it is counted from their start. */
  readonly stalls: boolean;
  /** Whether lists wait for the boundary of a view. */
  readonly view: boolean;
}

/** Holds every effect on objects and catalog against what a reader could then see. */
export class LakeInvariants {
  private readonly parts: LakeInvariantsParts;
  private undisturbed: CompactorRun | undefined;

  constructor(parts: LakeInvariantsParts) {
    this.parts = parts;
    const { objects, items } = parts.lake;
    objects.watchers.push({ put: (key, _bytes, process) => this.objectPut(key, process), removed: (key) => this.objectRemoved(key) });
    items.watchers.push((writes) => this.transacted(writes));
  }

  /** A run that nothing disturbed leaves lists that tell of all that was stored before it began. */
  succeeded(run: CompactorRun): void {
    const { lake, runs } = this.parts;
    const isDisturbed = runs.some((other) => other !== run && other.process.alive && (other.endedMs ?? Infinity) + LATE_EFFECT_MS > run.startedMs);
    const diedLately = runs.some((other) => !other.process.alive && other.startedMs + other.stalledMs + STATEMENT_MS > run.startedMs);
    const before = this.undisturbed;
    this.undisturbed = isDisturbed || diedLately ? undefined : run;
    // Where a view has to be moved first, a run does that, and the next one the list.
    const from = this.parts.view ? before : run;
    if (this.undisturbed === undefined || from === undefined) return;
    for (const [key, events] of lake.rowSince) {
      if (events > from.startedEvents) continue;
      const { tier, dt } = placeOfKey(key);
      const isTold = lake.listed(tier, dt).includes(key) || lake.versions(tier, dt).some(({ manifest }) => manifest.hotKeys.includes(key));
      if (!isTold) this.violate('SQL sees what is stored within a minute', `${key} is in no list after ${run.process.name}`);
    }
  }

  private violate(invariant: string, message: string): void {
    this.parts.truth.violate(new Violation(invariant, message));
  }

  private transacted(writes: readonly ItemWrite[]): void {
    const committed = writes.flatMap((write): readonly Version[] => ('put' in write ? this.committed(write.put.pk, write.put.sk, String(write.put.attributes['manifestKey'])) : []));
    for (const write of writes) if ('remove' in write) this.entryRemoved(write.remove.pk, write.remove.sk);
    if (committed.length > 0) this.checkCommit(committed);
  }

  private committed(pk: string, dt: string, manifestKey: string): readonly Version[] {
    const tier = tierOf(pk);
    if (tier === undefined) return [];
    const version = this.parts.lake.current(tier, dt);
    if (version?.manifestKey === manifestKey && this.parts.lake.objects.byKey.has(manifestKey)) return [version];
    this.violate('a commit names what is there', `${tier} ${dt} names ${manifestKey}, which is not there`);
    return [];
  }

  private checkCommit(committed: readonly Version[]): void {
    const { lake, nowMs } = this.parts;
    for (const version of committed) {
      const { tier, dt, manifest } = version;
      for (const key of keysOfVersion(version)) if (!lake.objects.byKey.has(key)) this.violate('a commit names what is there', `${tier} ${dt} names ${key}, which is not there`);
      const before = lake.versions(tier, dt).at(-2);
      if (before !== undefined && before.manifest.version + 1 !== manifest.version) this.violate('versions follow each other', `${tier} ${dt} went from ${before.manifest.version} to ${manifest.version}`);
      const lost = before?.manifest.hotKeys.find((key) => !manifest.hotKeys.includes(key));
      if (lost !== undefined) this.violate('a merge is a function of a set', `version ${manifest.version} of ${tier} ${dt} has forgotten that ${lost} is merged`);
    }
    const [raw, minute, hour] = (['raw', '1m', '1h'] as const).map((tier) => committed.find((version) => version.tier === tier));
    const isRawWhole = raw !== undefined && nowMs() < endMsOf(raw) + RETENTION_MS.raw;
    if ((isRawWhole && minute === undefined) || (minute !== undefined && raw === undefined)) {
      this.violate('raw and 1m commit together', `${committed.map(({ manifestKey }) => manifestKey).join(', ')} alone`);
    }
    const run = async (): Promise<void> => {
      if (raw !== undefined) await checkRaw(lake, raw);
      if (raw !== undefined && minute !== undefined) await checkMinutes(lake, raw, minute);
      if (hour !== undefined) await checkHours(lake, hour);
    };
    // Only waits for what is there: done before anyone else goes on.
    run().catch((error: unknown) => this.parts.truth.violate(error instanceof Violation ? error : new Violation('committed files can be read', String((error as Error).stack))));
  }

  private entryRemoved(pk: string, dt: string): void {
    const tier = tierOf(pk);
    if (tier === undefined) return;
    const earlyMs = endMsOf({ tier, dt }) + RETENTION_MS[tier] - this.parts.nowMs();
    if (earlyMs > 0) this.violate('a tier answers for its retention', `${tier} ${dt} left the catalog ${earlyMs} ms too early`);
    const row = tier === 'raw' ? this.parts.lake.unmerged(dt)[0] : undefined;
    if (row !== undefined) this.violate('a tier answers for its retention', `raw ${dt} left the catalog before ${row} was merged`);
  }

  private objectPut(key: string, process: SimProcess | undefined): void {
    const list = /^sql\/([^/]+)\/dt=([^/]+)\/symlink\.txt$/.exec(key);
    const run = this.parts.runs.find((each) => each.process === process);
    // What a process writes that stood still is old: the next run puts it right, which is looked at in the end.
    if (list === null || run === undefined || run.stalledMs > 0) return;
    this.listPut(list[1] as Tier, list[2] as string, run);
  }

  /** A list is one version and the hot files that it does not hold, no older than the run that made it. */
  private listPut(tier: Tier, dt: string, run: CompactorRun): void {
    const { lake } = this.parts;
    const listed = lake.listed(tier, dt);
    const what = `the list of ${tier} ${dt}`;
    const gone = listed.find((key) => !lake.objects.byKey.has(key));
    if (gone !== undefined) this.violate('a list names what is there', `${what} names ${gone}`);
    const files = listed.filter((key) => !key.startsWith('hot/'));
    const first = lake.currentAt(tier, dt, run.startedEvents);
    const candidates = lake.versions(tier, dt).filter(({ manifest }) => manifest.version >= (first?.manifest.version ?? 0));
    const version = candidates.findLast(({ manifest }) => isSame(manifest.files.map(({ key }) => key), files));
    const mayBeNone = files.length === 0 && (first === undefined || lake.current(tier, dt) === undefined);
    if (version === undefined && !mayBeNone) this.violate('a list is one version', `${what} has ${files.join(' ')}`);
    const merged = new Set(version?.manifest.hotKeys);
    const twice = listed.find((key) => merged.has(key));
    if (twice !== undefined) this.violate('a list is one version', `${what} names ${twice}, and the files it was merged into`);
    if (tier !== 'raw' || this.parts.view || lake.current(tier, dt) === undefined) return;
    for (const [key, events] of lake.rowSince) {
      if (placeOfKey(key).dt === dt && events <= run.startedEvents && !merged.has(key) && !listed.includes(key)) {
        this.violate('a list is one version', `${what} leaves out ${key}, which was stored before the run began`);
      }
    }
  }

  private objectRemoved(key: string): void {
    const { lake, statements, nowMs, stalls } = this.parts;
    const place = /^sql\/([^/]+)\/dt=([^/]+)\//.exec(key);
    if (place !== null) {
      if (lake.current(place[1] as Tier, place[2] as string) !== undefined) this.violate('nothing that is named is removed', `${key} is the list of a partition that is there`);
      return;
    }
    if (!/^(?:hot|raw|1m|1h)\//.test(key)) return;
    const { tier, dt } = placeOfKey(key);
    const current = lake.current(tier, dt);
    const named = (by: string): void => this.violate('nothing that is named is removed', `${key} is named by ${by}`);
    if (current !== undefined && keysOfVersion(current).has(key)) named(`version ${current.manifest.version}`);
    if (tier === 'raw' && lake.unmerged(dt).includes(key)) named('a hot row');
    if (lake.listed(tier, dt).includes(key)) named(sqlListOf(tier, dt));
    for (const statement of stalls ? [] : statements) {
      if (statement.process.alive && statement.keys.has(key) && nowMs() < statement.startedMs + STATEMENT_MS) named(`a statement that began at ${statement.startedMs} (${addressOf(key)})`);
    }
  }
}

/** Exclusive. */
const endMsOf = ({ tier, dt }: { readonly tier: Tier; readonly dt: string }): number =>
  tier === '1h' ? Date.parse(`${dt}T00:00:00Z`) + 24 * HOUR_MS : Date.parse(`${dt.slice(0, 10)}T${dt.slice(11)}:00:00Z`) + HOUR_MS;

const isSame = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && new Set([...a, ...b]).size === a.length;
