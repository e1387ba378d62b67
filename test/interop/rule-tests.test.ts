import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { debianPrograms } from '../../scripts/debian.ts';

const programs = debianPrograms(['prometheus'], ['promtool']);
const FOLDER = 'test/golden/rules';
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith('.test.yml'));

/** What Prometheus 2.42 has not: histograms in test files, and functions of them. */
const TOO_NEW = new Set(['histograms.test.yml', 'recorded-histograms.test.yml', 'recorded-histograms.rules.yml']);

/** Files that both refuse, each in words of its own. */
const OWN_WORDS = new Set(['failing-missing-file.test.yml', 'failing-unknown-field.test.yml']);

const run = (program: string, args: readonly string[]): { readonly code: number | null; readonly text: string } => {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' });
  return { code: status, text: `${stdout}${stderr}`.trim() };
};

describe.skipIf('missing' in programs)("Debian's promtool and tidemark test rules", () => {
  const promtool = 'folder' in programs ? join(programs.folder, 'promtool') : '';

  it.each(FILES.filter((file) => !TOO_NEW.has(file)))('agree on %s', (file) => {
    const path = join(FOLDER, file);
    const theirs = run(promtool, ['test', 'rules', path]);
    const ours = run(process.execPath, ['scripts/tidemark.ts', 'test', 'rules', path]);
    expect(ours.code).toBe(theirs.code);
    // Go prints both parts in one go; the order of the two streams is ours to choose.
    if (!OWN_WORDS.has(file)) expect(linesOf(ours.text)).toEqual(linesOf(theirs.text));
  });

  it('agree on which rule files are valid', () => {
    const files = readdirSync(FOLDER).filter((file) => file.endsWith('.rules.yml')).map((file) => join(FOLDER, file));
    expect(run(promtool, ['check', 'rules', ...files.filter((file) => !TOO_NEW.has(basename(file)))]).code).toBe(0);
    expect(run(process.execPath, ['scripts/tidemark.ts', 'check', 'rules', ...files]).code).toBe(0);
  });
});

const linesOf = (text: string): readonly string[] => text.split('\n').map((line) => line.trimEnd()).filter((line) => line !== '').sort();
