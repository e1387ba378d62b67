/** Something the doctor saw. `wrong` needs somebody; a `notice` passes by itself, or is for information. */
export interface Finding {
  readonly severity: 'wrong' | 'notice';
  readonly kind: string;
  /** Which partition, shard or file. */
  readonly where: string;
  readonly found: string;
  /** What to do about it. */
  readonly advice: string;
}

/** As findings of the lake of a retention class. */
export const inClass = (findings: readonly Finding[], name: string | undefined): readonly Finding[] =>
  name === undefined ? findings : findings.map((finding) => ({ ...finding, where: `class ${name}, ${finding.where}` }));

const NAMED = 3;

/** The first of many, and how many more. */
export const someOf = (names: readonly string[]): string =>
  names.length <= NAMED ? names.join(', ') : `${names.slice(0, NAMED).join(', ')} and ${names.length - NAMED} more`;

/** `2 minutes`: for people, so the two greatest units are enough. */
export const ageText = (ms: number): string => {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  return s < 172_800 ? `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min` : `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`;
};
