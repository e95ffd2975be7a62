import { defineConfig } from "vitest/config";

/** Screens in a real browser against the mock server: `npm run build && npm run e2e`. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.spec.ts"],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
