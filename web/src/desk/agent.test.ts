import { expect, test } from "vitest";
import { agentName } from "./agent";

test("browsers are told by the two words that people know them by", () => {
  const name = (agent: string) => Object.values(agentName(agent)).join(" / ");
  const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)";
  expect(name(`${windows} Chrome/141.0.0.0 Safari/537.36`)).toBe("Chrome / Windows");
  expect(name(`${windows} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`)).toBe("Edge / Windows");
  expect(name(`${windows} coc_coc_browser/141 Chrome/135.0.0.0 Safari/537.36`)).toBe("Cốc Cốc / Windows");
  expect(name("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")).toBe("Firefox / Linux");
  expect(
    name("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605 Version/18.5 Mobile Safari/604"),
  ).toBe("Safari / iPhone");
  expect(name("curl/8.14.1")).toBe("curl / ");
  expect(name("")).toBe(" / ");
});
