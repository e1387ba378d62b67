import type { Pacing } from '../../../shared/aws/pacing.ts';

/** Waits for nothing and keeps what was asked for; half of every step is drawn. */
export const recordedPacing = (): Pacing & { readonly waitsMs: number[] } => {
  const waitsMs: number[] = [];
  return {
    waitsMs,
    random: () => 0.5,
    sleep: async (ms) => {
      waitsMs.push(ms);
    },
  };
};
