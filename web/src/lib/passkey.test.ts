import { expect, test } from "vitest";
import { bytes, text } from "./passkey";

test("bytes go out as base64url without filling and come back", () => {
  for (let length = 0; length < 70; length++) {
    const all = Uint8Array.from({ length }, (_, at) => (at * 37 + length * 101) % 256);
    const said = text(all.buffer);
    expect(said).toMatch(/^[A-Za-z0-9_-]*$/);
    expect(bytes(said)).toEqual(all);
  }
  expect(text(Uint8Array.of(251, 255).buffer)).toBe("-_8");
});
