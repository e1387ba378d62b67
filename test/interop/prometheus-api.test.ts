import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianPrograms } from '../../scripts/debian.ts';
import { eventually, queryVector } from '../support/tidemark-process.ts';
import { type OpenServer, openServer } from './open-server.ts';
import { type PrometheusServer, startPrometheus } from './prometheus-server.ts';
import { SAME_ANSWERS, SAME_ERRORS, SAME_STATUS } from './prometheus-requests.ts';
import { remoteWrite, type WrittenSeries } from './remote-write-body.ts';

const programs = debianPrograms(['prometheus']);

const RULES = `groups:
  - name: one
    interval: 5s
    rules:
      - alert: busy
        expr: cpu > 1e9
        labels: { severity: page }
        annotations: { summary: 'host {{ $labels.host }}' }
      - alert: idle
        expr: cpu < 0
        for: 5m
        keep_firing_for: 1m
  - name: two
    rules: [{ alert: never, expr: vector(1) == 0 }]
`;

const STEP_MS = 10_000;
const STEPS = 60;
/** Whole minutes, so that both sides print the same times. */
const END_MS = Math.floor(Date.now() / 60_000) * 60_000;
/** Windows are closed on the left in 2.x and open in 3.x: no sample may lie on an edge of one. */
const OFF_GRID_S = 7;
const START_MS = END_MS - STEPS * STEP_MS;

const samplesOf = (value: (step: number) => number, steps = STEPS): WrittenSeries['samples'] =>
  Array.from({ length: steps + 1 }, (_, step) => ({ value: value(step), timestamp: START_MS + step * STEP_MS }));

const SERIES: readonly WrittenSeries[] = [
  ...['a', 'b"\\\n', 'ü😀'].map((host, i) => ({ labels: { __name__: 'cpu', host }, samples: samplesOf((step) => 1 + i + Math.sin(step) / 2) })),
  ...['200', '500'].flatMap((code) =>
    ['a', 'b'].map((host) => ({ labels: { __name__: 'requests_total', host, code }, samples: samplesOf((step) => (step % 25) * Number(code)) })),
  ),
  ...['0.1', '1', '+Inf'].map((le, i) => ({ labels: { __name__: 'latency_bucket', le }, samples: samplesOf((step) => step * (i + 1)) })),
  ...[NaN, Infinity, -Infinity, -0, 1e-7, 1e21, 0.1 + 0.2].map((value, i) => ({ labels: { __name__: 'special', host: String(i) }, samples: samplesOf(() => value) })),
  { labels: { __name__: 'gone', host: 'a' }, samples: samplesOf((step) => step, STEPS / 2) },
];

const PROMTOOL: readonly (readonly [verb: string, ...args: string[]])[] = [
  ['instant', '--time', String(END_MS / 1000 - 3), 'sum by (host, code) (rate(requests_total[1m]))'],
  ['range', '--start', String(START_MS / 1000 + OFF_GRID_S), '--end', String(END_MS / 1000 - 3), '--step', '15s', 'cpu{host="a"}'],
  ['series', '--match', 'cpu', '--match', 'gone'],
  ['labels', 'host'],
];

