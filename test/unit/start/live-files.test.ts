import { mkdirSync, mkdtempSync, renameSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { liveAlertmanager, liveRules } from '../../../scripts/start/live-files.ts';
import { World } from '../evaluate/world.ts';

let folder: string;
let said: string[];
const say = (line: string): void => void said.push(line);
const path = (file: string): string => join(folder, file);

/** As an editor saves: a new inode, so that two edits within a millisecond are two changes. */
const save = (file: string, text: string): void => {
  writeFileSync(path('.saved'), text);
  renameSync(path('.saved'), path(file));
};

/** What was said since the last call. */
const heard = (): string => said.splice(0).join('\n');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-live-$&-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const group = (name: string, alert = 'A'): string => `- {name: ${name}, rules: [{alert: ${alert}, expr: up == 0}]}\n`;

describe('liveRules', () => {
  const alertsOf = async (rules: ReturnType<typeof liveRules>) => (await rules()).groups.map((each) => [each.id, ...each.rules.map((rule) => rule.name)]);

  it('follows files that come, change and go, and says so once', async () => {
    const rules = liveRules(folder, say);
    expect(await rules()).toMatchObject({ groups: [] });
    save('a.yml', group('g'));
    save('b.yaml', group('h', 'B'));
    expect(await alertsOf(rules)).toEqual([['a.yml;g', 'A'], ['b.yaml;h', 'B']]);
    heard();
    const before = await rules();
    expect(await rules()).toBe(before);
    expect(heard()).toBe('');
    save('a.yml', group('g', 'C'));
    expect(await alertsOf(rules)).toEqual([['a.yml;g', 'C'], ['b.yaml;h', 'B']]);
    expect((await rules()).version).not.toBe(before.version);
    expect(heard()).toBe(`rules: 2 in 2 groups from ${folder}`);
    unlinkSync(path('b.yaml'));
    expect(await alertsOf(rules)).toEqual([['a.yml;g', 'C']]);
  });

  it('keeps what a file said when it turns bad, and names all its errors once, by its path', async () => {
    save('a.yml', group('g'));
    const rules = liveRules(folder, say);
    await rules();
    heard();
    save('a.yml', '- name: g\n  rules:\n    - {alert: A, expr: "up =="}\n    - {alert: B, expr: up, foo: 1}\n');
    expect(await alertsOf(rules)).toEqual([['a.yml;g', 'A']]);
    const lines = heard().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/: expr: /);
    expect(lines[0]?.startsWith(`${path('a.yml')}:3:`)).toBe(true);
    expect(lines[1]).toContain('"foo"');
    expect(lines[2]).toBe('the rules of this file go on as they were');
    save('b.yml', group('h'));
    expect(await alertsOf(rules)).toEqual([['a.yml;g', 'A'], ['b.yml;h', 'A']]);
    expect(heard()).toBe(`rules: 2 in 2 groups from ${folder}`);
    save('a.yml', group('g', 'New'));
    expect(await alertsOf(rules)).toEqual([['a.yml;g', 'New'], ['b.yml;h', 'A']]);
  });

  it('names a bad file again when it is bad in another way, and forgets it when it is gone', async () => {
    save('a.yml', 'x: 1');
    const rules = liveRules(folder, say);
    expect(await rules()).toMatchObject({ groups: [], unreadFiles: ['a.yml'] });
    expect(heard()).toContain('this file gives no rules until it reads');
    save('a.yml', 'y: 1');
    await rules();
    expect(heard()).toContain('"y"');
    unlinkSync(path('a.yml'));
    expect(await rules()).toMatchObject({ groups: [], unreadFiles: [] });
  });

  it('goes on with the other files when one cannot be read at all, and reads it as soon as it can', async () => {
    mkdirSync(path('dir.yml'));
    save('a.yml', group('g'));
    const rules = liveRules(folder, say);
    expect(await alertsOf(rules)).toEqual([['a.yml;g', 'A']]);
    expect(heard()).toMatch(/dir\.yml: EISDIR/);
    await rules();
    expect(heard()).toBe('');
    rmSync(path('dir.yml'), { recursive: true });
    save('dir.yml', group('h'));
    expect(await alertsOf(rules)).toEqual([['a.yml;g', 'A'], ['dir.yml;h', 'A']]);
  });

  it('reads once for those who ask at the same time', async () => {
    save('a.yml', 'x: 1');
    const rules = liveRules(folder, say);
    await Promise.all([rules(), rules(), rules()]);
    expect(said.filter((line) => line.includes('"x"'))).toHaveLength(1);
  });
});

