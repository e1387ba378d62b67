/** How often things happen that happen for ever; slower where days are to pass. */
export interface Pace {
  tickMs: number;
  readPauseMs: number; // at most
  compactMs: number;
  /** Resolves when a compactor begins to write; never where there is none. */
  working: () => Promise<void>;
}
