/** Why a tile's pictures come as they do, or do not come, in the words of the office. */
import type { I18n, MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import type { Choice, StreamWhy, Way, WayWhy } from "../player/choose";
import type { Measured } from "../player/liveplayer";
import { codecName } from "./words";

const STREAM_WHY: Record<StreamWhy, MessageDescriptor> = {
  small_tile: msg`ô nhỏ`,
  large_tile: msg`ô lớn`,
  only_one: msg`camera chỉ có một luồng`,
  zoomed: msg`đang phóng to`,
  fast: msg`phát nhanh`,
  by_hand: msg`do bạn chọn`,
  main_unplayable: msg`trình duyệt không phát được luồng chính`,
  sub_unplayable: msg`trình duyệt không phát được luồng phụ`,
  converted: msg`máy chủ chuyển mã`,
};

const MEASURED: Record<Measured, MessageDescriptor> = {
  exact: msg`đo theo giờ của từng hình`,
  captured: msg`ước tính, theo giờ nơi gửi`,
  received: msg`ước tính, từ lúc nhận được`,
  drawn: msg`ước tính, từ lúc vẽ ra`,
  playlist: msg`ước tính, theo giờ của danh sách phát`,
  edge: msg`ước tính, không rõ mảnh cuối đến chậm bao lâu`,
};

const SOUND_LOST: Record<string, MessageDescriptor> = {
  forbidden: msg`Bạn chưa được nghe tiếng của camera này.`,
  busy: msg`Máy chủ đang chuyển mã hết công suất, chưa thêm được tiếng.`,
  no_worker: msg`Máy chủ chưa cài phần chuyển mã nên không phát được tiếng của camera này.`,
  unsupported: msg`Trình duyệt này không phát được tiếng của camera.`,
  silent: msg`Camera không gửi tiếng.`,
  not_found: msg`Camera không gửi tiếng.`,
  blocked: msg`Trình duyệt chặn tiếng. Bấm lại nút tiếng.`,
};
const SOUND_OVER = msg`Tiếng đã ngừng. Hình vẫn tiếp tục.`;

const NAMES: Record<Way, string> = { mse: "MSE", whep: "WHEP", hls: "HLS" };
export const wayName = (way: Way): string => NAMES[way];

/** Says why this stream, in this form. */
export function streamWhyWords(why: StreamWhy): MessageDescriptor {
  return STREAM_WHY[why];
}

/** Says why this way, where that is not simply the first of the ladder. */
export function wayWhyWords(why: WayWhy): MessageDescriptor | null {
  if (why.kind !== "instead") return why.kind === "first" ? null : msg`do bạn chọn`;
  const way = NAMES[why.of];
  switch (why.because) {
    case "absent":
      return msg`ở đây không có ${way}`;
    case "codec":
      return msg`hình này không đi được qua ${way}`;
    case "failed":
      return why.code === "ice" ? msg`mạng không cho ${way} qua` : msg`${way} không nối được`;
  }
}

/** Says how the age of a picture is known. */
export function measuredWords(measured: Measured): MessageDescriptor {
  return MEASURED[measured];
}

/** Says why there is no sound. */
export function soundLostWords(code: string): MessageDescriptor {
  return SOUND_LOST[code] ?? SOUND_OVER;
}

/** A short word for a tile's bar where its picture is not what it should be, and the whole reason; null where it is. */
export function lesserWords(choice: Choice, i18n: I18n): { short: string; whole: string } | null {
  if (choice.kind !== "play" || choice.best) return null;
  const { plan, streamWhy, wayWhy } = choice;
  const wayWhole = wayWhyWords(wayWhy);
  const stream: Partial<Record<StreamWhy, MessageDescriptor>> = {
    converted: msg`chuyển mã`,
    main_unplayable: msg`luồng phụ`,
    sub_unplayable: msg`luồng chính`,
  };
  const streamShort = stream[streamWhy];
  const shorts = [streamShort && i18n._(streamShort), wayWhy.kind === "instead" && NAMES[plan.way]];
  const wholes = [streamShort && i18n._(STREAM_WHY[streamWhy]), wayWhole && i18n._(wayWhole)];
  const joined = (parts: unknown[]) => parts.filter(Boolean).join(" · ");
  return { short: joined(shorts), whole: joined(wholes) };
}

/** Says why nothing plays: a title, and what can be done. */
export function nothingWords(choice: Extract<Choice, { kind: "none" }>, i18n: I18n): { title: string; cure: string } {
  const codec = codecName(choice.codec ?? "");
  const title = i18n._(msg`Trình duyệt này không phát được hình của camera`);
  switch (choice.why) {
    case "busy":
      return {
        title: i18n._(msg`Máy chủ chưa chuyển mã được hình này`),
        cure: i18n._(msg`Camera gửi ${codec}, máy chủ đang chuyển mã hết công suất. Đóng bớt ô rồi thử lại.`),
      };
    case "no_worker":
      return {
        title,
        cure: i18n._(
          msg`Camera gửi ${codec}, và máy chủ chưa cài phần chuyển mã. Đặt camera gửi H.264, hoặc dùng trình duyệt khác.`,
        ),
      };
    case "no_way":
      return { title, cure: i18n._(msg`Dùng Chrome, Edge, Firefox hoặc Safari bản mới.`) };
    case "codec":
      return { title, cure: i18n._(msg`Camera gửi ${codec}. Đặt camera gửi H.264, hoặc dùng trình duyệt khác.`) };
  }
}
