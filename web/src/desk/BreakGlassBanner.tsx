/** Tells every administrator that the envelope for emergencies was opened, until one of them looked into it. */
import { Trans } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Siren } from "lucide-react";
import { useState } from "react";
import { reviewEnvelope } from "../api/breakglass";
import { envelopesQuery } from "../api/queries";
import type { OpenedEnvelope, Session } from "../api/types";
import { dateTime } from "../lib/time";
import { TextField } from "../ui/Field";
import { FormModal } from "../ui/FormModal";
import { Problem } from "./Problem";

export function BreakGlassBanner({ session }: { session: Session }) {
  const { data } = useQuery(envelopesQuery);
  const [open, setOpen] = useState(false);
  const latest = data?.opened.find((one) => one.reviewed === null);
  if (!latest) return null;
  const own = session.user.way === "sealed";
  return (
    <div className="banner alarm" role="alert" data-banner="break-glass">
      <Siren aria-hidden />
      <span className="grow">
        <b>
          <Trans>Phong bì khẩn cấp đã được mở.</Trans>
        </b>{" "}
        {own ? (
          <Trans>Bạn đang dùng tài khoản khẩn cấp đến {dateTime(latest.ends_us)}.</Trans>
        ) : (
          <Trans>
            Lúc {dateTime(latest.opened_us)}, từ {latest.address}: “{latest.reason}”.
          </Trans>
        )}
      </span>
      {!own && (
        <button type="button" className="btn s" data-act="review" onClick={() => setOpen(true)}>
          <Trans>Xem xét</Trans>
        </button>
      )}
      {open && <ReviewDialog opened={latest} onClose={() => setOpen(false)} />}
    </div>
  );
}

function ReviewDialog({ opened, onClose }: { opened: OpenedEnvelope; onClose: () => void }) {
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const reviewing = useMutation({
    mutationFn: () => reviewEnvelope(opened.id, note),
    onSuccess: onClose,
    onSettled: () => void queries.invalidateQueries({ queryKey: envelopesQuery.queryKey }),
  });
  const submit = () => {
    reviewing.mutate();
  };
  return (
    <FormModal
      title={<Trans>Xem xét việc mở phong bì</Trans>}
      onClose={onClose}
      className="setup"
      submit={<Trans>Đã xem xét</Trans>}
      act="reviewed"
      disabled={reviewing.isPending || note.trim() === ""}
      onSubmit={submit}
    >
      <p>
        <Trans>
          Mở lúc {dateTime(opened.opened_us)}, từ {opened.address}, lý do: “{opened.reason}”. Việc đã làm bằng tài khoản
          này nằm trong nhật ký, dưới tên khancap.
        </Trans>
      </p>
      <p className="t2">
        <Trans>Niêm phong phong bì mới trên máy chủ: khue break-glass seal.</Trans>
      </p>
      <TextField
        label={<Trans>Kết quả xem xét</Trans>}
        name="note"
        maxLength={300}
        required
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      {reviewing.error && <Problem error={reviewing.error} />}
    </FormModal>
  );
}
