import { defineConfig } from 'vitest/config';

/** `npm start` from nothing, as a process. */
export default defineConfig({
  test: { include: ['test/e2e/**/*.test.ts'], testTimeout: 120_000, hookTimeout: 120_000, fileParallelism: false },
});
