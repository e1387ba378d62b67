import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { pythonVenv } from './python-venv.ts';

const linter = pythonVenv('cfn-lint==1.58.0');

describe.skipIf('missing' in linter)(`cfn-lint${'missing' in linter ? ` (${linter.missing})` : ''}`, () => {
  const out = mkdtempSync(join(tmpdir(), 'tidemark-template-'));
  afterAll(() => rmSync(out, { recursive: true, force: true }));

  it('finds nothing in the synthesised template but what CDK itself writes', () => {
    const synth = spawnSync('cdk', ['synth', '--quiet', '--output', out], { encoding: 'utf8' });
    expect(synth.status, synth.stderr).toBe(0);
    // W3005: CDK names dependencies that a reference implies already.
    const program = join('bin' in linter ? linter.bin : '', 'cfn-lint');
    const { status, stdout } = spawnSync(program, ['--ignore-checks', 'W3005', '--format', 'parseable', '--template', join(out, 'Tidemark.template.json')], { encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });
});
