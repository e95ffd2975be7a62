/** Where a person is signed in, and ending it there. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LogOut, MonitorSmartphone } from "lucide-react";
import { endDevice } from "../api/account";
import type { Device } from "../api/types";
import { dateTime } from "../lib/time";
import { toast } from "../ui/toast";
import { agentName } from "./agent";
import { Problem } from "./Problem";
import "./devices.css";

export function DeviceRows({ devices }: { devices: readonly Device[] }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const ending = useMutation({
    mutationFn: endDevice,
    onSuccess: () => toast(t`Đã đăng xuất ở nơi đó.`),
    onSettled: () => void queries.invalidateQueries({ queryKey: ["devices"] }),
  });
  return (
    <>
      <ul className="devices">
        {devices.map((device) => {
          const { browser, system } = agentName(device.agent);
          const name = system ? t`${browser} trên ${system}` : browser || t`Chương trình không rõ tên`;
          return (
            <li key={device.id} data-device={device.this ? "this" : "other"}>
              <MonitorSmartphone aria-hidden />
              <div className="grow">
                <div className="strong">
                  {name} {device.this && <span className="chip">{t`máy này`}</span>}
                </div>
                <div className="small t3">
                  <Trans>
                    Từ {device.address} · đăng nhập {dateTime(device.opened_us)} · dùng lần cuối{" "}
                    {dateTime(device.seen_us)}
                  </Trans>
                </div>
              </div>
              {!device.this && (
                <button
                  type="button"
                  className="btn s"
                  data-act="end"
                  disabled={ending.isPending}
                  aria-label={t`Đăng xuất ${name}`}
                  onClick={() => ending.mutate(device.id)}
                >
                  <LogOut /> <Trans>Đăng xuất</Trans>
                </button>
              )}
            </li>
          );
        })}
      </ul>
      {devices.length === 0 && (
        <p className="t3">
          <Trans>Không đăng nhập ở nơi nào.</Trans>
        </p>
      )}
      {ending.error && <Problem error={ending.error} />}
    </>
  );
}
