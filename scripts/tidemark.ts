#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { text } from 'node:stream/consumers';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ItemTable } from '../shared/catalog/item-table.ts';
import type { Api } from '../shared/commands/api.ts';
import { BACKFILL_FORMATS, type BackfillFormat, backfill } from '../shared/commands/backfill.ts';
import { backtest } from '../shared/commands/backtest.ts';
import { type CheckReport, type NamedText, checkConfig, checkRules } from '../shared/commands/check.ts';
import { configRoutesShow, configRoutesTest } from '../shared/commands/config-routes.ts';
import { deleteSeries } from '../shared/commands/delete.ts';
import { doctor } from '../shared/commands/doctor.ts';
import { keysCreate, keysList, keysRevoke } from '../shared/commands/keys.ts';
import { push } from '../shared/commands/push.ts';
import { query } from '../shared/commands/query.ts';
import { rebuild } from '../shared/commands/rebuild.ts';
import { rebuildCatalog } from '../shared/commands/rebuild-catalog.ts';
import { redrive } from '../shared/commands/redrive.ts';
import { listRetirements, retire, unretire } from '../shared/commands/retirements.ts';
import { sql } from '../shared/commands/sql.ts';
import { testRules } from '../shared/commands/test-rules.ts';
import { PermanentError, messageOf } from '../shared/errors.ts';
import { KEY_SCOPES, type KeyScope } from '../shared/keys/api-key.ts';
import { addAlertVerbs, addNotificationVerbs, addSilenceVerbs } from './alert-verbs.ts';
import { backfillFile } from './backfill-file.ts';
import { ruleFilesOf } from './rule-files.ts';
import { secretFileWarnings } from './secret-files.ts';
import { templateFilesOf } from './template-files.ts';

