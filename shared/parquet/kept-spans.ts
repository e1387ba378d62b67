import type { RowGroup, Span } from './metadata.ts';

/** Bytes that may be kept, and those that are, of all files of one read. */
export interface KeptBytes {
  readonly maxBytes: number;
  heldBytes: number;
}

/**
 * Of one file that is read some rows after others: the bytes of pages that the rows to come lie in too, so that each is read once.
 * Beyond the bound pages are read again.
 */
export class KeptSpans {
  private readonly all: KeptBytes;
  private readonly groups = new Map<RowGroup, ReadonlyMap<number, Uint8Array>>();

  constructor(all: KeptBytes) {
    this.all = all;
  }

  /** What is kept of a span; undefined where it has to be read. */
  bytesAt(rowGroup: RowGroup, { offset, length }: Span): Uint8Array | undefined {
    const kept = this.groups.get(rowGroup)?.get(offset);
    return kept?.length === length ? kept : undefined;
  }

  /** Keeps these spans of a row group and nothing else of it. */
  keep(rowGroup: RowGroup, spans: readonly Span[], bytesAt: (span: Span) => Uint8Array): void {
    const { all } = this;
    const before = this.groups.get(rowGroup);
    const kept = new Map<number, Uint8Array>();
    for (const span of spans) {
      const held = before?.get(span.offset);
      if (held === undefined && all.heldBytes + span.length > all.maxBytes) continue;
      // A copy: of what was read with it nothing else stays.
      kept.set(span.offset, held ?? bytesAt(span).slice());
      if (held === undefined) all.heldBytes += span.length;
    }
    for (const [offset, { length }] of before ?? []) if (!kept.has(offset)) all.heldBytes -= length;
    if (kept.size === 0) this.groups.delete(rowGroup);
    else this.groups.set(rowGroup, kept);
  }
}
