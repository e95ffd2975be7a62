/** What a browser calls itself (`User-Agent`), in the two words that people know it by. Pure. */

/** The first that fits; each browser claims to be those below it too. */
const BROWSERS: readonly [RegExp, string][] = [
  [/coc_coc_browser/i, "Cốc Cốc"],
  [/Edg(e|A|iOS)?\//, "Edge"],
  [/OPR\//, "Opera"],
  [/SamsungBrowser/, "Samsung Internet"],
  [/Firefox\/|FxiOS/, "Firefox"],
  [/Chrome\/|CriOS/, "Chrome"],
  [/Safari\//, "Safari"],
];

const SYSTEMS: readonly [RegExp, string][] = [
  [/Windows/, "Windows"],
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/Mac OS X|Macintosh/, "macOS"],
  [/CrOS/, "ChromeOS"],
  [/Linux/, "Linux"],
];

export function agentName(agent: string): { browser: string; system: string | null } {
  const of = (names: readonly [RegExp, string][]) => names.find(([known]) => known.test(agent))?.[1];
  // A program names itself before the first slash.
  return { browser: of(BROWSERS) ?? agent.split("/")[0] ?? "", system: of(SYSTEMS) ?? null };
}
