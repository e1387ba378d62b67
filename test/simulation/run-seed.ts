import { drawScenario, type Scenario } from './scenario.ts';
import type { Violation } from './truth.ts';
import { World } from './world.ts';

export interface RunReport {
  readonly scenario: Scenario;
  readonly violation: Violation | undefined;
  /** Equal for equal runs. */
  readonly traceHash: string;
  readonly events: number;
  readonly acknowledged: number;
  /** Every event in words, when they were asked for. */
  readonly lines: readonly string[];
}

export const runScenario = async (scenario: Scenario, keepLines = false): Promise<RunReport> => {
  const world = new World(scenario, keepLines);
  const violation = await world.run();
  const { traceHash, events, lines } = world.scheduler;
  return { scenario, violation, traceHash, events, acknowledged: world.truth.acknowledged, lines };
};

export const runSeed = (seed: number, keepLines = false): Promise<RunReport> => runScenario(drawScenario(seed), keepLines);
