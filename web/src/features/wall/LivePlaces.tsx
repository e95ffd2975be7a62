/** Live tiles without a picture to come: free, of a camera that is gone, refused, or switched off. */
import { Trans, useLingui } from "@lingui/react/macro";
import { CirclePlus, Lock, VideoOff } from "lucide-react";
import { EmergencyButton } from "../../desk/Emergency";
import { Tile, type TileProps, TileWords } from "../../desk/Tile";
import { TileControls } from "../../desk/TileControls";
import { refusalWords } from "../../desk/words";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";

type Place = Pick<TileProps, "index" | "camera" | "selected">;

export function Empty(place: Place) {
  const phone = useStore(narrow);
  return (
    <Tile {...place} state="empty">
      <TileWords icon={<CirclePlus />} title={<Trans>Ô trống</Trans>}>
        <span>
          {phone ? (
            <Trans>Bấm Chọn camera ở đầu màn hình.</Trans>
          ) : (
            <Trans>Kéo một camera vào đây, hoặc gõ số camera rồi Enter.</Trans>
          )}
        </span>
      </TileWords>
    </Tile>
  );
}

export function Gone({ expanded, ...place }: Place & { expanded: boolean }) {
  return (
    <Tile {...place} state="gone" controls={<TileControls index={place.index} expanded={expanded} />}>
      <TileWords icon={<VideoOff />} title={<Trans>Camera ở ô này không còn</Trans>}>
        <span>
          <Trans>Camera đã bị xóa khỏi hệ thống, hoặc bạn không còn quyền thấy nó.</Trans>
        </span>
      </TileWords>
    </Tile>
  );
}

export function Refused({ expanded, ...place }: Place & { expanded: boolean }) {
  const { t } = useLingui();
  return (
    <Tile
      {...place}
      state="refused"
      status={t`không có quyền`}
      controls={<TileControls index={place.index} expanded={expanded} />}
    >
      <TileWords icon={<Lock />} title={<Trans>Bạn chưa được xem camera này</Trans>}>
        <span>{t(refusalWords("forbidden"))}</span>
        {place.camera && <EmergencyButton camera={place.camera} />}
      </TileWords>
    </Tile>
  );
}

export function Disabled({ expanded, ...place }: Place & { expanded: boolean }) {
  const { t } = useLingui();
  return (
    <Tile
      {...place}
      state="disabled"
      status={t`đang tắt`}
      controls={<TileControls index={place.index} expanded={expanded} />}
    >
      <TileWords icon={<VideoOff />} title={<Trans>Camera đang được đặt tắt</Trans>}>
        <span>
          <Trans>Người quản trị chưa cho camera này chạy.</Trans>
        </span>
      </TileWords>
    </Tile>
  );
}
