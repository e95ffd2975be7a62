import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** Returns the messages of a catalogue: the Vietnamese text and its translation. */
function messages(locale: string): [string, string][] {
  const text = readFileSync(new URL(`./${locale}.po`, import.meta.url), "utf8");
  const joined = (block: string) =>
    block
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as string)
      .join("");
  return [...text.matchAll(/^msgid ((?:"[^\n]*"\n)+)msgstr ((?:"[^\n]*"\n?)+)/gm)]
    .map((m): [string, string] => [joined(m[1]!), joined(m[2]!)])
    .filter(([vi]) => vi !== "");
}

const names = (text: string) => [...text.matchAll(/\{(\w+)[},]/g)].map((m) => m[1]).sort();

test("English is whole", () => {
  const missing = messages("en").filter(([, en]) => en === "");
  expect(missing.map(([vi]) => vi)).toEqual([]);
  expect(messages("en").length).toBe(messages("vi").length);
});

test("a translation fills in what the Vietnamese text fills in", () => {
  for (const [vi, en] of messages("en")) expect(new Set(names(en)), vi).toEqual(new Set(names(vi)));
});

test("no word of Vietnamese is left in the English", () => {
  const marks = /[ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ]/i;
  // Names keep their marks.
  const names = /Khuê|Tràng Tiền/g;
  for (const [, en] of messages("en")) expect(en.replaceAll(names, "")).not.toMatch(marks);
});
