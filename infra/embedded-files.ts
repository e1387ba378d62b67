import { spawnSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { templatesOf } from './alertmanager-targets.ts';
import type { Settings } from './settings.ts';

const ROOT = join(import.meta.dirname, '..');
const CHECK_MS = 60_000;

/**
 * Reads files as the product will, in a process of its own, so that a synth pulls none of its code in. Throws with every error of the
 * files: a deploy must not bring rules that the evaluator cannot read, for then no alert fires at all.
 */
const check = (kind: 'rules' | 'config', files: readonly string[]): void => {
  if (files.length === 0) return;
  const args = [join(ROOT, 'scripts/tidemark.ts'), 'check', kind, ...files];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: CHECK_MS });
  if (status !== 0) throw new Error(`check ${kind}: found errors, files without are needed\n${stdout}${stderr}`);
};

/** The rule files of a folder, by name: `*.yml` and `*.yaml`, not those of its folders. */
const ruleFiles = (folder: string): readonly string[] =>
  readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => join(folder, name));

/** esbuild `define` for the rules: an array of `{ file, text }`. */
export const ruleConstants = ({ rules }: Settings): Readonly<Record<string, string>> => {
  const files = rules === undefined ? [] : ruleFiles(rules);
  check('rules', files);
  return { TIDEMARK_RULES: JSON.stringify(files.map((file) => ({ file: basename(file), text: readFileSync(file, 'utf8') }))) };
};

/** esbuild `define` for the Alertmanager file: its text, or null where none is named; and the files of templates that it names, as `{ file, text }`. */
export const alertmanagerConstants = ({ alertmanager }: Settings): Readonly<Record<string, string>> => {
  if (alertmanager === undefined) return { TIDEMARK_ALERTMANAGER: 'null', TIDEMARK_TEMPLATES: '[]' };
  check('config', [alertmanager]);
  const text = readFileSync(alertmanager, 'utf8');
  const templates = templateFiles(text, dirname(alertmanager)).map((path) => ({ file: basename(path), text: readFileSync(path, 'utf8') }));
  return { TIDEMARK_ALERTMANAGER: JSON.stringify(text), TIDEMARK_TEMPLATES: JSON.stringify(templates) };
};

/** In the order in which `tidemark check config` reads them, which has found no error before. */
const templateFiles = (text: string, folder: string): readonly string[] => {
  const found = globSync([...templatesOf(text)], { cwd: folder });
  return [...new Set(found.map((path) => resolve(folder, path)))].sort();
};
