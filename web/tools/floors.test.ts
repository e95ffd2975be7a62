import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { breaches } from "./floors.mjs";

function tree(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), "floors-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const found = breaches(root);
  rmSync(root, { recursive: true });
  return found;
}

test("the client keeps to its floors", () => {
  expect(breaches(fileURLToPath(new URL("../src", import.meta.url)))).toEqual([]);
});

test("a feature may not reach into another, nor a lower room upward", () => {
  const found = tree({
    "features/wall/A.tsx": 'import { B } from "../cameras/B";\nimport "../../lib/time";',
    "lib/time.ts": 'import { x } from "../player/x";',
    "player/x.ts": 'export const x = await import("../features/wall/A");',
    "ui/y.ts": 'fetch("/api");',
  });
  expect(found.sort()).toEqual([
    "features/wall/A.tsx imports from features/cameras",
    "lib/time.ts imports from player",
    "player/x.ts imports from features",
    "ui/y.ts fetches; only api/ does",
  ]);
});
