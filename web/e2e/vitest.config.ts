import { defineConfig } from "vitest/config";

/** Screens in a real browser against the mock server: `npm run build && npm run e2e`. */
export default defineConfig({
  test: {
    include: ["e2e/**/*.spec.ts"],
    // A file more at a time than there are cores here: while one waits for a picture, others work.
    maxWorkers: 3,
    // The files share nothing but what they import, and that takes seconds to load.
    isolate: false,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
