/**
 * How a camera's clock stands to the server's, in words. What people ask of it
 * is why the hour burnt into a picture is not the hour of the timeline: two
 * units say that, and what is finer than a second says nothing.
 */
import type { I18n, MessageDescriptor } from "@lingui/core";
import { msg, plural } from "@lingui/core/macro";
import { DAY_US, HOUR_US, MINUTE_US, SECOND_US } from "../../lib/time";

/** `nhanh 3 phút 2 giây`, `chậm 7 giờ`, or `đúng giờ` within a second; ahead where the offset is positive. */
export function cameraClockWords(offsetUs: number, i18n: I18n): string {
  const apartUs = Math.abs(offsetUs);
  if (apartUs <= SECOND_US) return i18n._(msg`đúng giờ`);
  const length = lengthParts(apartUs)
    .map((part) => i18n._(part))
    .join(" ");
  return i18n._(offsetUs > 0 ? msg`nhanh ${length}` : msg`chậm ${length}`);
}

/** Returns the largest unit and the one below it, rounded to the latter; a unit of which there is nothing is left out. */
function lengthParts(us: number): MessageDescriptor[] {
  const step = us < HOUR_US ? SECOND_US : us < DAY_US ? MINUTE_US : HOUR_US;
  const left = Math.round(us / step) * step;
  const whole = (unitUs: number, withinUs: number) => Math.floor((left % withinUs) / unitUs);
  return [
    left >= DAY_US && msg`${plural(Math.floor(left / DAY_US), { one: "# ngày", other: "# ngày" })}`,
    whole(HOUR_US, DAY_US) > 0 && msg`${plural(whole(HOUR_US, DAY_US), { one: "# giờ", other: "# giờ" })}`,
    whole(MINUTE_US, HOUR_US) > 0 && msg`${plural(whole(MINUTE_US, HOUR_US), { one: "# phút", other: "# phút" })}`,
    whole(SECOND_US, MINUTE_US) > 0 && msg`${plural(whole(SECOND_US, MINUTE_US), { one: "# giây", other: "# giây" })}`,
  ].filter((part) => part !== false);
}
