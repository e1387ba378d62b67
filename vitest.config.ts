import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/{unit,golden,property,contract,infra}/**/*.test.ts'],
    testTimeout: 60_000,
    // A synth takes a third of it on a quiet machine.
    hookTimeout: 90_000,
    // Two cores: one worker more only makes the timers of the durable queues late.
    maxWorkers: 2,
  },
});
