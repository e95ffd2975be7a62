// @vitest-environment happy-dom
import { i18n } from "@lingui/core";
import { expect, test } from "vitest";
import { DAY_US, HOUR_US, MINUTE_US, SECOND_US } from "../../lib/time";
import { type Language, setLanguage, startAppearance } from "../../ui/appearance";
import { cameraClockWords } from "./cameraclock";

startAppearance();

function said(us: number, language: Language): string {
  setLanguage(language);
  return cameraClockWords(us, i18n);
}
const words = (us: number) => said(us, "vi");
const english = (us: number) => said(us, "en");

test("a positive offset is a clock ahead, a negative one a clock behind", () => {
  const us = 3 * MINUTE_US + 2 * SECOND_US;
  expect([words(us), words(-us)]).toEqual(["nhanh 3 phút 2 giây", "chậm 3 phút 2 giây"]);
  expect([english(us), english(-us)]).toEqual(["3 min 2 s ahead", "3 min 2 s behind"]);
});

test("within a second, either way, the clock is in time", () => {
  for (const us of [0, 1, -1, 400_000, SECOND_US, -SECOND_US]) {
    expect([words(us), english(us)], `${us}`).toEqual(["đúng giờ", "in time"]);
  }
  expect(words(SECOND_US + 1)).toBe("nhanh 1 giây");
  expect(words(-SECOND_US - 1)).toBe("chậm 1 giây");
});

test("two units are enough, and one of which there is nothing is not said", () => {
  expect(words(59 * SECOND_US)).toBe("nhanh 59 giây");
  expect(words(5 * MINUTE_US)).toBe("nhanh 5 phút");
  expect(words(-7 * HOUR_US)).toBe("chậm 7 giờ");
  expect(words(7 * HOUR_US + 40 * MINUTE_US + 12 * SECOND_US)).toBe("nhanh 7 giờ 40 phút");
  expect(words(DAY_US + 3 * HOUR_US + 59 * SECOND_US)).toBe("nhanh 1 ngày 3 giờ");
});

test("what rounds up to a whole unit is that unit", () => {
  expect(words(60 * SECOND_US - 1)).toBe("nhanh 1 phút");
  expect(words(HOUR_US - 1)).toBe("nhanh 1 giờ");
  expect(words(-(DAY_US - 1))).toBe("chậm 1 ngày");
  expect(words(2 * DAY_US - 1)).toBe("nhanh 2 ngày");
});

test("English counts hours and days, and the years of a clock never set are days", () => {
  expect(english(HOUR_US)).toBe("1 hour ahead");
  expect(english(-7 * HOUR_US)).toBe("7 hours behind");
  expect(english(DAY_US + HOUR_US)).toBe("1 day 1 hour ahead");
  expect(words(-20_745 * DAY_US)).toBe("chậm 20.745 ngày");
  expect(english(-20_745 * DAY_US)).toBe("20,745 days behind");
});
