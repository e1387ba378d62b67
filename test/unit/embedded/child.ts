import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

const ROOT = new URL('../../../', import.meta.url);

export interface Child {
  readonly process: ChildProcess;
  /** What the script has printed so far, line by line. */
  readonly lines: readonly string[];
  /** Resolves with the line once the child has printed so many. */
  line(number: number): Promise<string>;
  /** Kills with SIGKILL, and resolves when the process is gone and its output is read. */
  kill(): Promise<void>;
  readonly exited: Promise<void>;
}

/**
 * Runs the text as a module in a Node of its own. `import` in it with paths from the root of the project, as
 * `shared/embedded/lock.ts`. `args` stand in `process.argv.slice(1)`.
 */
export const runChild = (script: string, args: readonly string[] = [], user?: number): Child => {
  const code = script.replaceAll(/from '(?=shared\/)/g, `from '${ROOT.href}`);
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    cwd: ROOT,
    ...(user === undefined ? {} : { uid: user }),
  });
  const lines: string[] = [];
  const waiting: { readonly number: number; resolve(line: string): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const each of waiting) if (each.number <= lines.length) each.resolve(lines[each.number - 1] as string);
  });
  const exited = new Promise<void>((resolve) => {
    child.once('close', () => {
      for (const each of waiting) each.reject(new Error(`child: it ended after ${lines.length} lines, ${each.number} were expected`));
      resolve();
    });
  });
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  onTestFinished(kill);
  return {
    process: child,
    lines,
    exited,
    kill,
    line: (number) =>
      new Promise((resolve, reject) => {
        const line = lines[number - 1];
        if (line === undefined) waiting.push({ number, resolve, reject });
        else resolve(line);
      }),
  };
};
