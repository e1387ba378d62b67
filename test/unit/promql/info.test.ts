import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { parseQuery } from '../../../shared/promql/parser.ts';
import type { SelectRequest } from '../../../shared/promql/series-source.ts';
import { lines, load } from './load.ts';

const memory = load('1m', `
  m{instance="a", job="j"} 1 2 3 4
  m{instance="b", job="j"} 5 6 7 8
  alone 9
  target_info{instance="a", job="j", version="1", zone="x"} 1 1 stale
  target_info{instance="a", job="j", version="2", zone="x"} _ _ 1 1
  build_info{instance="a", job="j", rev="r"} 1 1 1 1
  twice_info{instance="a", job="j", c="1"} 1
  twice_info{instance="a", job="j", c="2"} 1
  h_info{instance="a", job="j", c="1"} {{count:1 sum:1}}
`);
const at = async (query: string, minutes = 0): Promise<string[]> => lines(await evaluateInstant(memory.select, query, minutes * 60_000)).toSorted();

describe('info()', () => {
  it('adds the labels of target_info, and leaves what no info series describes', async () => {
    expect(await at('info(m)')).toEqual(['m{instance="a", job="j", version="1", zone="x"} 1', 'm{instance="b", job="j"} 5']);
    expect(await at('info(alone)')).toEqual(['alone 9']);
  });

  it('adds only the labels it is asked for', async () => {
    expect(await at('info(m{instance="a"}, {version=~".*"})')).toEqual(['m{instance="a", job="j", version="1"} 1']);
  });

  it('drops what no info series describes when a condition wants one', async () => {
    expect(await at('info(m, {version=~".+"})')).toEqual(['m{instance="a", job="j", version="1"} 1']);
    expect(await at('info(m, {version="3"})')).toEqual([]);
  });

  it('reads other info metrics, several at once, and all of them when names are only excluded', async () => {
    expect(await at('info(m{instance="a"}, {__name__="build_info"})')).toEqual(['m{instance="a", job="j", rev="r"} 1']);
    expect(await at('info(m{instance="a"}, {__name__=~"(target|build)_info"})')).toEqual(['m{instance="a", job="j", rev="r", version="1", zone="x"} 1']);
    expect(await at('info(m{instance="a"}, {__name__!~"twice.*|h.*|target.*"})')).toEqual(['m{instance="a", job="j", rev="r"} 1']);
  });

  it('leaves info series themselves alone', async () => {
    expect(await at('info(build_info, {__name__=~".*d_info"})')).toEqual(['build_info{instance="a", job="j", rev="r"} 1']);
  });

  it('follows the info series over time', async () => {
    const result = await evaluateRange(memory.select, 'info(m{instance="a"})', { startMs: 60_000, endMs: 180_000, stepMs: 60_000 });
    expect(lines(result)).toEqual(['m{instance="a", job="j", version="1", zone="x"} 2@60000', 'm{instance="a", job="j", version="2", zone="x"} 3@120000 4@180000']);
  });

  it('looks at the times of what it describes', async () => {
    expect(await at('info(m{instance="a"} offset 2m)', 3)).toEqual(['m{instance="a", job="j", version="1", zone="x"} 2']);
    expect(await at('info(m{instance="a"} @ 60)', 30)).toEqual(['m{instance="a", job="j", version="1", zone="x"} 2']);
    expect(await at('info(sum by (instance, job) (last_over_time(m{instance="a"}[1m:1m] @ 60)))', 30)).toEqual(['{instance="a", job="j", version="1", zone="x"} 2']);
  });

  it('asks storage for the info series alone', async () => {
    const seen: SelectRequest[] = [];
    await evaluateInstant((request) => (seen.push(request), memory.select(request)), 'info(m, {zone="x"})', 60_000);
    expect(seen.map(({ matchers }) => matchers.map(({ name, op, value }) => `${name}${op}${value}`).join())).toEqual(['__name__=m', '__name__=target_info,zone=x']);
  });

  it.each([
    ['info(m, {__name__="twice_info"})', 'found duplicate series for info metric: existing {__name__="twice_info"'],
    ['info(m, {__name__=~"twice_info|h_info"})', 'info sample should be float'],
  ])('%s: %s', async (query, message) => {
    await expect(at(query)).rejects.toThrow(message);
  });

  it('two info metrics must not contradict each other', async () => {
    const conflict = load('1m', 'm{instance="a"} 1\na_info{instance="a", x="1"} 1\nb_info{instance="a", x="2"} 1');
    await expect(evaluateInstant(conflict.select, 'info(m, {__name__=~".+_info"})', 0)).rejects.toThrow('conflicting label: x');
  });

  it('takes conditions on labels, not a vector', () => {
    expect(() => parseQuery('info(m, target_info)')).toThrow('1:9: parse error: expected label selectors only, got vector selector instead');
    expect(() => parseQuery('info(m, 1)')).toThrow('1:9: parse error: expected type instant vector in call to function "info", got scalar');
  });
});
