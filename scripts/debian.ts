import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';

const CACHE = resolve('.cache/debian');

/**
 * The folder of some programs: where they are installed, or else a cache folder into which their Debian packages are
 * unpacked without being installed: no root, no service starts. Or why they cannot be had on this machine.
 * `programs` are named as their packages unless told.
 */
export const debianPrograms = (
  packages: readonly string[],
  programs: readonly string[] = packages,
): { readonly folder: string } | { readonly missing: string } => {
  const root = join(CACHE, 'root');
  const unpacked = join(root, 'usr/bin');
  const installed = [...(process.env['PATH'] ?? '').split(delimiter), unpacked].find((folder) =>
    programs.every((name) => existsSync(join(folder, name))),
  );
  if (installed !== undefined) return { folder: installed };
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
  return { folder: unpacked };
};

/** Of a package that is installed, or in the cache: `1.79.5` of `1.79.5+ds1-2`. Undefined when it is neither. */
export const debianVersion = (name: string): string | undefined => {
  const file = existsSync(CACHE) ? readdirSync(CACHE).find((each) => each.startsWith(`${name}_`)) : undefined;
  const version = file?.split('_')[1] ?? installedVersion(name);
  return version === undefined ? undefined : /[\d.]*\d/.exec(version)?.[0];
};

const installedVersion = (name: string): string | undefined => {
  try {
    return execFileSync('dpkg-query', ['-W', '-f', '${Version}', name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
};
