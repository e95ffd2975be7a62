/** Taking footage out, or keeping it from being deleted: what, why, and what was made. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Download, Lock, Scissors, ScrollText, UserCheck } from "lucide-react";
import { useState } from "react";
import { askApproval } from "../../api/approvals";
import { addHold, makeExport } from "../../api/client";
import { ApiError } from "../../api/error";
import { approvalsQuery, holdsQuery } from "../../api/queries";
import type { CameraRow, ExportAnswer, Timeline } from "../../api/types";
import { approvalOf } from "../../desk/approving";
import { Problem } from "../../desk/Problem";
import { MOST_CASE } from "../../desk/PurposeDialog";
import { bytes } from "../../lib/figures";
import { serverNowUs } from "../../lib/serverclock";
import { dateTime, duration } from "../../lib/time";
import type { Reason } from "../../player/tokens";
import { TextField } from "../../ui/Field";
import { SidePanel } from "../../ui/SidePanel";
import { toast } from "../../ui/toast";
import type { Selection } from "./selection";

interface Props {
  selection: Selection;
  cameras: readonly { camera: CameraRow; timeline: Timeline | null }[];
  lead: string | null;
  reason: Reason;
  onClose: () => void;
}

interface Made {
  camera: CameraRow;
  answer: ExportAnswer;
}

export function ExportPanel({ selection, cameras, lead, reason, onClose }: Props) {
  const { t, i18n } = useLingui();
  const queries = useQueryClient();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(lead ? [lead] : []));
  const [why, setWhy] = useState(reason.purpose);
  const [number, setNumber] = useState(reason.case ?? "");
  const [made, setMade] = useState<Made[]>([]);
  const picked = cameras.filter((c) => chosen.has(c.camera.id));
  const span = { from_us: Math.round(selection.fromUs), to_us: Math.round(selection.toUs) };

  const told = { purpose: why.trim(), case: number.trim() || null };
  // A second person answers while this is open.
  const { data: approvals } = useQuery({ ...approvalsQuery, refetchInterval: 5_000 });
  const approvalFor = (camera: string) => approvalOf(approvals ?? [], { camera, ...span }, serverNowUs());

  const exporting = useMutation({
    mutationFn: async () => {
      // One after another: a disk that records has other things to do.
      for (const { camera } of picked) {
        const found = approvalFor(camera.id);
        const approval = found?.state === "approved" ? { approval: found.id } : {};
        const answer = await makeExport({ camera: camera.id, role: "main", ...told, ...span, ...approval });
        setMade((all) => [...all, { camera, answer }]);
        download(answer);
      }
    },
  });
  const holding = useMutation({
    mutationFn: async () => {
      for (const { camera } of picked) await addHold({ camera: camera.id, reason: why.trim(), ...span });
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: holdsQuery.queryKey });
      toast(t`Đã giữ lại đoạn này. Hết hạn lưu cũng không bị xóa.`);
    },
  });
  const asking = useMutation({
    mutationFn: async () => {
      for (const { camera } of picked)
        if (!approvalFor(camera.id)) await askApproval({ camera: camera.id, ...told, ...span });
    },
    onSuccess: () => {
      exporting.reset();
      toast(t`Đã gửi duyệt. Có trả lời thì hiện ở đây và ở Chờ duyệt.`);
    },
    onSettled: () => queries.invalidateQueries({ queryKey: approvalsQuery.queryKey }),
  });
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  const ready = picked.length > 0 && why.trim().length >= 3;
  const busy = exporting.isPending || holding.isPending || asking.isPending;
  const error = exporting.error ?? holding.error ?? asking.error;
  const code = error instanceof ApiError ? error.code : null;
  const wished = picked.flatMap(({ camera }) => {
    const approval = approvalFor(camera.id);
    return approval ? [{ camera, approval }] : [];
  });

  return (
    <SidePanel
      title={<Trans>Trích xuất đoạn đã chọn</Trans>}
      onClose={onClose}
      actions={
        <>
          {code === "approval_asked" && wished.length < picked.length && (
            <button
              type="button"
              className="btn wide"
              disabled={!ready || busy}
              data-act="ask-approval"
              onClick={() => asking.mutate()}
            >
              <UserCheck /> <Trans>Xin phê duyệt</Trans>
            </button>
          )}
          <button
            type="button"
            className="btn primary wide"
            disabled={!ready || busy}
            data-act="export"
            onClick={() => exporting.mutate()}
          >
            <Scissors /> {exporting.isPending ? <Trans>Đang trích xuất…</Trans> : <Trans>Trích xuất và tải về</Trans>}
          </button>
          <button
            type="button"
            className="btn wide"
            disabled={!ready || busy}
            data-act="hold"
            onClick={() => holding.mutate()}
          >
            <Lock /> <Trans>Giữ lại, không cho xóa</Trans>
          </button>
        </>
      }
    >
      <dl className="dl">
        <dt>
          <Trans>Từ</Trans>
        </dt>
        <dd>{dateTime(selection.fromUs)}</dd>
        <dt>
          <Trans>Đến</Trans>
        </dt>
        <dd>{dateTime(selection.toUs)}</dd>
        <dt>
          <Trans>Dài</Trans>
        </dt>
        <dd>
          {duration(selection.toUs - selection.fromUs)} × {picked.length} camera
        </dd>
      </dl>
      <div role="group" aria-label="Camera">
        <h3>Camera</h3>
        {cameras.map(({ camera, timeline }) => {
          const has = timeline?.runs.some((r) => r.to_us > span.from_us && r.from_us < span.to_us) ?? true;
          const may = camera.may.export;
          return (
            <label key={camera.id} className="checkrow">
              <input
                type="checkbox"
                checked={chosen.has(camera.id)}
                disabled={!may || !has}
                onChange={() => toggle(camera.id)}
              />
              <b>{camera.number}</b>
              <span className="clip grow">{camera.name}</span>
              {!may && <span className="small t3">{t`không có quyền`}</span>}
              {may && !has && <span className="small t3">{t`không có hình`}</span>}
            </label>
          );
        })}
      </div>
      <TextField
        label={<Trans>Mục đích</Trans>}
        required
        name="purpose"
        value={why}
        onChange={(e) => setWhy(e.target.value)}
        maxLength={200}
      />
      <TextField
        label={<Trans>Số hồ sơ, vụ việc</Trans>}
        error={code === "case_asked" && <Trans>Theo quy định, trích xuất phải ghi số hồ sơ hoặc vụ việc.</Trans>}
        required={code === "case_asked"}
        name="case"
        value={number}
        onChange={(e) => setNumber(e.target.value)}
        maxLength={MOST_CASE}
      />
      {wished.length > 0 && (
        <div role="status" className="col wishes">
          {wished.map(({ camera, approval }) => (
            <div key={approval.id} className="note" data-approval={approval.state}>
              <UserCheck aria-hidden />
              <span>
                {approval.state === "approved" ? (
                  <Trans>
                    Camera {camera.number}: {approval.answered_by} đã đồng ý, dùng được đến{" "}
                    {dateTime(approval.until_us ?? 0)}.
                  </Trans>
                ) : (
                  <Trans>
                    Camera {camera.number}: đang chờ người khác duyệt, gửi lúc {dateTime(approval.asked_us)}.
                  </Trans>
                )}
              </span>
            </div>
          ))}
        </div>
      )}
      {error && code !== "case_asked" && (
        <Problem error={error}>
          {code === "approval_asked" &&
            (wished.some(({ approval }) => approval.state === "waiting") ? (
              <Trans>Chưa có người duyệt. Đợi trả lời rồi trích xuất.</Trans>
            ) : (
              <Trans>Theo quy định, đoạn này phải có người thứ hai đồng ý. Xin phê duyệt rồi trích xuất.</Trans>
            ))}
          {code === "nothing_recorded" && <Trans>Trong khoảng này không có hình nào được ghi.</Trans>}
          {code === "unreadable" && (
            <Trans>
              Đĩa không đọc được một phần của khoảng này. Hãy trích xuất từng đoạn ở hai bên, và báo người quản trị.
            </Trans>
          )}
        </Problem>
      )}
      {made.length > 0 && (
        <div role="status">
          <h3>
            <Trans>Đã trích xuất</Trans>
          </h3>
          {made.map(({ camera, answer }) => (
            <div key={answer.id} className="ready small">
              <a href={answer.url} download={answer.name} className="row">
                <Download className="s" /> <span className="clip">{answer.name}</span>
              </a>
              <span className="t3">
                <Trans>
                  Camera {camera.number}, {answer.frames} hình, {bytes(answer.size_bytes, i18n.locale)}
                </Trans>
              </span>
              <span className="t3">
                {dateTime(answer.from_us)} – {dateTime(answer.to_us)}
              </span>
            </div>
          ))}
        </div>
      )}
      <div className="note last">
        <ScrollText aria-hidden />
        <span>
          <Trans>Tệp MP4, hình nguyên gốc. Việc này được ghi nhật ký: tên bạn, camera, khoảng giờ và mục đích.</Trans>
        </span>
      </div>
    </SidePanel>
  );
}

/** Starts the browser's own download: the file is streamed to disk, whatever its size. */
function download(answer: ExportAnswer): void {
  const link = document.createElement("a");
  link.href = answer.url;
  link.download = answer.name;
  link.click();
}
