import { defineConfig } from "@lingui/cli";

/** Where the catalogues lie, but for a look at whether they are whole (`tools/words.mjs`). */
const words = process.env.KHUE_WORDS ?? "<rootDir>/src/locales";

/** Vietnamese stands in the source; English is a translation of it and must be whole (`src/locales/locales.test.ts`). */
export default defineConfig({
  sourceLocale: "vi",
  locales: ["vi", "en"],
  catalogs: [{ path: `${words}/{locale}`, include: ["src"] }],
  format: "po",
  formatOptions: { lineNumbers: false },
  orderBy: "message",
});
