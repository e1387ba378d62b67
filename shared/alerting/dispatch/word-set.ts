/** Hashes that are stored as one text, with spaces between them; the empty set of anything that is no text. */
export const wordSet = (text: unknown): ReadonlySet<string> => new Set(String(text ?? '').split(' ').filter((word) => word !== ''));
