/**
 * The samples of a column of times that are histograms, by their places in it. The value at such a place is the stale marker, so
 * that whoever reads numbers alone finds none there.
 */
export interface HistogramColumn {
  /** Ascending, each once. */
  readonly places: Uint32Array;
  /** Beside each place the one form in bytes, `histograms/histogram-bytes.ts`. */
  readonly bytes: readonly Uint8Array[];
}

/** The number of histograms before `place`. */
export const histogramsBefore = ({ places }: HistogramColumn, place: number): number => {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] as number) < place) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** The histogram at a place, if there is one. */
export const histogramAt = (column: HistogramColumn | undefined, place: number): Uint8Array | undefined => {
  if (column === undefined) return undefined;
  const i = histogramsBefore(column, place);
  return column.places[i] === place ? column.bytes[i] : undefined;
};

/** Those from `from` to `to` (exclusive), which becomes `at` and behind it; undefined where there are none. */
export const cutHistograms = (column: HistogramColumn | undefined, from: number, to: number, at = 0): HistogramColumn | undefined => {
  if (column === undefined) return undefined;
  const list = new HistogramList();
  list.addRange(column, from, to, at);
  return list.build();
};

/** What one takes besides its bytes: the head of a typed array, and its place. */
const HISTOGRAM_BYTES = 120;

/** The memory of a column. */
export const bytesOfHistograms = (column: HistogramColumn | undefined): number => {
  let bytes = 0;
  for (const one of column?.bytes ?? []) bytes += HISTOGRAM_BYTES + one.length;
  return bytes;
};

/** Grows a {@link HistogramColumn} in the order of its places. */
export class HistogramList {
  private readonly places: number[] = [];
  private readonly bytes: Uint8Array[] = [];
  /** The memory they take. */
  heldBytes = 0;

  get count(): number {
    return this.places.length;
  }

  /** `place` is behind all others. */
  add(place: number, bytes: Uint8Array): void {
    this.places.push(place);
    this.bytes.push(bytes);
    this.heldBytes += HISTOGRAM_BYTES + bytes.length;
  }

  /** Those of the samples `from` to `to` (exclusive), which are copied to `at` and behind it. */
  addRange(column: HistogramColumn | undefined, from: number, to: number, at: number): void {
    if (column === undefined) return;
    const { places, bytes } = column;
    for (let i = histogramsBefore(column, from); i < places.length && (places[i] as number) < to; i++) {
      this.add((places[i] as number) - from + at, bytes[i] as Uint8Array);
    }
  }

  /** Takes off those from `place` on. */
  takeFrom(place: number): ReadonlyMap<number, Uint8Array> {
    let first = this.places.length;
    while (first > 0 && (this.places[first - 1] as number) >= place) first--;
    const taken = new Map<number, Uint8Array>();
    for (let i = first; i < this.places.length; i++) {
      const bytes = this.bytes[i] as Uint8Array;
      taken.set(this.places[i] as number, bytes);
      this.heldBytes -= HISTOGRAM_BYTES + bytes.length;
    }
    this.places.length = first;
    this.bytes.length = first;
    return taken;
  }

  /** A copy of those from `place` on; undefined where there are none. */
  from(place: number): HistogramColumn | undefined {
    const { length } = this.places;
    if (length === 0 || (this.places[length - 1] as number) < place) return undefined;
    const first = this.places.findLastIndex((each) => each < place) + 1;
    return { places: Uint32Array.from(this.places.slice(first)), bytes: this.bytes.slice(first) };
  }

  /** A copy of what there is; undefined where that is nothing. */
  build(): HistogramColumn | undefined {
    return this.places.length === 0 ? undefined : { places: Uint32Array.from(this.places), bytes: [...this.bytes] };
  }

  clear(): void {
    this.heldBytes = 0;
    this.places.length = 0;
    this.bytes.length = 0;
  }
}
