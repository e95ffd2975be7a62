import { defineConfig } from "vitest/config";

/** Screens in a real browser against the mock server: `npm run build && npm run e2e`. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.spec.ts"],
    // Two files at a time: while one waits for a picture to come, the other works.
    maxWorkers: 2,
    // The files share nothing but what they import, and that takes seconds to load.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
