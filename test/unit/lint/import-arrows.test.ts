import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** One line that each arrow forbids, and a word of the reason that lint must give for it. */
const FORBIDDEN: readonly (readonly [file: string, source: string, reason: string])[] = [
  ['shared/model/a.ts', `import '@aws-sdk/client-s3';`, 'shared/aws alone'],
  ['shared/model/b.ts', `import 'node:fs';`, 'shared/embedded alone'],
  ['shared/model/c.ts', `import '../aws/object-s3.ts';`, 'AWS adapters'],
  ['shared/model/d.ts', `import '../embedded/lock.ts';`, 'embedded adapters'],
  ['shared/model/e.ts', `import '../../functions/store/store.ts';`, 'shared is used by functions'],
  ['shared/model/f.ts', `import '../../scripts/start.ts';`, 'outermost layer'],
  ['shared/model/g.ts', `import '../../infra/app.ts';`, 'describes the deployment'],
  ['shared/model/h.ts', `import type {} from 'aws-lambda';`, 'AWS event shapes'],
  ['shared/model/i.ts', `export const now = () => Date.now();`, 'Time is an argument'],
  ['shared/model/j.ts', `export const dice = () => Math.random();`, 'Randomness is an argument'],
  ['shared/model/k.ts', `export const home = () => process.env['HOME'];`, 'Settings are arguments'],
  ['shared/model/l.ts', `export const wait = () => setTimeout(() => {}, 1);`, 'Waiting is an argument'],
  ['shared/aws/a.ts', `import '../embedded/lock.ts';`, 'embedded adapters'],
  ['shared/aws/b.ts', `import 'node:fs';`, 'shared/embedded alone'],
  ['shared/embedded/a.ts', `import '../aws/object-s3.ts';`, 'AWS adapters'],
  ['shared/embedded/b.ts', `import '@aws-sdk/client-s3';`, 'shared/aws alone'],
  ['functions/store/a.ts', `import '../../shared/embedded/lock.ts';`, 'embedded adapters'],
  ['functions/store/b.ts', `import '../../shared/aws/object-s3.ts';`, 'AWS adapters'],
  ['functions/store/c.ts', `import '@aws-sdk/client-s3';`, 'shared/aws alone'],
  ['functions/store/d.ts', `export const now = () => Date.now();`, 'Time is an argument'],
  ['functions/store/handler.ts', `import '../../shared/embedded/lock.ts';`, 'embedded adapters'],
  ['functions/query/handler.ts', `import '@aws-sdk/client-s3';`, 'shared/aws alone'],
  ['scripts/a.ts', `import '../infra/app.ts';`, 'describes the deployment'],
  ['scripts/b.ts', `import '@aws-sdk/client-s3';`, 'shared/aws alone'],
  ['infra/a.ts', `import '../shared/model/labels.ts';`, 'what is pure'],
  ['infra/b.ts', `import '../functions/store/store.ts';`, 'what is pure'],
];

const ALLOWED: readonly (readonly [file: string, source: string])[] = [
  ['functions/store/handler.ts', `import '../../shared/aws/object-s3.ts';`],
  ['shared/aws/c.ts', `import '@aws-sdk/client-s3';`],
  ['shared/embedded/c.ts', `import 'node:fs';`],
  ['scripts/c.ts', `import '../shared/embedded/lock.ts';`],
  ['infra/c.ts', `import '../shared/parquet/schema.ts';\nimport '../shared/config.ts';`],
  ['functions/store/e.ts', `import '../../shared/model/labels.ts';`],
];

interface Finding {
  readonly filename: string;
  readonly message: string;
  readonly help?: string;
}

describe('import arrows', () => {
  let folder: string;
  let findings: readonly Finding[];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidemark-arrows-'));
    symlinkSync(resolve('.oxlintrc.json'), join(folder, '.oxlintrc.json'));
    for (const [file, source] of [...FORBIDDEN, ...ALLOWED]) {
      const path = join(folder, uniquePath(file, source));
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${source}\n`);
    }
    findings = await lint(folder);
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(FORBIDDEN)('%s may not say: %s', (file, source, reason) => {
    const texts = findings.filter((each) => each.filename.endsWith(uniquePath(file, source))).map((each) => `${each.message} ${each.help ?? ''}`);
    expect(texts.join('\n')).toContain(reason);
  });

  it.each(ALLOWED)('%s may say: %s', (file, source) => {
    expect(findings.filter((each) => each.filename.endsWith(uniquePath(file, source)) && /restricted/.test(`${each.message}${JSON.stringify(each)}`))).toEqual([]);
  });
});

/** handler.ts stands in both lists: the allowed one gets a function folder of its own. */
const uniquePath = (file: string, source: string): string =>
  ALLOWED.some((each) => each[0] === file && each[1] === source) ? file.replace('functions/store/handler', 'functions/notify/handler') : file;

const lint = (cwd: string): Promise<readonly Finding[]> =>
  new Promise((done, fail) => {
    execFile(resolve('node_modules/.bin/oxlint'), ['--format', 'json', '.'], { cwd, maxBuffer: 1 << 24 }, (_, stdout) => {
      try {
        done((JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics);
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
  });
