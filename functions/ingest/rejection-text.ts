import type { Rejection } from '../../shared/protocols/decoded.ts';

/** The reasons a sender is told, each with the place of its first sample; a cap keeps an answer short whatever was sent. */
const TOLD = 10;

/** `line 3:5: reason (2 samples); …` */
export const rejectionText = (rejected: readonly Rejection[]): string => {
  const told = rejected.slice(0, TOLD).map(({ reason, samples, place }) => {
    const where = place === undefined ? '' : `${place}: `;
    return `${where}${reason} (${samples} ${samples === 1 ? 'sample' : 'samples'})`;
  });
  if (rejected.length > TOLD) told.push(`and ${rejected.length - TOLD} more reasons`);
  return told.join('; ');
};
