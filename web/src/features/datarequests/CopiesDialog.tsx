/** Making the copies that an approved request asks for: one file for each camera, each noted with its hash. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, UserCheck } from "lucide-react";
import { useState } from "react";
import { askApproval } from "../../api/approvals";
import { makeExport } from "../../api/client";
import { ApiError } from "../../api/error";
import { approvalsQuery, dataRequestsQuery } from "../../api/queries";
import type { DataRequest, ExportAnswer } from "../../api/types";
import { approvalOf } from "../../desk/approving";
import { CameraName } from "../../desk/Named";
import { Problem } from "../../desk/Problem";
import { MOST_CASE } from "../../desk/PurposeDialog";
import { bytes } from "../../lib/figures";
import { serverNowUs } from "../../lib/serverclock";
import { dateTime } from "../../lib/time";
import { CloseButton, Modal } from "../../ui/Modal";
import { toast } from "../../ui/toast";

/** As exports take it; a letter may say more. */
const MOST_PURPOSE = 300;

interface Failed {
  camera: string;
  error: Error;
}

export function CopiesDialog({ one, onClose }: { one: DataRequest; onClose: () => void }) {
  const { t, i18n } = useLingui();
  const queries = useQueryClient();
  const { letter } = one;
  const had = new Set(one.copies.map((copy) => copy.camera));
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(letter.cameras.filter((id) => !had.has(id))));
  const [made, setMade] = useState<ExportAnswer[]>([]);
  const [failed, setFailed] = useState<Failed[]>([]);
  const { data: approvals } = useQuery({ ...approvalsQuery, refetchInterval: 5_000 });
  const told = {
    from_us: letter.from_us,
    to_us: letter.to_us,
    purpose: letter.purpose.slice(0, MOST_PURPOSE),
    case: letter.number.slice(0, MOST_CASE),
  };
  const approvalFor = (camera: string) => approvalOf(approvals ?? [], { camera, ...told }, serverNowUs());
  const making = useMutation({
    mutationFn: async () => {
      setFailed([]);
      // One after another: a disk that records has other things to do.
      for (const camera of chosen) {
        const found = approvalFor(camera);
        const approval = found?.state === "approved" ? { approval: found.id } : {};
        try {
          const answer = await makeExport({ camera, role: "main", data_request: one.id, ...told, ...approval });
          setMade((all) => [...all, answer]);
          setChosen((all) => new Set([...all].filter((id) => id !== camera)));
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          setFailed((all) => [...all, { camera, error }]);
        }
      }
    },
    onSettled: () => queries.invalidateQueries({ queryKey: dataRequestsQuery.queryKey }),
  });
  const wanting = failed.filter(({ error }) => error instanceof ApiError && error.code === "approval_asked");
  const asking = useMutation({
    mutationFn: async () => {
      for (const { camera } of wanting) if (!approvalFor(camera)) await askApproval({ camera, ...told });
    },
    onSuccess: () => {
      setFailed([]);
      toast(t`Đã gửi duyệt. Có trả lời thì hiện ở Chờ duyệt.`);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: approvalsQuery.queryKey }),
  });
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const busy = making.isPending || asking.isPending;
  return (
    <Modal
      title={<Trans>Làm bản sao cho văn bản {letter.number}</Trans>}
      onClose={onClose}
      holdsWork
      actions={
        <>
          <CloseButton onClose={onClose}>{t`Đóng`}</CloseButton>
          {wanting.length > 0 && (
            <button
              type="button"
              className="btn"
              data-act="ask-approval"
              disabled={busy}
              onClick={() => asking.mutate()}
            >
              <UserCheck /> <Trans>Xin phê duyệt</Trans>
            </button>
          )}
          <button
            type="button"
            className="btn primary"
            data-act="make"
            disabled={busy || chosen.size === 0}
            onClick={() => making.mutate()}
          >
            {making.isPending ? <Trans>Đang làm…</Trans> : <Trans>Làm bản sao</Trans>}
          </button>
        </>
      }
    >
      <p className="t2">
        {dateTime(letter.from_us)} – {dateTime(letter.to_us)}.{" "}
        <Trans>Mỗi camera một tệp. Mã kiểm tra của từng tệp được lưu cùng văn bản.</Trans>
      </p>
      <div role="group" aria-label={t`Camera`}>
        {letter.cameras.map((id) => {
          const approval = approvalFor(id);
          return (
            <label key={id} className="checkrow">
              <input type="checkbox" checked={chosen.has(id)} onChange={() => toggle(id)} />
              <span className="grow">
                <CameraName id={id} />
              </span>
              {had.has(id) && <span className="small t3">{t`đã có bản sao`}</span>}
              {approval?.state === "waiting" && <span className="small t3">{t`đang chờ duyệt`}</span>}
              {approval?.state === "approved" && <span className="small t3">{t`đã duyệt`}</span>}
            </label>
          );
        })}
      </div>
      {failed.map(({ camera, error }) => (
        <Problem key={camera} error={error}>
          {error instanceof ApiError && error.code === "approval_asked" && (
            <Trans>
              <CameraName id={camera} />: theo quy định phải có người thứ hai đồng ý.
            </Trans>
          )}
          {error instanceof ApiError && error.code === "nothing_recorded" && (
            <Trans>
              <CameraName id={camera} />: trong khoảng này không có hình nào được ghi.
            </Trans>
          )}
        </Problem>
      ))}
      {asking.error && <Problem error={asking.error} />}
      {made.length > 0 && (
        <div role="status" className="col">
          <h3>
            <Trans>Tải về trong nửa giờ</Trans>
          </h3>
          {made.map((answer) => (
            <div key={answer.id} className="ready small" data-copy={answer.id}>
              <a href={answer.url} download={answer.name} className="row">
                <Download className="s" /> <span className="clip">{answer.name}</span>
              </a>
              <span className="t3">{bytes(answer.size_bytes, i18n.locale)}</span>
              {answer.sha256 && <div className="t3 hash">SHA-256 {answer.sha256}</div>}
            </div>
          ))}
        </div>
      )}
    </Modal>
  );
}
