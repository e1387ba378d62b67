/** Characters between the brackets: with the counts behind it a line fits a terminal of 80. */
const CELLS = 20;

/**
 * How far a run is, on one line: `[#####---------------] 12 of 48 partitions, 0 findings`. `done` above `total`, which grows while a
 * run goes on, is drawn as full.
 */
export const progressBar = (done: number, total: number, noun: string, further = ''): string => {
  const filled = total === 0 ? CELLS : Math.min(CELLS, Math.floor((done / total) * CELLS));
  return `[${'#'.repeat(filled)}${'-'.repeat(CELLS - filled)}] ${done} of ${total} ${noun}${further === '' ? '' : `, ${further}`}`;
};

/** `1 record`, `2 records`. */
export const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
