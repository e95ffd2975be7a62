/** What a live tile says of itself: at the right of its bar, at its foot, and in place of a picture. */
import { Trans, useLingui } from "@lingui/react/macro";
import { Loader, Lock, TriangleAlert, Unplug } from "lucide-react";
import type { CameraRow } from "../../api/types";
import { AgainButton } from "../../desk/NothingPlays";
import { TileWords } from "../../desk/Tile";
import { lesserWords } from "../../desk/waywords";
import { faultWords, refusalWords } from "../../desk/words";
import { decimal } from "../../lib/figures";
import { serverNowUs } from "../../lib/serverclock";
import { clock, clockOfDay, SECOND_US } from "../../lib/time";
import type { Choice } from "../../player/choose";
import type { LiveSnapshot } from "../../player/liveplayer";

export function Status({ snapshot, camera, choice }: { snapshot: LiveSnapshot; camera: CameraRow; choice: Choice }) {
  const { t, i18n } = useLingui();
  const { kind, delayUs } = snapshot;
  if (kind === "live" || kind === "late") {
    const seconds = decimal((delayUs ?? 0) / SECOND_US, 1, i18n.locale);
    const recorded = camera.state.kind === "recording";
    const lesser = lesserWords(choice, i18n);
    return (
      <>
        {lesser && (
          <span className="lesser" role="img" title={lesser.whole} aria-label={lesser.whole}>
            {lesser.short}
          </span>
        )}
        {snapshot.figures.measured === "edge" ? (
          // How long the last piece took to come is not known: a figure would promise too much.
          <span>{t`trễ vài giây`}</span>
        ) : (
          <span>{kind === "late" ? t`chậm ${seconds} giây` : t`${seconds} giây`}</span>
        )}
        <span
          className={recorded ? "dot" : "dot hollow"}
          role="img"
          aria-label={recorded ? t`đang ghi` : t`không ghi`}
        />
      </>
    );
  }
  const words = {
    connecting: t`đang kết nối`,
    no_data: t`mất hình`,
    refused: t`không có quyền`,
    // The next way is being tried.
    unsupported: t`đang kết nối`,
  };
  return <span>{words[kind]}</span>;
}

export function LateFoot({ snapshot }: { snapshot: LiveSnapshot }) {
  return (
    <div className="foot">
      <TriangleAlert className="s" />
      <span className="clip">
        {snapshot.reason === "line" ? (
          <Trans>Mất kết nối tới máy chủ, đang nối lại</Trans>
        ) : (
          <Trans>Hình đến chậm hơn 2 giây</Trans>
        )}
      </span>
    </div>
  );
}

export function Words({ snapshot, onAgain }: { snapshot: LiveSnapshot; onAgain: () => void }) {
  const { t } = useLingui();
  const over = snapshot.delayUs !== null;
  const since = (show?: (us: number) => string) =>
    snapshot.sinceUs === null ? "" : clockOfDay(snapshot.sinceUs, serverNowUs(), show);
  switch (snapshot.kind) {
    case "no_data":
      return (
        <TileWords icon={<Unplug />} title={<Trans>Không có hình từ {since()}</Trans>} over={over}>
          <span>{t(faultWords(snapshot.reason))}</span>
          <span className="second">
            <Trans>Máy chủ tự thử lại.</Trans>
          </span>
        </TileWords>
      );
    case "refused":
      return (
        <TileWords icon={<Lock />} title={<Trans>Bạn chưa được xem camera này</Trans>}>
          <span>{t(refusalWords(snapshot.reason))}</span>
          <AgainButton onAgain={onAgain} />
        </TileWords>
      );
    default:
      return (
        <TileWords icon={<Loader />} title={<Trans>Đang lấy hình…</Trans>} over={over}>
          <span>
            {snapshot.reason ? (
              t(faultWords(snapshot.reason))
            ) : snapshot.sinceUs !== null ? (
              <Trans>Chờ từ {since(clock)}</Trans>
            ) : null}
          </span>
        </TileWords>
      );
  }
}
