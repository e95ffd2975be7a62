/**
 * Whether the catalogues hold every message of the source and no other, as
 * `npm run words` would write them. Extracts into a folder of its own and
 * compares.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const kept = join(root, "src/locales");
const fresh = mkdtempSync(join(tmpdir(), "khue-words-"));
try {
  const files = ["vi.po", "en.po"];
  for (const file of files) cpSync(join(kept, file), join(fresh, file));
  execFileSync("npx", ["lingui", "extract", "--clean"], {
    cwd: root,
    env: { ...process.env, KHUE_WORDS: fresh },
    stdio: ["ignore", "ignore", "inherit"],
  });
  const read = (folder, file) => readFileSync(join(folder, file), "utf8").replace(/^"POT-Creation-Date.*\n/m, "");
  const stale = files.filter((file) => read(kept, file) !== read(fresh, file));
  if (stale.length > 0) {
    console.error(`${stale.join(", ")}: not what the source says; run npm --prefix web run words, and translate`);
    process.exitCode = 1;
  }
} finally {
  rmSync(fresh, { recursive: true });
}
