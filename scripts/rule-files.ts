import { glob, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { NamedText } from '../shared/commands/check.ts';
import { PermanentError } from '../shared/errors.ts';

/** The files that a path or pattern of a test file stands for, relative to that file. */
export const ruleFilesOf = async (pattern: string, testFile: string): Promise<readonly NamedText[]> => {
  const path = isAbsolute(pattern) ? pattern : join(dirname(testFile), pattern);
  const files: string[] = [];
  for await (const file of glob(path)) files.push(file);
  if (files.length === 0) throw new PermanentError(`read ${path}: there is no such file`);
  return Promise.all(files.sort().map(async (file) => ({ file, text: await readFile(file, 'utf8') })));
};
