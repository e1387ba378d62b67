import { CorruptFileError } from '../parquet/errors.ts';

/**
 * Distinct label sets without the metric, taken apart: set s has the pairs `pairs[offsets[s]]` to `pairs[offsets[s + 1]]`
 * (exclusive), places of `names` and `values`. One list of pairs for all: each sender may have label names of its own.
 */
export interface LabelSets {
  /** Canonical labels JSON of each set. */
  readonly jsons: readonly string[];
  readonly offsets: Uint32Array;
  readonly pairs: Int32Array;
  /** By pair its label name as a place of `names`, and its value. */
  readonly names: readonly string[];
  readonly nameOf: Int32Array;
  readonly values: readonly string[];
  /** In memory, about. */
  readonly heapBytes: number;
}

/** Takes each label set apart once. */
export class LabelSetsBuilder {
  private readonly places = new Map<string, number>();
  private readonly offsets: number[] = [0];
  private readonly pairs: number[] = [];
  private readonly nameIds = new Map<string, { readonly id: number; readonly pairOfValue: Map<string, number> }>();
  private readonly nameOf: number[] = [];
  private readonly values: string[] = [];
  private textUnits = 0;

  /** The place of a label set among the distinct ones. @throws CorruptFileError for text that is no label set. */
  placeOf(json: string): number {
    const known = this.places.get(json);
    if (known !== undefined) return known;
    const place = this.places.size;
    this.places.set(json, place);
    this.textUnits += json.length;
    for (const [name, value] of parsePairs(json)) this.pairs.push(this.pairOf(name, value));
    this.offsets.push(this.pairs.length);
    return place;
  }

  build(): LabelSets {
    const { places, nameIds, values } = this;
    const heapBytes = this.textUnits + places.size * 28 + this.pairs.length * 4 + nameIds.size * 40 + values.length * 32;
    return {
      jsons: [...places.keys()],
      offsets: Uint32Array.from(this.offsets),
      pairs: Int32Array.from(this.pairs),
      names: [...nameIds.keys()],
      nameOf: Int32Array.from(this.nameOf),
      values,
      heapBytes,
    };
  }

  private pairOf(name: string, value: string): number {
    let known = this.nameIds.get(name);
    if (known === undefined) {
      known = { id: this.nameIds.size, pairOfValue: new Map() };
      this.nameIds.set(name, known);
    }
    let pair = known.pairOfValue.get(value);
    if (pair === undefined) {
      pair = this.values.length;
      known.pairOfValue.set(value, pair);
      this.nameOf.push(known.id);
      this.values.push(value);
      this.textUnits += value.length;
    }
    return pair;
  }
}

/** Object properties in any order: canonical JSON has no name twice, and `__proto__` is an own property of what is parsed. */
const parsePairs = (json: string): readonly (readonly [string, string])[] => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (cause) {
    throw new CorruptFileError(`found labels ${json.slice(0, 100)}, canonical JSON is allowed`, { cause });
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
    const pairs = Object.entries(parsed) as [string, unknown][];
    if (pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string')) return pairs;
  }
  throw new CorruptFileError(`found labels ${json.slice(0, 100)}, an object of texts is allowed`);
};
