import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Settings } from './settings.ts';

/** A file as the functions find it in their own code. */
interface EmbeddedFile {
  readonly file: string;
  readonly text: string;
}

/** The rule files of a folder, by name: `*.yml` and `*.yaml`, not those of its folders. */
const ruleFiles = (folder: string): readonly EmbeddedFile[] =>
  readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .sort()
    .map((name) => ({ file: name, text: readFileSync(join(folder, name), 'utf8') }));

/** esbuild `define` for the rules: an array of `{ file, text }`. */
export const ruleConstants = (settings: Settings): Readonly<Record<string, string>> => ({
  TIDEMARK_RULES: JSON.stringify(settings.rules === undefined ? [] : ruleFiles(settings.rules)),
});

/** esbuild `define` for the Alertmanager file: its text, or null where none is named. */
export const alertmanagerConstants = (settings: Settings): Readonly<Record<string, string>> => ({
  TIDEMARK_ALERTMANAGER: JSON.stringify(settings.alertmanager === undefined ? null : readFileSync(settings.alertmanager, 'utf8')),
});
