import { describe, expect, it } from 'vitest';
import { createEvaluateMemory } from '../../../functions/evaluate/evaluate.ts';
import { readAlertStates } from '../../../shared/alerting/alert-states.ts';
import { Fuse } from './fuse.ts';
import { World } from './world.ts';

const MINUTE = 60_000;
const START = 1_700_000_040_000;

const RULES = '- {name: g, rules: [{alert: Down, expr: up == 0, for: 2m}, {alert: Now, expr: up == 0}]}';

/** More than the story has. */
const MOST_EFFECTS = 60;

/** Minutes 0 to 6 with a crash at one effect and a restart after it; returns whether the crash came to be. */
const story = async (world: World, fuse: Fuse): Promise<boolean> => {
  world.rulesText = RULES;
  for (let t = START - MINUTE; t <= START + 7 * MINUTE; t += 30_000) world.put('up', { host: 'a' }, t, t >= START + MINUTE && t < START + 5 * MINUTE ? 0 : 1);
  let restarts = 0;
  for (let minute = 0; minute <= 6; minute++) {
    const now = START + minute * MINUTE + 16_000;
    const wasBlown = fuse.blown;
    await world.tick(now, now, wasBlown ? world.ports() : fuse.ports(world.ports())).catch(() => undefined);
    if (fuse.blown && !wasBlown) {
      world.memory = createEvaluateMemory(`00000000000000c${restarts++}`);
      await world.tick(now + 5000);
    }
  }
  return fuse.blown;
};

describe('a crash between any two effects', () => {
  it.each(['before', 'after'] as const)('%s the effect: states are not doubled, and each notification is published under one id', async (when) => {
    const worlds = await World.openSome(MOST_EFFECTS);
    let at = 0;
    for (const world of worlds) {
      const blown = await story(world, new Fuse(++at, when));
      const ids = new Map(world.published.map((notification, i) => [notification.id, [notification.subject, ...(world.told()[i] ?? [])].join(' ')]));
      expect([...ids.values()].sort(), `crash ${when} effect ${at}`).toEqual([
        `[FIRING:1] Down a firing ${START + 3 * MINUTE}`,
        `[FIRING:1] Now a firing ${START + MINUTE}`,
        `[RESOLVED] Down a resolved ${START + 5 * MINUTE}`,
        `[RESOLVED] Now a resolved ${START + 5 * MINUTE}`,
      ]);
      const states = await readAlertStates(world.alerts, await world.ports().rules());
      expect(states[0]?.rules.map((rule) => rule.alerts)).toEqual([[], []]);
      expect(states[0]).toMatchObject({ lastSlotMs: START + 6 * MINUTE, complete: true });
      if (!blown) break;
    }
    await worlds[0]?.close();
    expect(at).toBeGreaterThan(20);
    expect(at).toBeLessThan(MOST_EFFECTS);
  });
});
