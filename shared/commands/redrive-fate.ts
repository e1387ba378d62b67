import { applyLimits, ARRIVAL_MARGIN_MS, type SampleLimits } from '../protocols/limits.ts';
import { rejectedSamples } from '../protocols/decoded.ts';
import type { QuarantinedRecord } from '../storage/quarantine.ts';
import { decodeFrame, DEFAULT_FRAME_CAPS, FrameError } from '../wire/frame.ts';

/** Whether the store would now take what it refused of this record, all of it or a part. Judged as a record that arrives at `arrivalMs`. */
export const wouldPass = ({ data, reasons }: QuarantinedRecord, arrivalMs: number, limits: SampleLimits): boolean => {
  const refusedThen = reasons.reduce((sum, { samples }) => sum + samples, 0);
  try {
    const { batch } = decodeFrame(data, DEFAULT_FRAME_CAPS);
    const refusedNow = rejectedSamples(applyLimits(batch, arrivalMs, limits, ARRIVAL_MARGIN_MS).rejected);
    // No samples were counted of a record that did not decode: that it does now is enough.
    return refusedThen === 0 || refusedNow < refusedThen;
  } catch (error) {
    if (error instanceof FrameError) return false;
    throw error;
  }
};
