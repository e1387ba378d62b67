import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianPrograms } from '../../../scripts/debian.ts';
import { configRoutesTest } from '../../../shared/commands/config-routes.ts';
import { type TidemarkProcess, startTidemark } from '../../support/tidemark-process.ts';
import { ROUTING_CONFIGS, labelSets } from './routing-configs.ts';

const SETS_PER_CONFIG = 60;

const found = debianPrograms(['prometheus-alertmanager'], ['amtool']);
if ('missing' in found) process.stdout.write(`amtool: ${found.missing}\n`);
const folder = mkdtempSync(join(tmpdir(), 'tidemark-amtool-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const amtool = (...args: string[]): string => execFileSync(join('folder' in found ? found.folder : '', 'amtool'), args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();

describe.skipIf('missing' in found)('amtool config routes test', () => {
  it.each(ROUTING_CONFIGS.map((text, i) => [i + 1, text] as const))('takes the same receivers as ours, configuration %i', (number, text) => {
    const file = join(folder, `${number}.yml`);
    writeFileSync(file, text);
    const receivers = new Set<string>();
    for (const labels of labelSets(SETS_PER_CONFIG, number)) {
      // amtool reads each argument as a matcher; quotes keep values as they are.
      const quoted = labels.map((label) => label.replace(/=(.*)$/s, (_all, value: string) => `="${value.replaceAll('"', '\\"')}"`));
      const theirs = amtool('config', 'routes', 'test', `--config.file=${file}`, ...quoted);
      expect(configRoutesTest({ file, text }, labels), labels.join(' ')).toEqual({ ok: true, lines: [theirs] });
      receivers.add(theirs);
    }
    expect(receivers.size).toBeGreaterThan(2);
  });
});

describe.skipIf('missing' in found)('amtool against a running installation', () => {
  const data = join(folder, 'data');
  let tidemark: TidemarkProcess;
  const am = (...args: string[]): string => amtool(`--alertmanager.url=${tidemark.url}`, ...args);

  beforeAll(async () => {
    mkdirSync(data, { recursive: true });
    writeFileSync(
      join(data, 'alertmanager.yml'),
      `global: {smtp_smarthost: 'mail.example.com:25', smtp_from: a@example.com, smtp_auth_password: hunter2} # hunter2
route: {receiver: ops, group_by: [alertname], routes: [{receiver: db, matchers: [team=db]}]}
receivers:
  - {name: ops, webhook_configs: [{url: 'http://127.0.0.1:1/hunter2', send_resolved: true}]}
  - {name: db, slack_configs: [{api_url: 'http://127.0.0.1:1/hunter2', channel: '#db'}], pagerduty_configs: [{routing_key: hunter2}]}
`,
    );
    tidemark = await startTidemark({ data });
  });
  afterAll(() => tidemark?.stop());

  it('adds alerts and finds them by matchers', () => {
    am('alert', 'add', 'HighCpu', 'host=web-1', 'team=db', '--annotation=summary=hot');
    am('alert', 'add', 'Other', 'host=web-2');
    expect(am('alert', 'query', '-o', 'simple')).toMatch(/HighCpu .* hot +active/);
    expect(am('alert', 'query', 'host=~web-.', 'team!=db', '-o', 'simple')).not.toContain('HighCpu');
    const [alert] = JSON.parse(am('alert', 'query', 'HighCpu', '-o', 'json')) as { labels: unknown; receivers: unknown; status: unknown }[];
    expect(alert).toMatchObject({ labels: { alertname: 'HighCpu', host: 'web-1', team: 'db' }, receivers: [{ name: 'db' }], status: { state: 'active' } });
  });

  it('adds a silence, sees what it mutes, changes and expires it', () => {
    const id = am('silence', 'add', 'alertname=HighCpu', 'host=~"web-1|web-9"', '--comment=maintenance', '--author=ann', '--duration=1h');
    expect(am('silence', 'query', '-q')).toBe(id);
    expect(am('silence', 'query', 'alertname=HighCpu')).toContain('maintenance');
    expect(am('silence', 'query', 'alertname=Other', '-q')).toBe('');
    expect(am('alert', 'query', '-o', 'simple')).not.toContain('HighCpu');
    expect(am('alert', 'query', '--silenced', '-o', 'simple')).toMatch(/HighCpu .*suppressed/);
    am('silence', 'update', id, '--duration=2h', '--comment=longer');
    expect(am('silence', 'query')).toContain('longer');
    const changed = am('silence', 'query', '-q');
    am('silence', 'expire', changed);
    expect(am('silence', 'query', '-q')).toBe('');
    expect(am('silence', 'query', '--expired', '--within=2h', '-q').split('\n')).toContain(changed);
    expect(am('alert', 'query', '-o', 'simple')).toContain('HighCpu');
  });

  it('is told why a silence is refused', () => {
    expect(() => am('silence', 'add', 'alertname=~".*"', '--comment=all', '--duration=1h')).toThrow(/must not match an empty value/);
    expect(() => am('silence', 'add', 'alertname=A', '--comment=long', '--duration=90d')).toThrow(/at most 31d/);
    expect(() => am('silence', 'expire', '00000000-0000-4000-a000-000000000000')).toThrow(/404/);
  });

  it('shows the configuration without its secrets, from which it chooses the same routes', () => {
    expect(am('config', 'show')).not.toContain('hunter2');
    expect(am('config', 'show')).toContain('api_url: <secret>');
    expect(am('config', 'routes', 'test', 'team=db')).toBe('db');
    expect(am('config', 'routes', 'test', 'team=web')).toBe('ops');
  });
});
