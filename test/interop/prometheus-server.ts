import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../scripts/free-port.ts';
import { eventually } from '../support/tidemark-process.ts';

export interface PrometheusServer {
  readonly url: string;
  kill(): Promise<void>;
}

/** A Prometheus of the folder of programs, which takes remote writes and evaluates the rules. */
export const startPrometheus = async (programs: string, folder: string, rules: string): Promise<PrometheusServer> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  writeFileSync(join(folder, 'rules.yml'), rules);
  writeFileSync(join(folder, 'prometheus.yml'), 'rule_files: [rules.yml]\n');
  const args = [`--config.file=${join(folder, 'prometheus.yml')}`, `--storage.tsdb.path=${join(folder, 'tsdb')}`, `--web.listen-address=127.0.0.1:${port}`];
  const child: ChildProcess = spawn(join(programs, 'prometheus'), [...args, '--web.enable-remote-write-receiver'], { stdio: 'ignore' });
  await eventually('Prometheus ready', 30_000, async () => (await fetch(`${url}/-/ready`)).ok || undefined);
  return {
    url,
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
};
