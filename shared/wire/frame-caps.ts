/** What a decoder spends at most on one frame, whatever the frame announces. */
export interface FrameCaps {
  /** The body after decompression. A record is at most 1 MiB, and ours compress 2 to 5 times. */
  readonly bodyBytes: number;
  readonly series: number;
  readonly samples: number;
  /** Each is an object in memory beside its bytes. */
  readonly histograms: number;
  readonly strings: number;
  /** One string of the string table. */
  readonly stringBytes: number;
  /** All label sets of a frame as canonical JSON, in UTF-16 units: a few bytes of references may stand for long strings. */
  readonly labelUnits: number;
}

/** Memory of the worst frame these let through: about 32 MB body, 16 MB samples, 16 MB heads of histograms, 32 MB labels. */
export const DEFAULT_FRAME_CAPS: FrameCaps = {
  bodyBytes: 32 * 1024 * 1024,
  series: 500_000,
  samples: 1_000_000,
  histograms: 131_072,
  strings: 1_000_000,
  stringBytes: 65_536,
  labelUnits: 16 * 1024 * 1024,
};
