/**
 * Opening a camera in an emergency, for oneself and for minutes: offered to
 * whom that was given, with the reason asked; and what says on a tile, as long
 * as it lasts, that it is open so.
 */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ScrollText, Siren } from "lucide-react";
import { useEffect, useState } from "react";
import { openInEmergency } from "../api/emergencies";
import { ApiError } from "../api/error";
import { emergenciesQuery, policiesQuery, treeQuery } from "../api/queries";
import type { CameraRow } from "../api/types";
import { serverNowUs } from "../lib/serverclock";
import { MINUTE_US } from "../lib/time";
import { TextField } from "../ui/Field";
import { FormModal } from "../ui/FormModal";
import { toast } from "../ui/toast";
import { Problem } from "./Problem";
import "./emergency.css";

/** Drawn only for whom opening cameras was given; whether this one may be, the server says. */
export function EmergencyButton({ camera }: { camera: CameraRow }) {
  const [asks, setAsks] = useState(false);
  if (!camera.may.override || camera.class === "defence") return null;
  return (
    <>
      <button type="button" className="vbtn" data-act="emergency" onClick={() => setAsks(true)}>
        <Siren /> <Trans>Mở khẩn cấp</Trans>
      </button>
      {asks && <EmergencyDialog camera={camera} onClose={() => setAsks(false)} />}
    </>
  );
}

function EmergencyDialog({ camera, onClose }: { camera: CameraRow; onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const { data: rules } = useQuery(policiesQuery);
  const [reason, setReason] = useState("");
  const terms = rules?.versions.find((one) => one.version === rules.holds)?.terms;
  const opening = useMutation({
    mutationFn: () => openInEmergency([camera.id], reason.trim()),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: emergenciesQuery.queryKey });
      void queries.invalidateQueries({ queryKey: treeQuery.queryKey });
      toast(t`Đã mở khẩn cấp camera ${camera.number}.`);
      onClose();
    },
  });
  const refused = opening.error instanceof ApiError ? opening.error : null;
  return (
    <FormModal
      title={<Trans>Mở khẩn cấp camera {camera.number}?</Trans>}
      onClose={onClose}
      className="purposes"
      submit={
        <>
          <Siren /> <Trans>Mở ngay</Trans>
        </>
      }
      act="open"
      grave
      disabled={opening.isPending || reason.trim().length < 3}
      onSubmit={() => opening.mutate()}
    >
      <p>
        {terms ? (
          <Trans>
            Bạn xem trực tiếp, xem lại và quay quét được camera này trong {terms.emergency_minutes} phút. Chỉ dùng khi
            có việc khẩn cấp.
          </Trans>
        ) : (
          <Trans>Bạn xem được camera này trong ít phút. Chỉ dùng khi có việc khẩn cấp.</Trans>
        )}
      </p>
      <TextField
        label={<Trans>Việc gì đang xảy ra</Trans>}
        error={refused?.field === "reason" && <Trans>Ghi rõ hơn, dưới 200 chữ.</Trans>}
        required
        name="reason"
        maxLength={200}
        autoFocus
        value={reason}
        onChange={(event) => setReason(event.target.value)}
      />
      {opening.error && refused?.field !== "reason" && (
        <Problem error={opening.error}>
          {refused?.code === "review_due" && (
            <Trans>Lần mở khẩn cấp trước của bạn đã quá hạn xem xét. Nhờ người quản trị xem xét lần đó trước.</Trans>
          )}
          {refused?.code === "forbidden" && <Trans>Bạn không được mở khẩn cấp camera này.</Trans>}
        </Problem>
      )}
      <div className="note">
        <ScrollText aria-hidden />
        <span>
          <Trans>
            Tên bạn, camera và lý do được ghi vào nhật ký ngay bây giờ. Người quản trị xem xét lại việc này; quá hạn mà
            chưa xem xét thì bạn không mở khẩn cấp lần khác được.
          </Trans>
        </span>
      </div>
    </FormModal>
  );
}

/** On a tile whose camera is open for whoever looks by an emergency: how long it still is. */
export function EmergencyBadge({ camera }: { camera: string }) {
  const { data: emergencies } = useQuery(emergenciesQuery);
  const [, tick] = useState(0);
  const open = (emergencies ?? []).filter(
    (one) => one.own && one.cameras.includes(camera) && one.until_us > serverNowUs(),
  );
  const isOpen = open.length > 0;
  useEffect(() => {
    if (!isOpen) return;
    const timer = setInterval(() => tick((n) => n + 1), 5_000);
    return () => clearInterval(timer);
  }, [isOpen]);
  if (!isOpen) return null;
  const untilUs = Math.max(...open.map((one) => one.until_us));
  const minutes = Math.max(1, Math.ceil((untilUs - serverNowUs()) / MINUTE_US));
  return (
    <div className="emergency" data-emergency={camera}>
      <Siren aria-hidden /> <Trans>Mở khẩn cấp, còn {minutes} phút</Trans>
    </div>
  );
}
