import type { SenderSeen } from '../../shared/catalog/senders.ts';
import type { FrameHeader } from '../../shared/wire/frame.ts';

/** Samples that were not stored, by sender and reason. */
export interface RejectedSamples {
  readonly sender: string;
  readonly reason: string;
  /** 0 where the record could not be decoded. */
  readonly samples: number;
  readonly records: number;
}

/**
 * How far a sender's oldest sample of a record lay behind the record's arrival: rules count every sample only where this is below the
 * lateness that they allow. Negative for a clock that runs ahead.
 */
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
  /** Why the catalog's list of senders was not brought up to date, which nothing waits for. */
  readonly sendersProblem?: string;
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
  sendersProblem: string | undefined;
  private readonly rejected = new Map<string, { sender: string; reason: string; samples: number; records: number }>();
  private readonly bySender = new Map<string, SenderSeen>();

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

  heartbeat(header: FrameHeader, arrivalMs: number): void {
    this.heartbeats++;
    this.seen(header, arrivalMs, 0, undefined);
  }

  seen({ sender, flushIntervalMs }: FrameHeader, arrivalMs: number, samples: number, latenessMs: number | undefined): void {
    const known = this.bySender.get(sender);
    this.bySender.set(sender, {
      sender,
      arrivalMs: Math.max(known?.arrivalMs ?? arrivalMs, arrivalMs),
      flushIntervalMs,
      samples: (known?.samples ?? 0) + samples,
      latenessMs: latenessMs === undefined ? known?.latenessMs : Math.max(known?.latenessMs ?? Number.NEGATIVE_INFINITY, latenessMs),
    });
  }

  senders(): readonly SenderSeen[] {
    return [...this.bySender.values()];
  }

  report(): StoreReport {
    const { records, duplicates, heartbeats, quarantined, samples, rows, objects, bytes, sendersProblem } = this;
    const lateness = this.senders().flatMap(({ sender, latenessMs }) => (latenessMs === undefined ? [] : [{ sender, latenessMs }]));
    const counts = { records, duplicates, heartbeats, quarantined, samples, rows, objects, bytes };
    return { ...counts, rejected: [...this.rejected.values()], lateness, ...(sendersProblem === undefined ? {} : { sendersProblem }) };
  }
}
