/**
 * What stands around every screen: top bar, rail (a bottom bar on phones), the
 * banners of a full disk and of a lost line, the list of keys.
 */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouterState } from "@tanstack/react-router";
import { Check, CircleUserRound, KeyRound, LogOut, RefreshCw, Target, UserRoundCog } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Button, Header, Menu, MenuItem, MenuSection, MenuTrigger, Popover, Separator } from "react-aria-components";
import { signOut } from "../api/client";
import { sessionQuery } from "../api/queries";
import type { Session } from "../api/types";
import { localNowUs, serverNowUs } from "../lib/serverclock";
import { useStore } from "../lib/store";
import { clock, date, duration, ZONE } from "../lib/time";
import { useMedia } from "../player/context";
import { type Language, language, narrow, setLanguage, setTheme, type Theme, theme } from "../ui/appearance";
import { useKeys } from "../ui/keys";
import { Mark } from "../ui/Mark";
import { toast } from "../ui/toast";
import { BreakGlassBanner } from "./BreakGlassBanner";
import { ConfirmDialog } from "./ConfirmDialog";
import { DiskBanner } from "./DiskBanner";
import { KeyHelp } from "./KeyHelp";
import { forgetPerson, reason } from "./memory";
import { PurposeDialog } from "./PurposeDialog";
import { Rail } from "./Rail";
import "./frame.css";
import "./rights.css";

interface Props {
  session: Session;
  children: ReactNode;
}

export function Frame({ session, children }: Props) {
  const [asksPurpose, setAsksPurpose] = useState(false);
  const [showsKeys, setShowsKeys] = useState(false);
  const operator = session.user.role === "operator";
  useKeys({ "?": () => setShowsKeys(true) });
  return (
    <div className="app">
      <TopBar
        session={session}
        onPurpose={operator ? () => setAsksPurpose(true) : null}
        onKeys={() => setShowsKeys(true)}
      />
      <Rail session={session} />
      <main className="main">
        {session.user.role === "administrator" && <BreakGlassBanner session={session} />}
        {session.user.role !== "auditor" && <DiskBanner operator={operator} />}
        <LineBanner />
        {children}
      </main>
      {asksPurpose && (
        <PurposeDialog asks="purpose" onClose={() => setAsksPurpose(false)} onChosen={() => setAsksPurpose(false)} />
      )}
      <ConfirmDialog session={session} />
      {showsKeys && <KeyHelp operator={operator} onClose={() => setShowsKeys(false)} />}
    </div>
  );
}

function useTitle(): string {
  const { t } = useLingui();
  const path = useRouterState({ select: (s) => s.location.pathname });
  const titles: Record<string, string> = {
    "/live": t`Trực tiếp`,
    "/playback": t`Xem lại`,
    "/cameras": t`Camera`,
    "/organisations": t({ message: "Đơn vị", context: "rail" }),
    "/holds": t`Giữ lại`,
    "/audit": t`Nhật ký`,
    "/people": t`Người dùng`,
    "/groups": t`Nhóm`,
    "/grants": t`Quyền`,
    "/permission-sets": t`Bộ quyền`,
    "/agreements": t`Thoả thuận`,
    "/policies": t`Quy định`,
    "/inbox": t`Chờ duyệt`,
    "/data-requests": t({ message: "Văn bản", context: "rail" }),
    "/account": t`Tài khoản`,
  };
  return titles[path] ?? "";
}

function TopBar({
  session,
  onPurpose,
  onKeys,
}: {
  session: Session;
  onPurpose: (() => void) | null;
  onKeys: () => void;
}) {
  const { t } = useLingui();
  const title = useTitle();
  const why = useStore(reason);
  const said = why === null ? "" : [why.purpose, why.case].filter(Boolean).join(" · ");
  useEffect(() => {
    document.title = title ? `${title} · Khuê` : "Khuê";
  }, [title]);
  return (
    <header className="top">
      <div className="brand">
        <Mark />
      </div>
      <h1 className="tab">{title}</h1>
      <span className="grow" />
      {session.demo && <span className="chip line demo">{t`Bản thử`}</span>}
      {onPurpose && (
        <button
          type="button"
          className="chip line purpose"
          onClick={onPurpose}
          title={t`Mục đích và số hồ sơ, ghi vào nhật ký`}
          aria-label={why ? t`Mục đích: ${said}` : t`Chưa nêu mục đích`}
        >
          <Target aria-hidden />
          <span className="clip">{why ? <Trans>Mục đích: {said}</Trans> : <Trans>Chưa nêu mục đích</Trans>}</span>
        </button>
      )}
      <Person session={session} onKeys={onKeys} />
      <Clock />
    </header>
  );
}

