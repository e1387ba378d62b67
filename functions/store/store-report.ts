/** Samples that were not stored, by sender and reason. */
export interface RejectedSamples {
  readonly sender: string;
  readonly reason: string;
  /** 0 where the record could not be decoded. */
  readonly samples: number;
  readonly records: number;
}

/** How far a sender's newest sample lay behind its record's arrival; negative for a clock that runs ahead. */
export interface SenderLateness {
  readonly sender: string;
  readonly latenessMs: number;
}

/** What became of one delivery, for the product's own metrics. */
export interface StoreReport {
  readonly records: number;
  /** Records that stood in the delivery twice. */
  readonly duplicates: number;
  readonly heartbeats: number;
  readonly quarantined: number;
  /** Samples in the frames, and rows in the hot objects they became. */
  readonly samples: number;
  readonly rows: number;
  readonly objects: number;
  readonly bytes: number;
  readonly rejected: readonly RejectedSamples[];
  /** Per sender the greatest of the delivery. */
  readonly lateness: readonly SenderLateness[];
}

/** Sums up while a delivery is stored. */
export class StoreTally {
  records = 0;
  duplicates = 0;
  heartbeats = 0;
  quarantined = 0;
  samples = 0;
  rows = 0;
  objects = 0;
  bytes = 0;
  private readonly rejected = new Map<string, { sender: string; reason: string; samples: number; records: number }>();
  private readonly lateness = new Map<string, number>();

  reject(sender: string, reason: string, samples: number): void {
    const key = JSON.stringify([sender, reason]);
    const known = this.rejected.get(key);
    if (known === undefined) {
      this.rejected.set(key, { sender, reason, samples, records: 1 });
    } else {
      known.samples += samples;
      known.records++;
    }
  }

  late(sender: string, latenessMs: number): void {
    this.lateness.set(sender, Math.max(this.lateness.get(sender) ?? Number.NEGATIVE_INFINITY, latenessMs));
  }

  report(): StoreReport {
    const { records, duplicates, heartbeats, quarantined, samples, rows, objects, bytes } = this;
    const lateness = [...this.lateness].map(([sender, latenessMs]) => ({ sender, latenessMs }));
    return { records, duplicates, heartbeats, quarantined, samples, rows, objects, bytes, rejected: [...this.rejected.values()], lateness };
  }
}
