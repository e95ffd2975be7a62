import { lingui } from "@lingui/vite-plugin";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import { linguiMacro } from "./tools/lingui-macro";

/** Where a running khue (or `npm run mock`) answers while the client is being worked on. */
const api = process.env.KHUE_API ?? "http://127.0.0.1:8787";

export default defineConfig({
  plugins: [linguiMacro(), react(), lingui()],
  server: {
    host: "127.0.0.1",
    proxy: {
      // khue lets its own pages open the media socket and no others: here it must look as if they came from it.
      "/api": { target: api, ws: true, secure: false, changeOrigin: true, headers: { origin: new URL(api).origin } },
      "/ca.crt": { target: api, secure: false },
    },
  },
  build: {
    target: "es2023",
    // A data: address would need a hole in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    sourcemap: false,
  },
  test: {
    include: ["src/**/*.test.{ts,tsx}", "tools/**/*.test.ts"],
    environment: "node",
  },
});
