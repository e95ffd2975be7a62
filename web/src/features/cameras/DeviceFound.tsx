/** What a device said that it is, what of that is true, and which of its channels is to be the camera. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { CircleCheck, CircleMinus, CircleX, TriangleAlert } from "lucide-react";
import type { SurveyAnswer, SurveyedChannel } from "../../api/types";
import { codecName } from "../../desk/words";
import { decimal } from "../../lib/figures";
import { clockOffAsS, streamShown } from "./device";

interface Props {
  device: SurveyAnswer;
  /** The place of the one that was chosen, if one was. */
  chosen: number | null;
  onChoose: (channel: SurveyedChannel, at: number) => void;
}

export function DeviceFound({ device, chosen, onChoose }: Props) {
  const { t, i18n } = useLingui();
  const off = clockOffAsS(device);
  const title = [device.make, device.model].filter((word) => word !== "").join(" ") || device.url;
  return (
    <section className="device" aria-label={t`Thiết bị`}>
      <div>
        <strong>{title}</strong>
        <p className="small t3">
          {device.firmware !== "" && <Trans>Phần mềm {device.firmware}</Trans>}
          {device.firmware !== "" && device.serial !== "" && " · "}
          {device.serial !== "" && <Trans>Số máy {device.serial}</Trans>}
        </p>
      </div>
      {off !== null && (
        <div className="note warnn">
          <TriangleAlert aria-hidden />
          <span>
            {off > 0 ? (
              <Trans>Đồng hồ của thiết bị nhanh {decimal(off, 0, i18n.locale)} giây. Đặt lại giờ trước khi dùng.</Trans>
            ) : (
              <Trans>Đồng hồ của thiết bị chậm {decimal(-off, 0, i18n.locale)} giây. Đặt lại giờ trước khi dùng.</Trans>
            )}
          </span>
        </div>
      )}
      {device.channels.length === 0 ? (
        <p className="small">
          <Trans>Thiết bị không có kênh nào ghi được. Bật một luồng H.264 hoặc H.265 trong thiết bị.</Trans>
        </p>
      ) : (
        <ul className="channels" aria-label={t`Kênh của thiết bị`}>
          {device.channels.map((channel, at) => (
            <li key={channel.main.urls[0] ?? at}>
              <button
                type="button"
                className={at === chosen ? "channel on" : "channel"}
                aria-pressed={at === chosen}
                data-channel={at + 1}
                onClick={() => onChoose(channel, at)}
              >
                <span>
                  <Trans>Kênh {at + 1}</Trans>
                  {channel.name !== "" && <span className="t3"> · {channel.name}</span>}
                </span>
                <span className="small t3">
                  {streamShown(channel.main, codecName)}
                  {channel.sub && (
                    <>
                      {" · "}
                      <Trans>luồng phụ {streamShown(channel.sub, codecName)}</Trans>
                    </>
                  )}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <details>
        <summary className="small">
          <Trans>Thiết bị làm được gì</Trans>
        </summary>
        <ul className="features small">
          {device.features.map(({ feature, found, words }) => (
            <li key={feature} data-feature={feature} data-found={found} title={words ?? undefined}>
              {found === "proved" && <CircleCheck className="good" aria-hidden />}
              {found === "worked_around" && <TriangleAlert className="warnword" aria-hidden />}
              {found === "failed" && <CircleX className="warnword" aria-hidden />}
              {found === "absent" && <CircleMinus className="t3" aria-hidden />}
              <span>{t(FEATURES[feature] ?? UNNAMED)}</span>
              <span className="t3">{t(FOUND[found])}</span>
            </li>
          ))}
        </ul>
      </details>
    </section>
  );
}

const UNNAMED = msg`Tính năng khác`;

const FEATURES: Record<string, MessageDescriptor> = {
  clock: msg`Đồng hồ`,
  identity: msg`Hãng và kiểu máy`,
  network: msg`Thông tin mạng`,
  profiles: msg`Danh sách luồng`,
  streams: msg`Địa chỉ luồng`,
  snapshot: msg`Ảnh chụp`,
  ptz: msg`Quay quét, phóng`,
  imaging: msg`Chỉnh hình`,
  events: msg`Sự kiện`,
  relays: msg`Rơ-le`,
  analytics: msg`Phân tích hình`,
  recording: msg`Ghi trong thiết bị`,
};

const FOUND: Record<SurveyAnswer["features"][number]["found"], MessageDescriptor> = {
  proved: msg`đã thử, được`,
  worked_around: msg`được, theo cách khác`,
  failed: msg`báo có nhưng không được`,
  absent: msg`không có`,
};
