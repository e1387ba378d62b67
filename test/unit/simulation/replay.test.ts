import { describe, expect, it } from 'vitest';
import { runScenario, runSeed } from '../../simulation/run-seed.ts';
import { drawScenario } from '../../simulation/scenario.ts';

describe('a seed', () => {
  it.each([1, 2, 3, 7, 54, 266, 298, 299, 584, 762, 1009, 2229, 6389, 11_828, 32_939, 705_568, 1_100_034])('%d replays exactly, and violates nothing', async (seed) => {
    const [first, second] = [await runSeed(seed), await runSeed(seed, true)];
    expect(second.traceHash).toBe(first.traceHash);
    expect(second.events).toBe(first.events);
    expect(first.violation).toBeUndefined();
    expect(second.lines.length).toBeGreaterThan(first.events);
  });

  it('takes another course than the next', async () => {
    const hashes = await Promise.all([11, 12, 13, 14].map(async (seed) => (await runSeed(seed)).traceHash));
    expect(new Set(hashes).size).toBe(4);
  });

  it('runs from a scenario that was written down', async () => {
    const written = JSON.parse(JSON.stringify(drawScenario(5))) as ReturnType<typeof drawScenario>;
    expect((await runScenario(written)).traceHash).toBe((await runSeed(5)).traceHash);
  });
});

describe('seeds with a compactor', () => {
  it('merge, lose commits, stand still, clear up and expire', async () => {
    const met = new Set<string>();
    for (let seed = 2000; seed < 2160; seed++) {
      if (drawScenario(seed).compaction === undefined) continue;
      const { violation, lines } = await runSeed(seed, true);
      expect(violation).toBeUndefined();
      for (const line of lines) for (const word of line.replaceAll(/\d/g, '').split(' ')) met.add(word);
    }
    const expected = ['stall', 'replace', 'remove', 'publish', 'partition/raw', 'partition/m', 'partition/h', 'sql-list/raw', 'garbage'];
    expect(expected.filter((word) => !met.has(word))).toEqual([]);
  });
});

describe('seeds with rules', () => {
  it('fire, resolve, are told of, escalate, are taken on, repeat slots, lose their holder, and refuse', async () => {
    const met = new Set<string>();
    for (let seed = 300; seed < 650; seed++) {
      if (drawScenario(seed).alerts === undefined) continue;
      const { violation, lines } = await runSeed(seed, true);
      expect(violation).toBeUndefined();
      for (const line of lines) for (const word of line.split(' ').slice(1)) met.add(word.replaceAll(/\d/g, ''));
    }
    const expected = ['deliver', 'publish', 'post', 'schedule', 'again', 'kill', 'restart', 'person', 'ledger#', 'silence', 'unsent', 'cursor', 'lease', 'taker', 'acknowledged', 'http://leads/hook'];
    expect(expected.filter((word) => ![...met].some((each) => each.startsWith(word)))).toEqual([]);
  });
});

describe('a hundred seeds', () => {
  it('acknowledge samples and meet every kind of fault', async () => {
    let acknowledged = 0;
    const met = new Set<string>();
    for (let seed = 1000; seed < 1100; seed++) {
      const { violation, lines, ...report } = await runSeed(seed, true);
      expect(violation).toBeUndefined();
      acknowledged += report.acknowledged;
      for (const line of lines) for (const word of line.split(' ')) met.add(word);
    }
    expect(acknowledged).toBeGreaterThan(500);
    const kinds = ['throttle', 'refuse', 'loseAnswer', 'lateEffect', 'slow', 'crashBefore', 'crashAfter', 'reshard', 'timedOut', 'died', 'again'];
    expect(kinds.filter((kind) => !met.has(kind))).toEqual([]);
  });
});