function Clock() {
  const lang = useStore(language);
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 250);
    return () => clearInterval(timer);
  }, []);
  const now = serverNowUs();
  const weekday = new Date(now / 1000).toLocaleDateString(lang === "en" ? "en-GB" : "vi-VN", {
    weekday: "long",
    timeZone: ZONE,
  });
  return (
    <div className="clockbox">
      <time className="clock">{clock(now)}</time>
      <span className="micro t3 clockdate">
        {weekday}
        <br />
        {date(now)}
      </span>
    </div>
  );
}

function Person({ session, onKeys }: { session: Session; onKeys: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const lang = useStore(language);
  const colours = useStore(theme);
  const navigate = useNavigate();
  const leave = async () => {
    try {
      await signOut();
    } catch {
      toast(t`Chưa đăng xuất được: không có trả lời từ máy chủ.`);
      return;
    }
    forgetPerson();
    queries.clear();
    queries.setQueryData(sessionQuery.queryKey, null);
  };
  return (
    <MenuTrigger>
      <Button className="person" aria-label={t`Tài khoản: ${session.user.display_name}`}>
        <CircleUserRound aria-hidden />
        <span className="small clip">{session.user.display_name}</span>
      </Button>
      <Popover className="pop" placement="bottom end">
        <Menu
          aria-label={t`Tài khoản`}
          onAction={(key) => {
            if (key === "leave") void leave();
            if (key === "account") void navigate({ to: "/account" });
            if (key === "keys") onKeys();
          }}
        >
          <MenuSection
            selectionMode="single"
            selectedKeys={[lang]}
            onSelectionChange={(keys) => {
              const [key] = [...keys];
              if (key) setLanguage(key as Language);
            }}
          >
            <Header>{t`Ngôn ngữ`}</Header>
            <MenuItem id="vi" textValue="Tiếng Việt">
              <Check /> Tiếng Việt
            </MenuItem>
            <MenuItem id="en" textValue="English">
              <Check /> English
            </MenuItem>
          </MenuSection>
          <Separator />
          <MenuSection
            selectionMode="single"
            selectedKeys={[colours]}
            onSelectionChange={(keys) => {
              const [key] = [...keys];
              if (key) setTheme(key as Theme);
            }}
          >
            <Header>{t`Màu nền`}</Header>
            <MenuItem id="dark" textValue={t`Tối`}>
              <Check /> {t`Tối`}
            </MenuItem>
            <MenuItem id="light" textValue={t`Sáng`}>
              <Check /> {t`Sáng`}
            </MenuItem>
          </MenuSection>
          <Separator />
          <MenuItem id="account" textValue={t`Tài khoản của tôi`}>
            <UserRoundCog /> {t`Tài khoản của tôi`}
          </MenuItem>
          <MenuItem id="keys" textValue={t`Phím tắt`}>
            <KeyRound /> {t`Phím tắt`}
          </MenuItem>
          <MenuItem id="leave" textValue={t`Đăng xuất`}>
            <LogOut /> {t`Đăng xuất`}
          </MenuItem>
        </Menu>
        <header>Khuê {session.version}</header>
      </Popover>
    </MenuTrigger>
  );
}

/** Says that the line to the server is lost, for how long, and that it is being tried again. */
function LineBanner() {
  const media = useMedia();
  const line = useStore(media.line);
  const phone = useStore(narrow);
  const [, tick] = useState(0);
  const down = line.phase !== "open" && line.phase !== "off" && line.failures > 0;
  useEffect(() => {
    if (!down) return;
    const timer = setInterval(() => tick((n) => n + 1), 1000);
    return () => clearInterval(timer);
  }, [down]);
  if (!down) return null;
  const lasts = duration(localNowUs() - (line.downSinceMs ?? 0) * 1000);
  return (
    <div className="banner warn" role="alert">
      <RefreshCw aria-hidden />
      <span className="grow">
        {phone ? (
          <Trans>Mất kết nối máy chủ {lasts}. Đang tự nối lại.</Trans>
        ) : (
          <Trans>Mất kết nối tới máy chủ đã {lasts}. Hình trên màn hình không còn là hình mới. Đang tự nối lại.</Trans>
        )}
      </span>
      <button type="button" className="btn s" onClick={() => media.nudge()}>
        <Trans>Thử ngay</Trans>
      </button>
    </div>
  );
}
