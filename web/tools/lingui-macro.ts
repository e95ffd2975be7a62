/**
 * Runs Lingui's macro over the files that use it: a message in the source
 * becomes an id and its Vietnamese text.
 *
 * Vite transforms TypeScript by itself and knows no Babel, so Babel sees only
 * these files, and only parses: types and JSX leave here as they came in.
 */
import { transformAsync } from "@babel/core";
import type { Plugin } from "vite";

export function linguiMacro(): Plugin {
  return {
    name: "khue-lingui-macro",
    enforce: "pre",
    async transform(code, id) {
      const path = id.split("?")[0] ?? id;
      if (!/\.tsx?$/.test(path) || path.includes("node_modules") || !code.includes('/macro"')) return null;
      const result = await transformAsync(code, {
        filename: path,
        babelrc: false,
        configFile: false,
        sourceMaps: true,
        parserOpts: { plugins: path.endsWith("x") ? ["typescript", "jsx"] : ["typescript"] },
        plugins: ["@lingui/babel-plugin-lingui-macro"],
      });
      return result?.code == null ? null : { code: result.code, map: result.map };
    },
  };
}
