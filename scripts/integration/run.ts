import { endRunning, exitCodeOf, run, say, timed } from './commands.ts';
import { freePort } from '../free-port.ts';
import { bootstrap, deploy, OUTPUTS_FILE, STACK } from './deploy.ts';
import { installMinistack, startMinistack, type RunningEndpoint } from './ministack.ts';

const TESTS_MS = 420_000;

/** Credentials and account that every emulator takes. */
const EMULATED = {
  AWS_ACCESS_KEY_ID: 'test',
  AWS_SECRET_ACCESS_KEY: 'test',
  AWS_REGION: 'us-east-1',
  AWS_EC2_METADATA_DISABLED: 'true',
  CDK_DEFAULT_ACCOUNT: '000000000000',
  CDK_DEFAULT_REGION: 'us-east-1',
};

const NOT_OURS: RunningEndpoint = { url: process.env['AWS_ENDPOINT_URL'] ?? '', stop: async () => undefined };

const startEndpoint = async (): Promise<RunningEndpoint> => {
  if (process.env['INTEGRATION_ENDPOINT'] === 'aws' || NOT_OURS.url !== '') return NOT_OURS;
  await timed('install MiniStack', installMinistack);
  return timed('start MiniStack', startMinistack);
};

/** Which endpoint it is, by the address that only it has. */
const kindOf = async (endpoint: RunningEndpoint): Promise<string> => {
  if (endpoint.url === '') return 'aws';
  const localstack = await fetch(`${endpoint.url}/_localstack/info`).then((response) => response.ok, () => false);
  return localstack ? 'localstack' : 'ministack';
};

const environmentFor = (endpoint: RunningEndpoint): NodeJS.ProcessEnv =>
  endpoint.url === '' ? process.env : { ...process.env, ...EMULATED, AWS_ENDPOINT_URL: endpoint.url };

const main = async (filters: readonly string[]): Promise<number> => {
  await run('node', ['--eval', "process.exit(process.version.startsWith('v24.') ? 0 : 1)"], { timeoutMs: 10_000 });
  const endpoint = await startEndpoint();
  const stopAndLeave = (): void => {
    endRunning();
    void endpoint.stop().then(() => process.exit(130));
  };
  process.once('SIGINT', stopAndLeave).once('SIGTERM', stopAndLeave);
  try {
    const webhookPort = await freePort();
    const env = environmentFor(endpoint);
    if (endpoint.url !== '') await timed('bootstrap', () => bootstrap(env));
    await timed('deploy', () => deploy(webhookPort, env));
    const testEnv = { ...env, TIDEMARK_ENDPOINT: await kindOf(endpoint), TIDEMARK_OUTPUTS: OUTPUTS_FILE, TIDEMARK_STACK: STACK, TIDEMARK_WEBHOOK_PORT: String(webhookPort) };
    const args = ['run', '--config', 'vitest.integration.config.ts', ...filters];
    return (await timed('tests', () => exitCodeOf('vitest', args, { env: testEnv, timeoutMs: TESTS_MS }))) ?? 1;
  } finally {
    await timed('stop', endpoint.stop);
  }
};

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  },
);
