/** The way from screen to screen: a rail at the left of a desk, a bar at the foot of a phone, where what does not fit lies in a menu. */
import { useLingui } from "@lingui/react/macro";
import { Link, useNavigate, useRouterState } from "@tanstack/react-router";
import {
  Building2,
  Camera,
  Ellipsis,
  Grid2x2,
  History,
  Inbox,
  Lock,
  MailQuestionMark,
  ScrollText,
  ShieldCheck,
  Users,
} from "lucide-react";
import type { ReactNode } from "react";
import { Button, Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import type { Session } from "../api/types";
import { useStore } from "../lib/store";
import { narrow } from "../ui/appearance";
import { useWaiting } from "./waiting";

/** So many lie beside one another on a phone. */
const MOST = 6;

interface Place {
  to: string;
  /** Screens that stand behind it, on tabs. */
  also?: readonly string[];
  icon: ReactNode;
  text: string;
  /** How much waits there. */
  count?: number;
}

const OF_RIGHTS = ["/permission-sets", "/agreements", "/policies"];

export function Rail({ session }: { session: Session }) {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const path = useRouterState({ select: (s) => s.location.pathname });
  const { count } = useWaiting();
  const inbox = { to: "/inbox", icon: <Inbox className="l" />, text: t`Chờ duyệt`, count };
  const bodies = {
    to: "/organisations",
    icon: <Building2 className="l" />,
    text: t({ message: "Đơn vị", context: "rail" }),
  };
  const rights = { to: "/grants", also: OF_RIGHTS, icon: <ShieldCheck className="l" />, text: t`Quyền` };
  const holds = { to: "/holds", icon: <Lock className="l" />, text: t`Giữ lại` };
  const places: Record<Session["user"]["role"], readonly Place[]> = {
    operator: [
      { to: "/live", icon: <Grid2x2 className="l" />, text: t`Trực tiếp` },
      { to: "/playback", icon: <History className="l" />, text: t`Xem lại` },
      inbox,
      holds,
      {
        to: "/data-requests",
        icon: <MailQuestionMark className="l" />,
        text: t({ message: "Văn bản", context: "rail" }),
      },
      bodies,
      rights,
    ],
    administrator: [
      { to: "/cameras", icon: <Camera className="l" />, text: t`Camera` },
      bodies,
      { to: "/people", also: ["/groups"], icon: <Users className="l" />, text: t`Người dùng` },
      rights,
      inbox,
      holds,
    ],
    auditor: [{ to: "/audit", icon: <ScrollText className="l" />, text: t`Nhật ký` }],
  };
  const all = places[session.user.role];
  const fits = !phone || all.length <= MOST;
  const shown = fits ? all : all.slice(0, MOST - 2);
  const rest = fits ? [] : all.slice(MOST - 2);
  const isOn = ({ to, also }: Place) => path === to || (also ?? []).includes(path);
  return (
    <nav className="rail" aria-label={t`Màn hình`}>
      {shown.map((place) => (
        <Link key={place.to} to={place.to} className={isOn(place) ? "on" : ""} activeProps={{}}>
          {place.icon}
          <span>{place.text}</span>
          {place.count !== undefined && place.count > 0 && (
            <span className="railcount" data-waiting={place.count}>
              <span className="sr">{t`đang chờ:`} </span>
              {place.count}
            </span>
          )}
        </Link>
      ))}
      {rest.length > 0 && <More places={rest} on={rest.some(isOn)} />}
    </nav>
  );
}

function More({ places, on }: { places: readonly Place[]; on: boolean }) {
  const { t } = useLingui();
  const navigate = useNavigate();
  return (
    <MenuTrigger>
      <Button className={on ? "railmore on" : "railmore"}>
        <Ellipsis className="l" aria-hidden />
        <span>{t({ message: "Thêm", context: "rail" })}</span>
      </Button>
      <Popover className="pop" placement="top end">
        <Menu aria-label={t`Màn hình khác`} onAction={(to) => void navigate({ to: String(to) })}>
          {places.map(({ to, icon, text }) => (
            <MenuItem key={to} id={to} textValue={text}>
              {icon} {text}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
