import { defineConfig } from 'vitest/config';

/** Real senders and readers: each file starts processes of its own, so files run one after the other on two cores. */
export default defineConfig({
  test: { include: ['test/interop/**/*.test.ts'], testTimeout: 240_000, hookTimeout: 240_000, fileParallelism: false },
});
