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

/**
 * The other manifests whose samples neither the chosen one nor the hot objects hold: the compactor had begun the partition anew
 * before the catalog was rebuilt. Their files then stand in as hot files, whose format they have.
 */
export const uncovered = (chosen: Manifest, complete: readonly Manifest[], hotObjects: ReadonlySet<string>): readonly Manifest[] => {
  const covered = new Set([...chosen.hotKeys, ...hotObjects]);
  const found: Manifest[] = [];
  const others = complete.filter((manifest) => manifestKeyOf(manifest) !== manifestKeyOf(chosen)).sort((a, b) => b.version - a.version || (manifestKeyOf(a) < manifestKeyOf(b) ? -1 : 1));
  for (const other of others) {
    const isMerged = other.files.every(({ key }) => covered.has(key));
    if (isMerged || other.hotKeys.every((key) => covered.has(key))) continue;
    found.push(other);
    for (const key of other.hotKeys) covered.add(key);
  }
  return found;
};