describe('alerts of rules whose file', () => {
  const MINUTE = 60_000;
  const START = 1_700_000_040_000;
  let world: World;
  beforeEach(async () => {
    world = await World.open();
    for (let t = START - MINUTE; t <= START + 20 * MINUTE; t += 30_000) world.put('up', { host: 'a' }, t, 0);
  });
  afterEach(() => world.close());

  const tick = (minute: number, rules: ReturnType<typeof liveRules>) => world.tick(START + minute * MINUTE + 16_000, undefined, world.ports({ rules }));
  const statuses = (): string[] => world.told().map(([status]) => status);

  it('is removed are resolved', async () => {
    save('a.yml', group('g'));
    const rules = liveRules(folder, say);
    expect(await tick(0, rules)).toMatchObject({ firing: 1 });
    unlinkSync(path('a.yml'));
    expect(await tick(1, rules)).toMatchObject({ firing: 0 });
    expect(statuses()).toEqual(['firing', 'resolved']);
  });

  it('turns bad go on', async () => {
    save('a.yml', group('g'));
    const rules = liveRules(folder, say);
    await tick(0, rules);
    save('a.yml', '- {name: g, rules: [{alert: A}]}');
    expect(await tick(1, rules)).toMatchObject({ firing: 1, evaluations: 1 });
    expect(statuses()).toEqual(['firing']);
  });

  it('is bad at a start stay as they are until it reads', async () => {
    save('a.yml', group('g'));
    await tick(0, liveRules(folder, say));
    save('a.yml', '- {name: g, rules: [{alert: A}]}');
    const restarted = liveRules(folder, say);
    expect(await tick(1, restarted)).toMatchObject({ firing: 1, evaluations: 0 });
    save('a.yml', '- {name: g, rules: []}');
    expect(await tick(2, restarted)).toMatchObject({ firing: 0 });
    expect(statuses()).toEqual(['firing', 'resolved']);
  });
});

describe('liveAlertmanager', () => {
  const GOOD = 'route: {receiver: ops}\nreceivers: [{name: ops, webhook_configs: [{url: http://127.0.0.1:1/s3cret}]}]\n';
  const live = () => liveAlertmanager(path('am.yml'), say);

  it('tells nobody without a file, and follows one that comes and goes', async () => {
    const config = live();
    expect(await config()).toMatchObject({ receivers: [] });
    save('am.yml', GOOD);
    expect(await config()).toMatchObject({ route: { receiver: 'ops' }, receivers: [{ name: 'ops' }] });
    expect(heard()).toBe(`alertmanager: alerts go to "ops" (${path('am.yml')})`);
    unlinkSync(path('am.yml'));
    expect(await config()).toMatchObject({ receivers: [] });
    expect(heard()).toContain('nobody is told');
  });

  it('follows the files of templates that it names, and keeps the last ones that read', async () => {
    const templatesOf = async () => [...(await config()).templates.keys()];
    save('am.yml', `templates: ['*.tmpl', '${path('other')}/a.txt']\n${GOOD}`);
    const config = live();
    expect(await templatesOf()).toEqual([]);
    save('a.tmpl', '{{ define "title" }}one{{ end }}');
    mkdirSync(path('other'));
    save('other/a.txt', '{{ define "text" }}{{ end }}');
    expect(await templatesOf()).toEqual(['a.tmpl', 'title', 'a.txt', 'text']);
    const before = await config();
    expect(await config()).toBe(before);
    heard();
    save('a.tmpl', '\n{{ define "title" }}{{ end');
    expect(await config()).toBe(before);
    expect(heard()).toMatch(new RegExp(`^${path('a.tmpl').replaceAll(/[$&.]/g, '.')}:2: .*\nreceivers go on as they were$`));
    unlinkSync(path('a.tmpl'));
    expect(await templatesOf()).toEqual(['a.txt', 'text']);
  });

  it('warns of what is taken otherwise, and of secrets that are not there', async () => {
    save('here', 's3cret');
    save('am.yml', GOOD.replace('{url:', "{http_config: {follow_redirects: true, basic_auth: {username_file: here, password_file: ./gone}}, url:"));
    const config = live();
    expect(await config()).toMatchObject({ route: { receiver: 'ops' } });
    const lines = heard().split('\n');
    expect(lines).toEqual([
      expect.stringMatching(/am\.yml:2:\d+: warning: .*redirects are never followed/),
      `${path('am.yml')}: warning: found no readable file ./gone, receivers that name it send nothing until it is there`,
      expect.stringContaining('alertmanager: alerts go to "ops"'),
    ]);
    await config();
    expect(heard()).toBe('');
  });

  it('keeps the receivers when the file turns bad, without its secrets', async () => {
    save('am.yml', GOOD);
    const config = live();
    const before = await config();
    heard();
    save('am.yml', GOOD.replace('http:', 'htp:'));
    expect(await config()).toBe(before);
    const text = heard();
    expect(text).toContain('receivers go on as they were');
    expect(text).toMatch(/am\.yml:2:\d+: /);
    expect(text).not.toContain('s3cret');
    await config();
    expect(heard()).toBe('');
  });

  it('rejects while a file that was never good is bad: alerts that nobody hears of would be lost', async () => {
    save('am.yml', 'route: {}');
    const config = live();
    for (let i = 0; i < 2; i++) await expect(config()).rejects.toThrow(/am\.yml/);
    expect(heard().match(/found no receiver/g)).toHaveLength(1);
    save('am.yml', GOOD);
    expect(await config()).toMatchObject({ route: { receiver: 'ops' } });
  });

  it('keeps the receivers when the file cannot be read', async () => {
    save('am.yml', GOOD);
    const config = live();
    const before = await config();
    unlinkSync(path('am.yml'));
    mkdirSync(path('am.yml'));
    expect(await config()).toBe(before);
    expect(heard()).toContain('EISDIR');
  });
});
