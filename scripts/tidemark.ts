#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { Command, InvalidArgumentError } from 'commander';
import type { Api } from '../shared/commands/api.ts';
import { push } from '../shared/commands/push.ts';
import { query } from '../shared/commands/query.ts';
import { sql } from '../shared/commands/sql.ts';
import { messageOf } from '../shared/errors.ts';

const DEFAULT_URL = 'http://127.0.0.1:9090';

const print = (line: string): void => void process.stdout.write(`${line}\n`);

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

const apiOf = (options: { url: string; key?: string }): Api => {
  const key = options.key ?? process.env['TIDEMARK_KEY'];
  return { url: options.url, fetch, ...(key === undefined ? {} : { key }) };
};

const program = new Command('tidemark')
  .description('Metrics monitoring and alerting: push samples, query them with PromQL and SQL, be told when a rule fires.')
  .version((JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string }).version)
  .showHelpAfterError();

program
  .command('start')
  .description('run all of it on this machine')
  .option('--port <port>', 'where it answers, on 127.0.0.1', port, 9090)
  .option('--data <folder>', 'where everything is kept', '.tidemark-data')
  .option('--rules <folder>', 'rule files, *.yml (default: <data>/rules)')
  .option('--alertmanager <file>', 'where alerts go (default: <data>/alertmanager.yml)')
  .action(async (options: { port: number; data: string; rules?: string; alertmanager?: string }) => {
    const { start } = await import('./start.ts');
    await start(options);
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
  .description('run one SELECT over the view samples(metric, labels, host, …, ts, time, value, dt)')
  .argument('<statement>', 'with ? for parameters')
  .argument('[parameter...]')
  .option('--json', 'the answer as it is', false)
  .action(async (statement: string, parameters: string[], options: { url: string; key?: string; json: boolean }) =>
    print(await sql(apiOf(options), statement, parameters, options.json)),
  );

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`tidemark: ${messageOf(error)}\n`);
  process.exitCode = 1;
}
