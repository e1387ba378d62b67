import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Mutant } from './mutant.ts';

/** What the simulation is made of. */
const SOURCES = ['shared', 'functions', 'test/simulation', 'scripts/simulation.ts', 'package.json'];

/** The file with the fault in it. @throws Error when the text to replace is not there exactly once. */
export const planted = ({ name, file, find, replace }: Mutant): string => {
  const source = readFileSync(file, 'utf8');
  const parts = source.split(find);
  if (parts.length !== 2) throw new Error(`plant "${name}" into ${file}: found its text ${parts.length - 1} times, exactly once is allowed: ${find}`);
  return parts.join(replace);
};

/** A copy of the product with the fault in it, under `folder`. */
export const plant = (mutant: Mutant, folder: string): void => {
  rmSync(folder, { recursive: true, force: true });
  for (const source of SOURCES) cpSync(source, join(folder, source), { recursive: true });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, mutant.file), planted(mutant));
};
