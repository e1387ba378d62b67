/** A fault that is planted into a copy of the product to see that the simulation finds it. */
export interface Mutant {
  readonly name: string;
  /** From the top of the repository. */
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** Only seeds with a compactor, or with rules, can find it: the others are passed over. */
  readonly only?: 'compaction' | 'alerts';
}
