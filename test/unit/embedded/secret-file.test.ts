import { execFileSync } from 'node:child_process';
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

it('reads all of a file of authorities, as systems have them', async () => {
  writeFileSync(join(folder, 'ca.pem'), 'a'.repeat(300_000));
  expect(await makeReadSecretFile(folder)('ca.pem')).toHaveLength(300_000);
});

it('reads nothing of a file over 1 MB, in place of a part of it', async () => {
  writeFileSync(join(folder, 'key'), 'a'.repeat(1_048_577));
  await expect(makeReadSecretFile(folder)('key')).rejects.toMatchObject({ name: 'SecretFileError', message: 'read secret: found 1048577 bytes in key, at most 1048576 are allowed' });
});

it('does not wait for a pipe that nobody writes to, nor read a device', async () => {
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  for (const path of ['pipe', '/dev/zero']) await expect(makeReadSecretFile(folder)(path)).rejects.toMatchObject({ name: 'SecretFileError' });
});

it.each(['missing', '.'])('says which file it cannot read: %s', async (path) => {
  await expect(makeReadSecretFile(folder)(path)).rejects.toMatchObject({ name: 'SecretFileError', message: `read secret: found no readable file ${path}` });
});
