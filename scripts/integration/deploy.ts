import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './commands.ts';

const FOLDER = join(import.meta.dirname, '../../.cache/integration');

/** Its own name, so that a test never touches an installation in the same account. */
export const STACK = 'TidemarkIntegration';

export const OUTPUTS_FILE = join(FOLDER, 'outputs.json');

const BOOTSTRAP_MS = 90_000;
const DEPLOY_MS = 180_000;

/** One rule that is due every five seconds, so that the holder of the lease stays resident. */
const RULES = `groups:
  - name: road
    interval: 5s
    rules:
      - alert: RoadHot
        expr: road_temperature > 90
        labels:
          severity: critical
        annotations:
          summary: the road is {{ $value }} degrees
`;

const alertmanager = (webhookPort: number): string => `route:
  receiver: road
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: road
    webhook_configs:
      - url: http://127.0.0.1:${webhookPort}/hook
`;

const writeSettings = (webhookPort: number): string => {
  mkdirSync(join(FOLDER, 'rules'), { recursive: true });
  writeFileSync(join(FOLDER, 'rules', 'road.yml'), RULES);
  writeFileSync(join(FOLDER, 'alertmanager.yml'), alertmanager(webhookPort));
  const settings = {
    rules: join(FOLDER, 'rules'),
    alertmanager: join(FOLDER, 'alertmanager.yml'),
    storeWindowS: 1,
    allowedNetworks: ['127.0.0.0/8'],
    disposable: true,
  };
  const file = join(FOLDER, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  return file;
};

const logOf = (verb: string): string => join(FOLDER, `${verb}.log`);

/** What `cdk deploy` needs in an account; an emulator starts without. Away from cdk.json, or it would synthesise the stack first. */
export const bootstrap = async (env: NodeJS.ProcessEnv): Promise<void> => {
  mkdirSync(FOLDER, { recursive: true });
  const target = `aws://${env['CDK_DEFAULT_ACCOUNT'] ?? ''}/${env['CDK_DEFAULT_REGION'] ?? ''}`;
  await run('cdk', ['bootstrap', target, '--no-notices', '--ci'], { env, cwd: FOLDER, timeoutMs: BOOTSTRAP_MS, logFile: logOf('bootstrap') });
};

/** Deploys with a webhook to this machine. */
export const deploy = async (webhookPort: number, env: NodeJS.ProcessEnv): Promise<void> => {
  const context = ['-c', `tidemark=${writeSettings(webhookPort)}`, '-c', `stack=${STACK}`];
  const files = ['-o', join(FOLDER, 'cdk.out'), '--outputs-file', OUTPUTS_FILE];
  const args = ['deploy', STACK, ...context, ...files, '--require-approval', 'never', '--no-notices', '--progress', 'events', '--ci'];
  await run('cdk', args, { env, timeoutMs: DEPLOY_MS, logFile: logOf('deploy') });
};
