/**
 * How alike two engines can be about the values of an expression.
 * 0: small multiples of 1/8, whose sums are exact in any order. 1: the same bits, by the same operations in the same order.
 * 2: the last bits differ, so nothing that tells them apart (a comparison, floor, a difference) may stand on it.
 */
export type Likeness = 0 | 1 | 2;

/** A generated expression: its text in parts, some of which are expressions themselves. */
export interface QueryNode {
  readonly type: 'scalar' | 'vector' | 'matrix';
  readonly parts: readonly (string | QueryNode)[];
  readonly likeness: Likeness;
  /** The labels that tell its series apart, sorted. Empty for anything but a vector. */
  readonly keys: readonly string[];
  /** Whether a counter's rate may stand on it: no gap in it is followed by a value near to zero. */
  readonly isSteady: boolean;
}

export const textOf = ({ parts }: QueryNode): string => parts.map((part) => (typeof part === 'string' ? part : textOf(part))).join('');

const descendants = ({ parts }: QueryNode): readonly QueryNode[] => parts.flatMap((part) => (typeof part === 'string' ? [] : [part, ...descendants(part)]));

/** Whether `candidate` may stand where `node` does without breaking a rule of the grammar. */
const fits = (candidate: QueryNode, node: QueryNode): boolean =>
  candidate.type === node.type && candidate.likeness <= node.likeness && (candidate.isSteady || !node.isSteady) && textOf(candidate).length < textOf(node).length;

/** Every expression with one part less: a node replaced by one below it, shortest first. */
export const smaller = (node: QueryNode): readonly QueryNode[] => {
  const here = descendants(node).filter((candidate) => fits(candidate, node));
  const below = node.parts.flatMap((part, i) =>
    typeof part === 'string' ? [] : smaller(part).map((less): QueryNode => ({ ...node, parts: node.parts.with(i, less) })),
  );
  return [...here, ...below].toSorted((a, b) => textOf(a).length - textOf(b).length);
};
