import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { RESOLVED_RETENTION_MS } from '../../../shared/alerting/alert.ts';
import { knownRules } from '../../../shared/alerting/state-items.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;
const RULES = '- {name: g, rules: [{alert: Down, expr: up == 0}]}';

let world: World;
beforeEach(async () => {
  world = await World.open();
  world.rulesText = RULES;
  for (let t = START - MINUTE; t <= START + 40 * MINUTE; t += 30_000) world.put('up', { host: 'a' }, t, 0);
});
afterEach(() => world.close());

describe('a rule that leaves its file', () => {
  it.each([false, true])('and comes back fires again after its end, in the order of sequences (restart in between: %s)', async (restart) => {
    await world.tick(START + 16_000);
    world.rulesText = '[]';
    const removedAtMs = START + MINUTE + 10_000;
    await world.tick(removedAtMs);
    world.rulesText = RULES;
    if (restart) world.memory = createEvaluateMemory('00000000000000bb');
    await world.tick(START + MINUTE + 16_000); // the slot lies before the removal
    await world.tick(START + 2 * MINUTE + 16_000);
    expect(world.told()).toEqual([
      ['firing', START],
      ['resolved', removedAtMs],
      ['firing', START + 2 * MINUTE],
    ]);
  });

  it('is forgotten once its ended alerts are', async () => {
    await world.tick(START + 16_000);
    world.rulesText = '[]';
    await world.tick(START + MINUTE);
    expect(await knownRules(world.alerts)).toHaveLength(1);
    await world.tick(START + 2 * MINUTE + RESOLVED_RETENTION_MS);
    expect(await knownRules(world.alerts)).toEqual([]);
    expect(world.published).toHaveLength(2);
  });

  it('ends after its beginning, even where the clock was set back', async () => {
    await world.tick(START + 16_000);
    world.rulesText = '[]';
    await world.tick(START - MINUTE, 'as it is');
    expect(world.told()).toEqual([['firing', START], ['resolved', START + 1]]);
  });
});
