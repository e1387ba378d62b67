import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '../../test/simulation/random.ts';
import { startPrometheus } from '../../test/interop/prometheus-server.ts';
import { remoteWriteBody } from '../bench/remote-write-body.ts';
import { type AskEngine, askOurs, askPrometheus } from './differential.ts';
import { inMemory, makeSeries } from './series.ts';

export interface Engines {
  readonly ours: AskEngine;
  readonly theirs: AskEngine;
  close(): Promise<void>;
}

/** The series are the same for all queries. */
const SERIES_SEED = 1;

/** Our engine over series in memory, and a Prometheus out of the folder of programs that has the same. */
export const startEngines = async (programs: string): Promise<Engines> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-differential-'));
  const prometheus = await startPrometheus(programs, folder, 'groups: []\n');
  const close = async (): Promise<void> => {
    await prometheus.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  const series = makeSeries(new Random(SERIES_SEED));
  const headers = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '0.1.0' };
  const answer = await fetch(`${prometheus.url}/api/v1/write`, { method: 'POST', headers, body: new Uint8Array(remoteWriteBody([series])) });
  if (!answer.ok) {
    await close();
    throw new Error(`write the series: found status ${answer.status} (${await answer.text()}), 2xx is allowed`);
  }
  return { ours: askOurs(inMemory(series).select), theirs: askPrometheus(prometheus.url), close };
};
