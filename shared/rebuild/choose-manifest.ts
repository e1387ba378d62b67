import { type Manifest, manifestKeyOf } from '../catalog/partitions.ts';

/**
 * The manifest that stands for a partition whose entry is lost. Of those whose files are all there: the highest version; of several
 * attempts at one version the one that a later version names as its predecessor, then the one with more merged hot files, then the
 * first by key. Whether an attempt was committed cannot be told for the newest version, and need not be: each is the right merge of
 * the hot files that it lists, and those that it does not list become hot rows again, which identity merges. Only a deletion that was
 * the last to commit may be undone by the remains of a run that lost against it: it is to be run again. `isPreferred` comes before
 * all else: a rollup of the raw samples that stand.
 */
export const chooseManifest = (complete: readonly Manifest[], all: readonly Manifest[], isPreferred: (manifest: Manifest) => boolean = () => false): Manifest | undefined => {
  const predecessors = new Set(all.map(({ predecessor }) => predecessor));
  const ranksOf = (manifest: Manifest): readonly number[] => [
    Number(isPreferred(manifest)),
    manifest.version,
    Number(predecessors.has(manifestKeyOf(manifest))),
    manifest.hotKeys.length,
  ];
  return [...complete].sort((a, b) => {
    const [ofA, ofB] = [ranksOf(a), ranksOf(b)];
    const at = ofA.findIndex((rank, i) => rank !== ofB[i]);
    return at === -1 ? (manifestKeyOf(a) < manifestKeyOf(b) ? -1 : 1) : (ofB[at] as number) - (ofA[at] as number);
  })[0];
};

/** What holds samples beside a chosen manifest. */
export interface Uncovered {
  /** Their files stand in as hot files, whose format they have. */
  readonly manifests: readonly Manifest[];
  /** Hot objects whose samples these or the chosen one hold, but for those that were deleted: no hot files any more. */
  readonly merged: ReadonlySet<string>;
}

/**
 * The other manifests with samples that neither the chosen one nor the hot objects hold. Of versions that have nothing in common with
 * the chosen one, since the compactor had begun the partition anew before the catalog was rebuilt, the last counts and not the hot
 * objects that it has merged: it may have been made to delete from them. Of others, runs that lost, the hot objects tell better.
 */
export const uncovered = (chosen: Manifest, complete: readonly Manifest[], hotObjects: ReadonlySet<string>): Uncovered => {
  const merged = new Set(chosen.hotKeys);
  const manifests: Manifest[] = [];
  const others = complete.filter((manifest) => manifestKeyOf(manifest) !== manifestKeyOf(chosen)).sort((a, b) => b.version - a.version || (manifestKeyOf(a) < manifestKeyOf(b) ? -1 : 1));
  for (const other of others) {
    const isStrange = !other.hotKeys.some((key) => merged.has(key));
    if (!isStrange && other.hotKeys.every((key) => merged.has(key) || hotObjects.has(key))) continue;
    // Its files were merged as hot files, after an earlier rebuild; or it has none, since all was deleted.
    const isMerged = other.files.every(({ key }) => merged.has(key));
    if (isMerged && !isStrange) continue;
    if (!isMerged) manifests.push(other);
    for (const key of other.hotKeys) merged.add(key);
  }
  return { manifests, merged };
};