const DEFAULT_URL = 'http://127.0.0.1:9090';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** One line that is written over, for people alone: a file or a pipe gets the result and nothing else. */
const showProgress = (line: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${line}`);
};

const withProgress = async <T>(run: (progress: (line: string) => void) => Promise<T>): Promise<T> => run(showProgress).finally(() => showProgress(''));

const readNamed = (file: string): NamedText => {
  try {
    return { file, text: readFileSync(file, 'utf8') };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new PermanentError(`read ${file}: ${code === 'ENOENT' ? 'there is no such file' : messageOf(cause)}`, { cause });
  }
};

const tell = (report: CheckReport): void => {
  print(report.lines.join('\n'));
  process.exitCode = report.ok ? 0 : 1;
};

/** Loaded when it is asked for: the SDK takes longer to load than all the rest. */
const keysTable = async (name: string): Promise<ItemTable> => {
  const [{ dynamoClient }, { makeDynamoItems }, { realPacing }] = await Promise.all([
    import('../shared/aws/clients.ts'),
    import('../shared/aws/item-dynamo.ts'),
    import('../shared/aws/pacing.ts'),
  ]);
  const client = dynamoClient();
  await client.config.region().catch((cause: unknown) => {
    throw new PermanentError('open keys: no AWS region is set; set AWS_REGION, and credentials as for the AWS CLI', { cause });
  });
  return makeDynamoItems(client, name, realPacing);
};

/** A port as people type it. */
const port = (value: string): number => {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 1 || number > 65_535) throw new InvalidArgumentError('a port is a whole number from 1 to 65535');
  return number;
};

/** The options of every verb that talks to an installation. */
const withApi = (command: Command): Command =>
  command
    .option('--url <url>', 'where the installation answers', process.env['TIDEMARK_URL'] ?? DEFAULT_URL)
    .option('--key <key>', 'an API key (or TIDEMARK_KEY); npm start on loopback needs none');

interface BackfillCommand extends AdminOptions {
  readonly format?: BackfillFormat;
  readonly metricColumn: string;
  readonly timeColumn: string;
  readonly valueColumn: string;
  readonly dryRun: boolean;
  readonly json: boolean;
}

const apiOf = (options: { url: string; key?: string }): Api => {
  const key = options.key ?? process.env['TIDEMARK_KEY'];
  return { url: options.url, fetch, ...(key === undefined ? {} : { key }) };
};

/** The options of the keeper's verbs, which on AWS run in this process. */
const withAdmin = (command: Command): Command =>
  withApi(command).option('--stack <name>', 'a deployed installation, by its CloudFormation stack; with the credentials of the AWS CLI (or TIDEMARK_STACK)', process.env['TIDEMARK_STACK']);

interface AdminOptions {
  readonly url: string;
  readonly key?: string;
  readonly stack?: string;
}

/** The SDK is loaded when it is asked for: that takes longer than all the rest. */
const adminOf = async (options: AdminOptions): Promise<Api> =>
  options.stack === undefined ? apiOf(options) : (await import('./admin/stack-admin.ts')).openStack(options.stack, process.env);

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('tidemark')
  .description('Metrics monitoring and alerting: push samples, query them with PromQL and SQL, be told when a rule fires.')
  .version(version)
  .showHelpAfterError();

program
  .command('start')
  .description('run all of it on this machine')
  .option('--port <port>', 'where it answers, on 127.0.0.1', port, 9090)
  .option('--data <folder>', 'where everything is kept', '.tidemark-data')
  .option('--rules <folder>', 'rule files, *.yml (default: <data>/rules)')
  .option('--alertmanager <file>', 'where alerts go (default: <data>/alertmanager.yml)')
  .option('--retention <days by tier>', 'how long each tier is kept', 'raw=7d,1m=30d,1h=365d')
  .option('--retention-classes <file>', 'a JSON list of {"name", "match", "retention"}: series that match are kept for a time of their own')
  .option('--lateness <duration>', 'how late after its own time a sample may arrive and still count for rules: the longest flush interval of a sender, and 5s', '15s')
  .action(async (options: { port: number; data: string; rules?: string; alertmanager?: string; retention: string; retentionClasses?: string; lateness: string }) => {
    const { start } = await import('./start.ts');
    await start({ ...options, version });
  });

withApi(program.command('push'))
  .description("send samples as plain lines: 'CPU.load host=webserver01,region=us-west 1613707265 50'")
  .argument('[line...]', 'one line each; read from standard input if there is none')
  .action(async (lines: string[], options: { url: string; key?: string }) => {
    print(await push(apiOf(options), lines.length > 0 ? `${lines.join('\n')}\n` : await text(process.stdin)));
  });

withApi(program.command('query'))
  .description('run a PromQL query, at one time or over a range')
  .argument('<expr>', "for example 'sum by (mode) (rate(node_cpu_seconds_total[1m]))'")
  .option('--time <time>', 'Unix seconds or RFC 3339; now if absent')
  .option('--start <time>', 'makes it a range query, with --end and --step')
  .option('--end <time>')
  .option('--step <duration>')
  .option('--json', 'the answer as it is', false)
  .action(async (expr: string, options: { url: string; key?: string; json: boolean }) => print(await query(apiOf(options), expr, options)));

withApi(program.command('sql'))
  .description('run one SELECT over the views samples(metric, labels, host, …, ts, time, value, dt), samples_1m, samples_1h, series, alert_events and notifications')
  .argument('<statement>', 'with ? for parameters')
  .argument('[parameter...]')
  .option('--json', 'the answer as it is', false)
  .action(async (statement: string, parameters: string[], options: { url: string; key?: string; json: boolean }) =>
    print(await sql(apiOf(options), statement, parameters, options.json)),
  );

withAdmin(program.command('backfill'))
  .description('put the samples of files straight into the partitions of their time; fine to interrupt and to run again')
  .argument('<file...>', 'CSV with a header, JSON lines, Prometheus text with times, or Parquet')
  .addOption(new Option('--format <format>', 'of all the files; by the ends of their names if absent').choices(BACKFILL_FORMATS))
  .option('--metric-column <name>', 'of CSV and Parquet', 'metric')
  .option('--time-column <name>', 'of CSV and Parquet: Unix seconds or milliseconds, RFC 3339, a timestamp', 'ts')
  .option('--value-column <name>', 'of CSV and Parquet; further columns are labels', 'value')
  .option('--dry-run', 'say what would become of the samples, and change nothing', false)
  .option('--json', 'for machines', false)
  .action(async (files: string[], { metricColumn, timeColumn, valueColumn, ...options }: BackfillCommand) => {
    const columns = { metric: metricColumn, time: timeColumn, value: valueColumn };
    const opened = await Promise.all(files.map(backfillFile));
    print(await withProgress(async (progress) => backfill(await adminOf(options), opened, { ...options, columns, progress })));
  });

withAdmin(program.command('redrive'))
  .description('put quarantined records back into the stream, each once; fine to interrupt and to run again')
  .option('--dry-run', 'say what would become of them, and change nothing', false)
  .option('--json', 'for machines', false)
  .action(async (options: AdminOptions & { dryRun: boolean; json: boolean }) =>
    print(await withProgress(async (progress) => redrive(await adminOf(options), { dryRun: options.dryRun, json: options.json, progress }))),
  );

withAdmin(program.command('doctor'))
  .description('compare catalog, manifests, objects and SQL lists, and say what to do about what is wrong; exits with 1 then')
  .option('--rebuild-catalog', 'put back the partitions and files of history of a catalog that is lost, from the objects alone; fine to interrupt and to run again', false)
  .option('--force', 'with --rebuild-catalog: also partitions that the catalog knows', false)
  .option('--json', 'for machines', false)
  .action(async ({ force, json, ...options }: AdminOptions & { json: boolean; force: boolean; rebuildCatalog: boolean }) =>
    tell(await withProgress(async (progress) => (options.rebuildCatalog ? rebuildCatalog(await adminOf(options), { force, json, progress }) : doctor(await adminOf(options), { json, progress })))),
  );

withAdmin(program.command('rebuild'))
  .description('compute 1m from raw and 1h from 1m again, and write anew what differs; fine to interrupt and to run again')
  .option('--verify', 'only say what differs; exits with 1 then', false)
  .addOption(new Option('--tier <tier>', 'one of them').choices(['1m', '1h']))
  .option('--from <time>', 'Unix seconds or RFC 3339; all there is if absent')
  .option('--to <time>')
  .option('--json', 'for machines', false)
  .action(async (options: AdminOptions & { verify: boolean; tier?: '1m' | '1h'; from?: string; to?: string; json: boolean }) =>
    tell(await withProgress(async (progress) => rebuild(await adminOf(options), { ...options, progress }))),
  );

withAdmin(program.command('delete'))
  .description('delete samples from raw, 1m and 1h; fine to interrupt and to run again')
  .requiredOption('--match <selector>', "which series, such as 'up{job=\"node\"}'")
  .requiredOption('--from <time>', 'the first time, Unix seconds or RFC 3339')
  .requiredOption('--to <time>', 'the first time that stays')
  .option('--dry-run', 'count the rows of every tier, and change nothing', false)
  .option('--yes', 'do it: without this, or with --dry-run, nothing is deleted', false)
  .option('--json', 'for machines', false)
  .action(async ({ yes, ...options }: AdminOptions & { match: string; from: string; to: string; dryRun: boolean; yes: boolean; json: boolean }) => {
    const { match, from, to, dryRun, json } = options;
    if (!dryRun && !yes) throw new PermanentError('delete: found neither --yes nor --dry-run; see with --dry-run what would go, then say --yes');
    print(await withProgress(async (progress) => deleteSeries(await adminOf(options), { match, from, to, dryRun, json, progress })));
  });

interface BacktestCommand extends AdminOptions {
  readonly from: string;
  readonly to?: string;
  readonly against?: string[];
  readonly alertmanager?: string;
  readonly picture?: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  readonly markdown: boolean;
}

withAdmin(program.command('backtest'))
  .description('try rules on history: would-be alerts, pages and minutes of firing; changes nothing, fine to interrupt')
  .argument('<file...>', 'rule files in the format of Prometheus')
  .requiredOption('--from <time>', 'the first time, Unix seconds or RFC 3339')
  .option('--to <time>', 'the first time that is left out; all that is surely stored if absent')
  .option('--against <file...>', 'the rules as they were: what the change of them changes')
  .option('--alertmanager <file>', 'count the pages that its routes, timers, inhibition and mute times would send')
  .option('--picture <file>', 'a time line as SVG')
  .option('--dry-run', 'say how much it would evaluate and read, and stop', false)
  .option('--json', 'for machines, with all episodes', false)
  .option('--markdown', 'with --against: for the comment of a pull request', false)
  .action(async (files: string[], { against, alertmanager, picture, ...options }: BacktestCommand) => {
    const { from, to, dryRun, json, markdown } = options;
    const config = alertmanager === undefined ? undefined : readNamed(alertmanager);
    const request = {
      files: files.map(readNamed),
      ...(against === undefined ? {} : { against: against.map(readNamed) }),
      ...(config === undefined ? {} : { alertmanager: { ...config, templates: await templateFilesOf(config.text, config.file) } }),
      ...(to === undefined ? {} : { to }),
      ...(picture === undefined ? {} : { picture: (svg: string) => writeFileSync(picture, svg) }),
    };
    tell(await withProgress(async (progress) => backtest(await adminOf(options), { ...request, from, dryRun, json, markdown, progress })));
  });

const check = program.command('check').description('read files as the product does, and name all their errors');

check
  .command('rules')
  .argument('<file...>', 'rule files in the format of Prometheus')
  .action((files: string[]) => tell(checkRules(files.map(readNamed))));

program
  .command('test')
  .description('run tests of what an installation is configured with')
  .command('rules')
  .description('run rule tests in the format of promtool; exits with 1 when one fails')
  .argument('<file...>', 'test files; the rule files that they name stand beside them')
  .action(async (files: string[]) => tell(await testRules(files.map(readNamed), ruleFilesOf)));

check
  .command('config')
  .argument('<file>', 'a file in the format of Alertmanager')
  .action(async (path: string) => {
    const file = readNamed(path);
    tell(checkConfig(file, await templateFilesOf(file.text, path), (config) => secretFileWarnings(config, path)));
  });

const configRoutes = program.command('config').description('look at a file in the format of Alertmanager').command('routes').description('where alerts go');

configRoutes
  .command('show')
  .description('the routing tree')
  .argument('<file>')
  .action((file: string) => tell(configRoutesShow(readNamed(file))));

configRoutes
  .command('test')
  .description('the receivers of alerts with some labels')
  .argument('<file>')
  .argument('<label...>', "such as severity=page")
  .action((file: string, labels: string[]) => tell(configRoutesTest(readNamed(file), labels)));

const alerts = program.command('alerts').description('what fires, what people say of it, and what became of notifications');
const setting = { withApi, apiOf, print, tell };
addAlertVerbs(alerts, setting);
addNotificationVerbs(alerts, setting);
addSilenceVerbs(program.command('silence').description('keep alerts from being told of, for a time'), setting);

withApi(alerts.command('retire'))
  .description('say that series go away on purpose: none of them is missing until it has reported again')
  .requiredOption('--match <matchers>', "which series, such as '{instance=\"web-3\"}'")
  .requiredOption('--comment <text>', 'why')
  .option('--for <duration>', 'how long their going may take', '7d')
  .option('--json', 'the answer as it is', false)
  .action(async ({ match, comment, for: during, json, ...options }: { url: string; key?: string; match: string; comment: string; for: string; json: boolean }) =>
    print(await retire(apiOf(options), { match, comment, for: during, createdBy: userInfo().username, json })),
  );

withApi(alerts.command('retirements'))
  .description('what was said so')
  .option('--json', 'the answer as it is', false)
  .action(async (options: { url: string; key?: string; json: boolean }) => print(await listRetirements(apiOf(options), options.json)));

withApi(alerts.command('unretire'))
  .description('take one back: its series are missing again')
  .argument('<id>')
  .action(async (id: string, options: { url: string; key?: string }) => print(await unretire(apiOf(options), id)));

const keys = program.command('keys').description('API keys of a deployed installation; npm start on loopback needs none');

/** The options of every verb on keys. */
const withKeys = (command: Command): Command =>
  command
    .requiredOption('--table <name>', 'the DynamoDB table of keys: the output KeysTable of the stack (or TIDEMARK_KEYS_TABLE)', process.env['TIDEMARK_KEYS_TABLE'])
    .option('--json', 'for machines', false);

withKeys(keys.command('create'))
  .description('make a key and show it, this once only')
  .addOption(new Option('--scope <scope>', 'what it may do').choices(KEY_SCOPES).makeOptionMandatory())
  .option('--name <name>', 'what it is for', 'unnamed')
  .action(async (options: { table: string; json: boolean; scope: KeyScope; name: string }) => {
    const key = { scope: options.scope, name: options.name, author: userInfo().username, nowMs: Date.now(), random: randomBytes(32) };
    print(await keysCreate(await keysTable(options.table), key, options.json));
  });

withKeys(keys.command('list'))
  .description('every key but the keys themselves')
  .action(async (options: { table: string; json: boolean }) => print(await keysList(await keysTable(options.table), options.json)));

withKeys(keys.command('revoke'))
  .description('end a key')
  .argument('<id>')
  .action(async (id: string, options: { table: string; json: boolean }) => print(await keysRevoke(await keysTable(options.table), id, options.json)));

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`tidemark: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
