/**
 * The floors of the client, as a rule that can be run.
 *
 * ```text
 * main.tsx
 * features/x      a screen; never imports another feature
 * desk            what the screens with cameras share: tree, grid, words of states
 * player  api     video; HTTP
 * ui      lib     know no noun
 * ```
 *
 * A file imports from its own room and from lower floors only.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ALLOWED = {
  "main.tsx": ["features", "desk", "player", "api", "ui", "lib"],
  features: ["desk", "player", "api", "ui", "lib"],
  desk: ["player", "api", "ui", "lib"],
  player: ["api", "ui", "lib"],
  api: ["lib"],
  ui: ["lib", "locales"],
  lib: [],
  locales: [],
};

/** Only this room speaks HTTP. */
const FETCHING = /\bfetch\(|new XMLHttpRequest|new EventSource/;

/** Returns one line for each import, or call, that breaks the floors. */
export function breaches(root) {
  const found = [];
  for (const file of sources(root)) {
    const text = readFileSync(file, "utf8");
    const here = relative(root, file);
    const [room, feature] = here.split("/");
    if (FETCHING.test(text) && room !== "api" && !here.includes(".test."))
      found.push(`${here} fetches; only api/ does`);
    for (const [, target] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      const [to, toFeature] = relative(root, resolve(dirname(file), target)).split("/");
      if (to === room && room !== "features") continue;
      if (room === "features" && to === "features") {
        if (toFeature !== feature) found.push(`${here} imports from features/${toFeature}`);
        continue;
      }
      if (!(ALLOWED[room] ?? []).includes(to)) found.push(`${here} imports from ${to}`);
    }
  }
  return found;
}

function* sources(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.tsx?$/.test(entry.name)) yield path;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const found = breaches(fileURLToPath(new URL("../src", import.meta.url)));
  for (const line of found) console.error(line);
  process.exit(found.length > 0 ? 1 : 0);
}
