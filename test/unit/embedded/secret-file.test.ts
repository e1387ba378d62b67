import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { secretText } from '../../../shared/channels/secret.ts';
import { makeReadSecretFile } from '../../../shared/embedded/secret-file.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-secret-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('reads from the folder of the file that names it, as it is now, without white space around', async () => {
  mkdirSync(join(folder, 'secrets'));
  const read = makeReadSecretFile(folder);
  for (const text of ['first\n', '  second']) {
    writeFileSync(join(folder, 'secrets/key'), text);
    expect(await secretText({ file: 'secrets/key' }, read)).toBe(text.trim());
    expect(await secretText({ file: join(folder, 'secrets/key') }, read)).toBe(text.trim());
  }
});

it('reads no more than 64 KB', async () => {
  writeFileSync(join(folder, 'key'), 'a'.repeat(100_000));
  expect(await makeReadSecretFile(folder)('key')).toHaveLength(65_536);
});

it.each(['missing', '.'])('says which file it cannot read: %s', async (path) => {
  await expect(makeReadSecretFile(folder)(path)).rejects.toMatchObject({ name: 'SecretFileError', message: `read secret: found no readable file ${path}` });
});