describe.skipIf('missing' in programs)(`Prometheus 2.42 and we${'missing' in programs ? ` (${programs.missing})` : ''}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-api-'));
  let tidemark: OpenServer;
  let prometheus: PrometheusServer;

  beforeAll(async () => {
    const data = join(folder, 'data');
    mkdirSync(join(data, 'rules'), { recursive: true });
    writeFileSync(join(data, 'rules/rules.yml'), RULES);
    [tidemark, prometheus] = await Promise.all([openServer(data), startPrometheus('folder' in programs ? programs.folder : '', folder, RULES)]);
    await remoteWrite([prometheus.url, tidemark.url], SERIES);
    await eventually('stored', 30_000, async () => ((await queryVector(tidemark.url, 'special', END_MS / 1000)).length > 0 ? true : undefined));
  });

  afterAll(async () => {
    await prometheus?.kill();
    await tidemark?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = async (url: string, request: string, isForm = false): Promise<{ status: number; body: unknown }> => {
    const filled = request.replaceAll('{S}', String(START_MS / 1000 + OFF_GRID_S)).replaceAll('{E}', String(END_MS / 1000 - STEP_MS / 1000 + OFF_GRID_S));
    const [path = '', text = ''] = splitAt(filled, '?');
    const query = text.split('&').filter((pair) => pair !== '').map((pair) => splitAt(pair, '=').map((part) => encodeURIComponent(part.replaceAll('%2B', '+'))).join('=')).join('&');
    const answer = await (isForm ? fetch(`${url}/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(query) }) : fetch(`${url}/api/v1/${path}?${query}`));
    return { status: answer.status, body: plain(await answer.json()) };
  };

  it.each(SAME_ANSWERS)('answer alike: %s', async (request) => {
    const theirs = await ask(prometheus.url, request);
    expect(theirs.status).toBe(200);
    expect(await ask(tidemark.url, request)).toEqual(theirs);
    if (/^(?:query|series|labels)/.test(request)) expect(await ask(tidemark.url, request, true)).toEqual(theirs);
  });

  it.each(SAME_ERRORS)('refuse alike: %s', async (request) => {
    const theirs = await ask(prometheus.url, request);
    expect(theirs.status).toBeGreaterThanOrEqual(400);
    expect(await ask(tidemark.url, request)).toEqual(theirs);
  });

  it('show rules alike, but for the times of evaluations and the folder of a file', async () => {
    const rulesOf = async (url: string, filter: string): Promise<unknown> => {
      const { data } = (await (await fetch(`${url}/api/v1/rules?${filter}`)).json()) as { data: { groups: readonly { file: string }[] } };
      // Tidemark's own alerts are a group of no file.
      const text = JSON.stringify({ ...data, groups: data.groups.filter(({ file }) => file !== 'tidemark') }, (name, value: unknown) => (['evaluationTime', 'lastEvaluation', 'health'].includes(name) ? typeof value : value));
      return JSON.parse(text.replace(/"file":"[^"]*\/rules.yml"/g, '"file":"rules.yml"'));
    };
    for (const filter of ['', 'type=alert']) expect(await rulesOf(tidemark.url, filter)).toEqual(await rulesOf(prometheus.url, filter));
  });

  it('expose the same samples to a federation', async () => {
    // Staleness counts from now there, and the samples end at the whole minute.
    const linesOf = async (url: string): Promise<readonly string[]> =>
      (await (await fetch(`${url}/federate?match[]=cpu&match[]={__name__=~"special|latency_bucket"}&match[]=cpu`)).text()).trim().split('\n').toSorted();
    const theirs = await linesOf(prometheus.url);
    expect(theirs.length).toBeGreaterThan(13);
    expect(await linesOf(tidemark.url)).toEqual(theirs);
  });

  it.each(PROMTOOL)('let promtool print the same: %s', async (verb, ...args) => {
    const printed = async (url: string): Promise<readonly string[]> =>
      (await promisify(execFile)(join('folder' in programs ? programs.folder : '', 'promtool'), ['query', verb, url, ...args])).stdout.split('\n').toSorted();
    const theirs = await printed(prometheus.url);
    expect(theirs.length).toBeGreaterThan(2);
    expect(await printed(tidemark.url)).toEqual(theirs);
  });

  it.each(SAME_STATUS)('refuse with one status: %s', async (request) => {
    const [theirs, ours] = await Promise.all([ask(prometheus.url, request), ask(tidemark.url, request)]);
    const errorType = (body: unknown): unknown => (body as { errorType: unknown }).errorType;
    expect(theirs.status).toBeGreaterThanOrEqual(400);
    expect([ours.status, errorType(ours.body)]).toEqual([theirs.status, errorType(theirs.body)]);
  });
});

const splitAt = (text: string, mark: string): readonly [string, string] => {
  const at = text.indexOf(mark);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};

/** What our own senders push, and what 2.42 does not know yet. */
const plain = (body: unknown): unknown => {
  const { infos, warnings, ...rest } = body as { infos?: unknown; warnings?: unknown; data?: unknown };
  void [infos, warnings];
  return rest.data === undefined ? rest : { ...rest, data: sorted(rest.data) };
};

/** Series in one order, whatever the server's. */
const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.every((each) => typeof each === 'object' && each !== null && !Array.isArray(each)) ? value.toSorted(byJson) : value;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, name === 'result' ? sorted(inner) : inner]));
};

const byJson = (a: unknown, b: unknown): number => (labelText(a) < labelText(b) ? -1 : 1);
const labelText = (series: unknown): string => JSON.stringify(Object.entries((series as { metric?: object }).metric ?? (series as object)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
