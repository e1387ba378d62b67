import { describe, expect, it } from 'vitest';
import { evaluateInstant, evaluateRange } from '../../../shared/promql/engine.ts';
import { PromqlExecutionError } from '../../../shared/promql/errors.ts';
import { lines, load } from './load.ts';

const memory = load(
  '1m',
  `
  req{path="/a",code="200"} 90
  req{path="/a",code="500"} 10
  req{path="/b",code="200"} 50
  limit{path="/a",team="x"} 40
  limit{path="/b",team="y"} 60
  pod_info{pod="p",node="n1"} 1 _ stale _
  pod_info{pod="p",node="n2"} _ _ 1 1
  pod_cpu{pod="p"} 3 3 4 4
  odd NaN
  minus_one -1
  `,
);

const at = async (query: string, tMs = 0): Promise<string[]> => lines(await evaluateInstant(memory.select, query, tMs));

describe('arithmetic between vectors', () => {
  it('matches on all labels but the name, and drops the name', async () => {
    expect(await at('req * req')).toEqual(['{code="200", path="/a"} 8100', '{code="500", path="/a"} 100', '{code="200", path="/b"} 2500'].toSorted());
  });

  it('copies labels of the one side with group_left', async () => {
    expect(await at('req{code="200"} - ignoring (code, team) group_left (team) limit')).toEqual([
      '{code="200", path="/a", team="x"} 50',
      '{code="200", path="/b", team="y"} -10',
    ]);
  });

  it('swaps the sides with group_right', async () => {
    expect(await at('limit - on (path) group_right () req{code="200"}')).toEqual(['{code="200", path="/a"} -50', '{code="200", path="/b"} 10']);
  });

  it('follows a partner that is replaced', async () => {
    const result = await evaluateRange(memory.select, 'pod_cpu * on (pod) group_left (node) pod_info', { startMs: 0, endMs: 180_000, stepMs: 60_000 });
    expect(lines(result)).toEqual(['{node="n1", pod="p"} 3@0 3@60000', '{node="n2", pod="p"} 4@120000 4@180000']);
  });

  it.each([
    ['limit * on (path) req', 'found duplicate series for the match group {path="/a"} on the right hand-side of the operation: [{__name__="req", code="500", path="/a"}, {__name__="req", code="200", path="/a"}];many-to-many matching not allowed: matching labels must be unique on one side'],
    ['req * on (path) group_right () limit', 'found duplicate series for the match group {path="/a"} on the left hand-side of the operation: [{__name__="req", code="500", path="/a"}, {__name__="req", code="200", path="/a"}];many-to-many matching not allowed: matching labels must be unique on one side'],
    ['req > on (path) limit', 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)'],
    ['req * on (path) group_left (code) limit', 'multiple matches for labels: grouping labels must ensure unique matches'],
  ])('%s: %s', async (query, message) => {
    await expect(at(query)).rejects.toThrow(new PromqlExecutionError(message));
  });

  it('finds no duplicates where the other side is empty', async () => {
    expect(await at('missing * on (path) req')).toEqual([]);
  });
});

describe('comparisons', () => {
  it('keep the left value and the name, wherever a scalar stands', async () => {
    expect(await at('req > 40')).toEqual(['req{code="200", path="/a"} 90', 'req{code="200", path="/b"} 50']);
    expect(await at('40 < req')).toEqual(['req{code="200", path="/a"} 90', 'req{code="200", path="/b"} 50']);
    expect(await at('limit < ignoring (code, team) req{code="200"}')).toEqual(['limit{path="/a"} 40']);
  });

  it('with bool give 0 and 1 without a name', async () => {
    expect(await at('limit > bool 50')).toEqual(['{path="/a", team="x"} 0', '{path="/b", team="y"} 1']);
  });

  it('with on keep only the labels of on', async () => {
    expect(await at('limit < on (path) req{code="200"}')).toEqual(['{path="/a"} 40']);
  });
});

describe('sets', () => {
  it('and, unless: by labels, whatever the values', async () => {
    expect(await at('req and on (path) (limit > 50)')).toEqual(['req{code="200", path="/b"} 50']);
    expect(await at('req unless on (path) (limit > 50)')).toEqual(['req{code="200", path="/a"} 90', 'req{code="500", path="/a"} 10']);
  });

  it('or: adds what the left does not have', async () => {
    expect(await at('(limit > 50) or on (path) req{code="200"}')).toEqual(['limit{path="/b", team="y"} 60', 'req{code="200", path="/a"} 90']);
  });

  it('decide anew at every step', async () => {
    const result = await evaluateRange(memory.select, 'pod_info{node="n2"} or on (pod) pod_cpu', { startMs: 60_000, endMs: 120_000, stepMs: 60_000 });
    expect(lines(result)).toEqual(['pod_cpu{pod="p"} 3@60000', 'pod_info{node="n2", pod="p"} 1@120000']);
  });
});

describe('arithmetic of Go where JavaScript differs', () => {
  it.each([
    ['1 ^ NaN', 'NaN', '1'],
    ['(-1) ^ Inf', 'NaN', '1'],
    ['-5 % 3', '-2', '-2'],
    ['5 % 0', 'NaN', 'NaN'],
    ['0 * -1', '-0', '-0'],
    ['2 atan2 -1', '2.0344439357957027', '2.0344439357957027'],
    ['1 / 0', '+Inf', '+Inf'],
  ])('%s (JavaScript: %s) is %s', async (query, _, value) => {
    expect(await at(query)).toEqual([value]);
  });

  it('NaN equals nothing, and is not filtered by !=', async () => {
    expect(await at('odd == odd')).toEqual([]);
    expect(await at('odd != 1')).toEqual(['odd NaN']);
    expect(await at('minus_one ^ Inf')).toEqual(['{} 1']);
  });
});
