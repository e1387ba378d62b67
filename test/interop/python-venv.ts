import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The `bin` folder of a Python environment in the cache that holds one pinned package, or why it cannot be had on this machine. */
export const pythonVenv = (requirement: `${string}==${string}`): { readonly bin: string } | { readonly missing: string } => {
  const folder = resolve('.cache/python', requirement.split('==')[0] as string);
  const stamp = join(folder, 'requirement');
  const bin = join(folder, 'bin');
  try {
    // Written last: an installation that was cut short is made again.
    if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== requirement) {
      mkdirSync(folder, { recursive: true });
      execFileSync('python3', ['-m', 'venv', '--clear', folder], { stdio: 'pipe' });
      execFileSync(join(bin, 'python'), ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', requirement], { stdio: 'pipe' });
      writeFileSync(stamp, requirement);
    }
    return { bin };
  } catch (error) {
    return { missing: `${requirement} cannot be installed here: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}` };
  }
};
