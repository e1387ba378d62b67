import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { debianPrograms } from '../../../scripts/debian.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import { FULL_CONFIG } from './full-config.ts';

const found = debianPrograms(['prometheus-alertmanager'], ['amtool']);
if ('missing' in found) process.stdout.write(`amtool: ${found.missing}\n`);
const folder = mkdtempSync(join(tmpdir(), 'tidemark-check-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const check = (text: string): string => {
  const file = join(folder, 'alertmanager.yml');
  writeFileSync(file, text);
  return execFileSync(join('folder' in found ? found.folder : '', 'amtool'), ['check-config', file], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
};

describe.skipIf('missing' in found)('amtool check-config', () => {
  it('accepts a file with every field, as we do, and what we show of it', () => {
    expect(check(FULL_CONFIG)).toContain('SUCCESS');
    const { config, errors } = parseAlertmanagerFile(FULL_CONFIG, 'am.yml');
    expect(errors).toEqual([]);
    expect(config?.redactedText).not.toContain('hunter2');
    // Amtool takes this word as an address, as Alertmanager itself shows it.
    expect(check(config?.redactedText ?? '')).toContain('SUCCESS');
  });

  it.each([
    ['proxy_url: http://me:hunter2@proxy.example.com:3128', 'oauth2: {client_id: a, token_url: "https://a"}'],
    ['min_version: TLS12', 'min_version: TLS14'],
    ['client_id: me', 'client_id: ""'],
    ["type: ' Token '", 'type: basic'],
    ['{id: a, type: user}', '{id: a, type: robot}'],
    ['type: button, text: a, url', 'type: "", text: a, url'],
    ['url: https://events.example.com/', 'url: https://events.example.com/\n        nonsense: 1'],
  ])('refuses what we refuse: %s => %s', (before, after) => {
    const text = FULL_CONFIG.replace(before, after);
    expect(text).not.toBe(FULL_CONFIG);
    expect(() => check(text)).toThrow();
    expect(parseAlertmanagerFile(text, 'am.yml').errors).not.toEqual([]);
  });
});
