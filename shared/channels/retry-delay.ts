/** No attempt starts later than this after the first one (design 7). */
export const GIVE_UP_MS = 4 * 3_600_000;

export const MAX_DELAY_MS = 900_000;

const FIRST_DELAY_MS = 5000;

/**
 * The wait after attempt number `attempts` (1 = the first): doubling from 5 s to 15 minutes, less up to a tenth that the id
 * decides, so that notifications of one outage do not all come back at once.
 */
export const retryDelayMs = (attempts: number, id: string): number => {
  const wholeMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempts - 1, 20));
  const share = Number.parseInt(id.slice(0, 4), 16) / 0x10000;
  return Math.round(wholeMs * (1 - 0.1 * (Number.isNaN(share) ? 0 : share)));
};
