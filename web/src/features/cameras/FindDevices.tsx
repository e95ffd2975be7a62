/** Looks for devices, in the server's own network or through addresses; one of them is taken by a press. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useMutation } from "@tanstack/react-query";
import { Radar } from "lucide-react";
import { useState } from "react";
import { findDevices } from "../../api/client";
import { ApiError } from "../../api/error";
import { Problem } from "../../desk/Problem";
import { TextField } from "../../ui/Field";

interface Props {
  onChoose: (url: string) => void;
}

export function FindDevices({ onChoose }: Props) {
  const { t } = useLingui();
  const [typed, setTyped] = useState("");
  const finding = useMutation({
    mutationFn: () => {
      const addresses = typed.split(/[\s,;]+/).filter((word) => word !== "");
      return findDevices(addresses.length > 0 ? { addresses } : {});
    },
  });
  const isNoRange = finding.error instanceof ApiError && finding.error.field === "addresses";
  const found = finding.data?.filter((device) => device.urls.length > 0);
  return (
    <details className="finding">
      <summary className="small">
        <Trans>Chưa biết địa chỉ? Tìm thiết bị</Trans>
      </summary>
      <TextField
        label={<Trans>Tìm ở các địa chỉ</Trans>}
        name="addresses"
        value={typed}
        onChange={(e) => setTyped(e.target.value)}
        placeholder="192.168.10.0/24"
        spellCheck={false}
        autoCapitalize="none"
        help={<Trans>Để trống thì tìm trong mạng của máy chủ. Chỉ tìm ở dải địa chỉ đơn vị bạn được phép.</Trans>}
        error={
          isNoRange ? t`Nhập địa chỉ như 192.168.10.21 hoặc dải như 192.168.10.0/24, tối đa 1.024 địa chỉ.` : undefined
        }
      />
      <div className="row">
        <button
          type="button"
          className="btn"
          data-act="find"
          disabled={finding.isPending}
          onClick={() => finding.mutate()}
        >
          <Radar /> {finding.isPending ? <Trans>Đang tìm…</Trans> : <Trans>Tìm</Trans>}
        </button>
        {found && (
          <span className="small t3" role="status">
            <Plural value={found.length} _0="Không có thiết bị nào trả lời" other="# thiết bị trả lời" />
          </span>
        )}
      </div>
      {finding.error && !isNoRange && <Problem error={finding.error} />}
      {found && found.length > 0 && (
        <ul className="channels" aria-label={t`Thiết bị tìm thấy`}>
          {found.map((device) => (
            <li key={device.endpoint}>
              <button
                type="button"
                className="channel"
                data-endpoint={device.endpoint}
                onClick={() => onChoose(device.urls[0] ?? "")}
              >
                <span>
                  {device.name ?? device.hardware ?? device.urls[0]}
                  {device.name && device.hardware && <span className="t3"> · {device.hardware}</span>}
                </span>
                <span className="small t3">{device.urls[0]}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </details>
  );
}
