import { expect, test } from "vitest";
import {
  clock,
  clockMillis,
  clockOfDay,
  DAY_US,
  date,
  dateTime,
  duration,
  parseDateTime,
  SECOND_US,
  startOfDay,
} from "./time";

// 2026-11-20 00:42:18.240 UTC is 07:42:18 in Hà Nội.
const MORNING = Date.UTC(2026, 10, 20, 0, 42, 18, 240) * 1000;

test("shows the server's zone whatever the machine's is", () => {
  expect(clock(MORNING)).toBe("07:42:18");
  expect(clockMillis(MORNING)).toBe("07:42:18,240");
  expect(clockMillis(MORNING, ".")).toBe("07:42:18.240");
  expect(date(MORNING)).toBe("20/11/2026");
});

test("an evening in UTC is already the next day here", () => {
  const evening = Date.UTC(2026, 10, 19, 18, 0) * 1000;
  expect(dateTime(evening)).toBe("20/11/2026 01:00:00");
  expect(clock(startOfDay(evening))).toBe("00:00:00");
  expect(date(startOfDay(evening))).toBe("20/11/2026");
  expect(startOfDay(startOfDay(evening) + DAY_US - 1)).toBe(startOfDay(evening));
});

test("reads back what it writes", () => {
  const whole = Math.floor(MORNING / SECOND_US) * SECOND_US;
  expect(parseDateTime(dateTime(MORNING), 0)).toBe(whole);
  expect(parseDateTime(`${date(MORNING)} ${clockMillis(MORNING)}`, 0)).toBe(MORNING);
});

test("fills in what was not typed from the day looked at", () => {
  expect(dateTime(parseDateTime("6:05", MORNING)!)).toBe("20/11/2026 06:05:00");
  expect(dateTime(parseDateTime("6h05", MORNING)!)).toBe("20/11/2026 06:05:00");
  expect(dateTime(parseDateTime("1/2 06:05:07", MORNING)!)).toBe("01/02/2026 06:05:07");
});

test("reads digits alone, as a phone's number keys give them", () => {
  expect(dateTime(parseDateTime("0605", MORNING)!)).toBe("20/11/2026 06:05:00");
  expect(dateTime(parseDateTime("060507", MORNING)!)).toBe("20/11/2026 06:05:07");
  expect(dateTime(parseDateTime("01020605", MORNING)!)).toBe("01/02/2026 06:05:00");
  expect(dateTime(parseDateTime("0102060507", MORNING)!)).toBe("01/02/2026 06:05:07");
  expect(dateTime(parseDateTime("010220250605", MORNING)!)).toBe("01/02/2025 06:05:00");
});

test("names the day only where it is another", () => {
  expect(clockOfDay(MORNING, MORNING + SECOND_US)).toBe("07:42");
  expect(clockOfDay(MORNING, MORNING + DAY_US)).toBe("07:42 20/11/2026");
  expect(clockOfDay(MORNING, MORNING + DAY_US, clock)).toBe("07:42:18 20/11/2026");
});

test("refuses what is no moment", () => {
  for (const text of [
    "",
    "abc",
    "31/02/2026 10:00",
    "24:00",
    "10:60",
    "20/11/2026",
    "20/13/2026 10:00",
    "2465",
    "605",
  ]) {
    expect(parseDateTime(text, MORNING), text).toBeNull();
  }
});

test("a length of time drops the hour it does not have", () => {
  expect(duration(125 * SECOND_US)).toBe("02:05");
  expect(duration(3725 * SECOND_US)).toBe("1:02:05");
  expect(duration(-5)).toBe("00:00");
});
