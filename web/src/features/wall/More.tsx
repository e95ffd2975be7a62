/**
 * What is wanted of a tile less often: the screen for looking back, RTSP for
 * other programs, and which way pictures come, which holds for all tiles of
 * this browser.
 */
import { useLingui } from "@lingui/react/macro";
import { useNavigate } from "@tanstack/react-router";
import { Cast, Check, EllipsisVertical, History } from "lucide-react";
import { useState } from "react";
import { Button, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover, Separator } from "react-aria-components";
import type { CameraRow } from "../../api/types";
import { useOffer } from "../../desk/choosing";
import { wayName } from "../../desk/waywords";
import { serverNowUs } from "../../lib/serverclock";
import { useStore } from "../../lib/store";
import { SECOND_US } from "../../lib/time";
import { browser, prefer, setPrefer } from "../../player/browser";
import type { Prefer, Way } from "../../player/choose";
import { RtspOut } from "./RtspOut";

const WAYS: readonly Way[] = ["mse", "whep", "hls"];

export function More({ camera }: { camera: CameraRow }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  const offer = useOffer();
  const preferred = useStore(prefer);
  const [rtsp, setRtsp] = useState(false);
  // One that is not here is shown only to whoever chose it elsewhere.
  const here = WAYS.filter((way) => (browser[way](null) && (way !== "whep" || offer.whep)) || way === preferred);
  const name = t`Việc khác với camera ${camera.number}`;
  return (
    <>
      <MenuTrigger>
        <Button className="vbtn ico" aria-label={name} data-act="more">
          <EllipsisVertical />
        </Button>
        <Popover className="pop" placement="top">
          <Menu
            aria-label={name}
            onAction={(key) => {
              if (key === "rtsp") setRtsp(true);
              if (key === "back") void navigate({ to: "/playback", search: { at: serverNowUs() - 15 * SECOND_US } });
            }}
          >
            {camera.may.playback && (
              <MenuItem id="back" textValue={t`Mở màn hình xem lại`}>
                <History /> {t`Mở màn hình xem lại`}
              </MenuItem>
            )}
            <MenuItem id="rtsp" textValue={t`RTSP ra ngoài`}>
              <Cast /> {t`RTSP ra ngoài`}
            </MenuItem>
            <Separator />
            <MenuSection
              selectionMode="single"
              selectedKeys={[preferred]}
              onSelectionChange={(keys) => {
                const [key] = [...keys];
                if (key) setPrefer(key as Prefer);
              }}
            >
              <Header>{t`Hình của mọi ô đến bằng`}</Header>
              <MenuItem id="auto" textValue={t`Tự chọn`}>
                <Check /> {t`Tự chọn`}
              </MenuItem>
              {here.map((way) => (
                <MenuItem key={way} id={way} textValue={wayName(way)}>
                  <Check /> {wayName(way)}
                </MenuItem>
              ))}
            </MenuSection>
          </Menu>
        </Popover>
      </MenuTrigger>
      {rtsp && <RtspOut camera={camera} onClose={() => setRtsp(false)} />}
    </>
  );
}
