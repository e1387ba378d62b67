import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TidemarkProcess, eventually, startTidemark } from '../support/tidemark-process.ts';

const HOUR_MS = 3_600_000;
const folder = mkdtempSync(join(tmpdir(), 'tidemark-backtest-'));
const at = (name: string): string => join(folder, name);
let tidemark: TidemarkProcess;

const run = async (...args: readonly string[]): Promise<string> => (await promisify(execFile)(process.execPath, ['scripts/tidemark.ts', ...args, '--url', tidemark.url])).stdout;

beforeAll(async () => {
  tidemark = await startTidemark({ data: at('data') });
});
afterAll(async () => {
  await tidemark?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('tidemark backtest of a running installation', () => {
  it('tries a rule file on its history, and draws it', async () => {
    const fromMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 4 * HOUR_MS;
    // Down for ten minutes of every hour.
    const lines = Array.from({ length: 480 }, (_, i) => `up{host="a"} ${i % 120 < 20 ? 0 : 1} ${fromMs + i * 30_000}\n`);
    writeFileSync(at('up.prom'), lines.join(''));
    writeFileSync(at('rules.yml'), 'groups: [{name: g, rules: [{alert: Down, expr: up == 0, for: 2m}]}]\n');
    await run('backfill', at('up.prom'));
    const range = ['--from', String(fromMs / 1000), '--to', String((fromMs + 4 * HOUR_MS) / 1000)];
    // The watermark is there once something has come in by itself.
    const table = await eventually('a backtest', 20_000, () => run('backtest', at('rules.yml'), ...range, '--picture', at('out.svg')));
    expect(table).toMatch(/^Down +4 +0 +4 +168 +32 +8 +1 +0$/m);
    expect(readFileSync(at('out.svg'), 'utf8')).toContain('rules.yml: 4 alerts, 4 pages');
    expect(await run('backtest', at('rules.yml'), ...range, '--dry-run')).toContain('240 slots, 240 evaluations');
  });
});
