import { defineConfig } from "@lingui/cli";

/** Vietnamese stands in the source; English is a translation of it and must be whole (`src/locales/locales.test.ts`). */
export default defineConfig({
  sourceLocale: "vi",
  locales: ["vi", "en"],
  catalogs: [{ path: "<rootDir>/src/locales/{locale}", include: ["src"] }],
  format: "po",
  formatOptions: { lineNumbers: false },
  orderBy: "message",
});
