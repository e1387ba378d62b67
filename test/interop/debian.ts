import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { join, resolve } from 'node:path';

const CACHE = resolve('.cache/debian');

/**
 * Brings Debian packages into a cache folder, unpacked and not installed: no root, no service starts.
 * Gives the folder of their programs, or why it cannot be had on this machine.
 */
export const debianPrograms = (packages: readonly string[]): { readonly folder: string } | { readonly missing: string } => {
  const root = join(CACHE, 'root');
  const folder = join(root, 'usr/bin');
  if (packages.every((name) => existsSync(join(folder, name)))) return { folder };
  try {
    for (const part of ['lists/partial', 'archives/partial', 'new']) mkdirSync(join(CACHE, part), { recursive: true });
    const options = ['-q', '-o', `Dir::State::lists=${join(CACHE, 'lists')}`, '-o', `Dir::Cache=${CACHE}`, '-o', 'Debug::NoLocking=1'];
    execFileSync('apt-get', [...options, 'update'], { stdio: 'pipe' });
    execFileSync('apt-get', [...options, 'download', ...packages], { cwd: join(CACHE, 'new'), stdio: 'pipe' });
    for (const file of readdirSync(join(CACHE, 'new'))) {
      execFileSync('dpkg-deb', ['-x', join(CACHE, 'new', file), root], { stdio: 'pipe' });
      renameSync(join(CACHE, 'new', file), join(CACHE, file));
    }
  } catch (error) {
    return { missing: `Debian's ${packages.join(', ')} cannot be fetched here: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}` };
  }
  return { folder };
};
