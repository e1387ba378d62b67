import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { debianPrograms } from '../../scripts/debian.ts';
import { compare, drawQuestions, shrink } from '../../scripts/promql-differential/differential.ts';
import { textOf } from '../../scripts/promql-differential/query-node.ts';
import { type Engines, startEngines } from '../../scripts/promql-differential/start.ts';

const programs = debianPrograms(['prometheus']);
const QUERIES = 300;

describe.skipIf('missing' in programs)(`random queries${'missing' in programs ? ` (${programs.missing})` : ''}`, () => {
  let engines: Engines;

  beforeAll(async () => {
    engines = await startEngines('folder' in programs ? programs.folder : '');
  });

  afterAll(() => engines?.close());

  it(`are answered as by Prometheus 2.42, ${QUERIES} at one time and over a range`, async () => {
    let withPoints = 0;
    for (let seed = 1; seed <= QUERIES; seed++) {
      for (const question of drawQuestions(seed)) {
        const difference = await compare(engines.ours, engines.theirs, question);
        if (difference !== undefined) {
          const least = await shrink(engines.ours, engines.theirs, difference);
          expect.fail(`seed ${seed}: ${textOf(least.question.node)}: ${least.what}`);
        }
        const answer = await engines.theirs(textOf(question.node), question.at);
        if ('points' in answer && answer.points.size > 0) withPoints++;
      }
    }
    // Empty answers and errors are alike too easily.
    expect(withPoints).toBeGreaterThan(QUERIES);
  });

  it('differ where an engine is wrong, and shrink to the part that is', async () => {
    const isWrong = (query: string): boolean => /(?<!absent_|_)(?:max_over_time|stddev)/.test(query);
    const wrong: Engines['ours'] = async (query, at) => {
      const answer = await engines.ours(query, at);
      return 'points' in answer && isWrong(query) ? { points: new Map([...answer.points].map(([key, value]) => [key, value * (1 + 1e-9) + 1e-6])) } : answer;
    };
    const found: string[] = [];
    for (let seed = 1; seed <= QUERIES && found.length < 3; seed++) {
      for (const question of drawQuestions(seed)) {
        const difference = await compare(wrong, engines.theirs, question);
        if (difference !== undefined) found.push(textOf((await shrink(wrong, engines.theirs, difference)).question.node));
      }
    }
    expect(found.length).toBeGreaterThanOrEqual(3);
    for (const query of found) expect(query).toMatch(/max_over_time|stddev/);
  });
});
