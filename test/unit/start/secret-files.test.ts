import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { secretFileWarnings } from '../../../scripts/secret-files.ts';
import { parseAlertmanagerFile } from '../../../shared/alerting/alertmanager-file.ts';
import type { AlertmanagerConfig } from '../../../shared/alerting/receivers.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidemark-secrets-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

it('warns of a folder that stands where a secret should, as mounts make them', () => {
  writeFileSync(join(folder, 'key'), 's3cret');
  mkdirSync(join(folder, 'mounted'));
  const { config } = parseAlertmanagerFile('route: {receiver: a}\nreceivers: [{name: a, pagerduty_configs: [{routing_key_file: key}, {routing_key_file: mounted}]}]', 'am.yml', []);
  expect(secretFileWarnings(config as AlertmanagerConfig, join(folder, 'am.yml')).map((line) => /file (\w+),/.exec(line)?.[1])).toEqual(['mounted']);
});
