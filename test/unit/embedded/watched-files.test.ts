import { mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { watchFile, watchFolder } from '../../../shared/embedded/watched-files.ts';
import type { WatchedFile } from '../../../shared/embedded/watched-files.ts';

const textOf = (file: WatchedFile): string => ('text' in file ? file.text : file.problem);

describe('watched files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-watched-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('gives rule files by name, once per change', async () => {
    const files = watchFolder(folder);
    expect(await files.changed()).toEqual([]);
    expect(await files.changed()).toBeUndefined();
    writeFileSync(join(folder, 'b.yml'), 'two');
    writeFileSync(join(folder, 'a.yaml'), 'one');
    writeFileSync(join(folder, 'notes.txt'), 'no');
    expect((await files.changed())?.map((each) => [each.file, textOf(each)])).toEqual([['a.yaml', 'one'], ['b.yml', 'two']]);
    expect(await files.changed()).toBeUndefined();
    writeFileSync(join(folder, '.new'), 'new');
    renameSync(join(folder, '.new'), join(folder, 'b.yml'));
    unlinkSync(join(folder, 'a.yaml'));
    expect((await files.changed())?.map(textOf)).toEqual(['new']);
  });

  it('gives what cannot be read with its reason, again and again until it can be read', async () => {
    mkdirSync(join(folder, 'dir'));
    const files = watchFile(join(folder, 'dir'));
    for (let i = 0; i < 2; i++) expect(await files.changed()).toMatchObject([{ file: 'dir', problem: expect.stringMatching(/^EISDIR/) as string }]);
  });

  it('takes a missing folder and a missing file for no files', async () => {
    expect(await watchFolder(join(folder, 'none')).changed()).toEqual([]);
    expect(await watchFile(join(folder, 'none.yml')).changed()).toEqual([]);
  });
});
