/** Of an answer; nothing more is read. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** The beginning of the answer. What is wrong with the rest of it does not matter: the status has said all. */
export const readBeginning = async (response: Response): Promise<string> => {
  const reader = response.body?.getReader();
  if (reader === undefined) return '';
  const pieces: Uint8Array[] = [];
  try {
    for (let bytes = 0; bytes < MAX_ANSWER_BYTES; ) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      pieces.push(value);
    }
    await reader.cancel();
  } catch {
    return Buffer.concat(pieces).toString('utf8');
  }
  return Buffer.concat(pieces).toString('utf8');
};
