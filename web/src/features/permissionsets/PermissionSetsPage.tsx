/** Sets of permissions: the duties of the office, as what may be done. Grants follow them. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { ApiError } from "../../api/error";
import { addPermissionSet, changePermissionSet, removePermissionSet } from "../../api/permissionsets";
import { grantsQuery, permissionSetsQuery } from "../../api/queries";
import type { GrantAction, PermissionSet } from "../../api/types";
import { ActionBoxes, LimitFields } from "../../desk/GrantFields";
import { numberOf } from "../../desk/grantwords";
import { ActionWords } from "../../desk/Named";
import { RightsTabs } from "../../desk/PageTabs";
import { Problem } from "../../desk/Problem";
import { SureDialog } from "../../desk/SureDialog";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";
import { TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { RowAct } from "../../ui/RowAct";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";

type Open = { kind: "add" } | { kind: "change" | "remove"; set: PermissionSet } | null;

export function PermissionSetsPage() {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const { data: sets, error } = useQuery(permissionSetsQuery);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Bộ quyền`}>
        <RightsTabs />
        <div className="ph tools">
          <span className="t2 grow">
            {!phone && (
              <Trans>Mỗi bộ quyền là một nhiệm vụ. Sửa bộ quyền thì mọi quyền đã cấp theo bộ đó đổi theo.</Trans>
            )}
          </span>
          <button type="button" className="btn primary" data-act="add" onClick={() => setOpen({ kind: "add" })}>
            <Plus /> <Trans>Thêm bộ quyền</Trans>
          </button>
        </div>
        {error && (
          <Warning>
            <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
          </Warning>
        )}
        <div className="tablebox">
          <table className="tbl">
            <thead>
              <tr>
                <th>{t`Tên`}</th>
                {!phone && (
                  <>
                    <th>{t`Được làm gì`}</th>
                    <th>{t`Giới hạn`}</th>
                    <th className="num">{t`Quyền theo bộ này`}</th>
                  </>
                )}
                <th>
                  <span className="sr">{t`Việc`}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {(sets ?? []).map((one) => (
                <Row key={one.id} set={one} phone={phone} onOpen={setOpen} />
              ))}
            </tbody>
          </table>
        </div>
      </section>
      {open?.kind === "add" && <SetForm set={null} onClose={close} />}
      {open?.kind === "change" && <SetForm set={open.set} onClose={close} />}
      {open?.kind === "remove" && <RemoveDialog set={open.set} onClose={close} />}
    </div>
  );
}

function Row({ set: one, phone, onOpen }: { set: PermissionSet; phone: boolean; onOpen: (open: Open) => void }) {
  const { t } = useLingui();
  const { set, grants } = one;
  const bounds = [
    set.most_lines != null && t`nét nhất ${set.most_lines} dòng`,
    set.playback_days != null && t`xem lại ${set.playback_days} ngày`,
  ].filter(Boolean);
  const said = bounds.length > 0 ? bounds.join(" · ") : t`không giới hạn`;
  return (
    <tr data-set={one.id}>
      <td>
        <div className="strong">{set.name}</div>
        {set.name_en && <div className="t3">{set.name_en}</div>}
        {phone && (
          <>
            <div className="t2">
              <ActionWords actions={set.actions} />
            </div>
            <div className="t3">
              {said} · <Trans>{grants} quyền theo bộ này</Trans>
            </div>
          </>
        )}
      </td>
      {!phone && (
        <>
          <td>
            <ActionWords actions={set.actions} />
          </td>
          <td>{said}</td>
          <td className="num">{grants}</td>
        </>
      )}
      <td>
        <div className="row acts">
          <RowAct what="change" label={t`Sửa ${set.name}`} onClick={() => onOpen({ kind: "change", set: one })}>
            <Pencil />
          </RowAct>
          <RowAct what="remove" label={t`Xóa ${set.name}`} onClick={() => onOpen({ kind: "remove", set: one })}>
            <Trash2 />
          </RowAct>
        </div>
      </td>
    </tr>
  );
}

/** Those that tell by themselves what is wrong with them. */
const FIELDS = ["name", "name_en", "actions", "most_lines", "playback_days", "ptz_priority"];

function SetForm({ set: one, onClose }: { set: PermissionSet | null; onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [form, setForm] = useState({
    name: one?.set.name ?? "",
    name_en: one?.set.name_en ?? "",
    actions: [...(one?.set.actions ?? [])] as GrantAction[],
    lines: String(one?.set.most_lines ?? ""),
    days: String(one?.set.playback_days ?? ""),
    priority: String(one?.set.ptz_priority ?? 5),
  });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const saving = useMutation({
    mutationFn: () => {
      const written = {
        name: form.name.trim(),
        name_en: form.name_en.trim() || null,
        actions: form.actions,
        most_lines: numberOf(form.lines),
        playback_days: numberOf(form.days),
        ptz_priority: numberOf(form.priority),
      };
      return one ? changePermissionSet(one.id, written) : addPermissionSet(written);
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: permissionSetsQuery.queryKey });
      void queries.invalidateQueries({ queryKey: grantsQuery.queryKey });
      toast(one ? t`Đã lưu.` : t`Đã thêm bộ quyền.`);
      onClose();
    },
  });
  const refused = saving.error instanceof ApiError ? saving.error : null;
  const taken = refused?.code === "taken";
  const wrong = (field: string) => refused?.field === field;
  const submit = () => {
    saving.mutate();
  };
  return (
    <FormModal
      title={one ? <Trans>Sửa bộ quyền {one.set.name}</Trans> : <Trans>Thêm bộ quyền</Trans>}
      onClose={onClose}
      className="rightsform"
      submit={one ? <Trans>Lưu</Trans> : <Trans>Thêm</Trans>}
      disabled={saving.isPending || form.name.trim() === "" || form.actions.length === 0}
      onSubmit={submit}
    >
      {one && one.grants > 0 && (
        <Warning>
          <Trans>
            {one.grants} quyền đã cấp theo bộ này và đổi ngay khi lưu. Quyền với camera quốc phòng phải chờ đồng ý lại.
          </Trans>
        </Warning>
      )}
      <TextField
        label={<Trans>Tên bộ quyền</Trans>}
        error={
          taken ? <Trans>Đã có bộ quyền mang tên này.</Trans> : wrong("name") && <Trans>Nhập tên, dưới 200 chữ.</Trans>
        }
        required
        name="name"
        maxLength={200}
        value={form.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <TextField
        label={<Trans>Tên tiếng Anh</Trans>}
        error={wrong("name_en") && <Trans>Tên này không dùng được.</Trans>}
        name="name_en"
        maxLength={200}
        value={form.name_en}
        onChange={(event) => set({ name_en: event.target.value })}
      />
      <ActionBoxes
        value={form.actions}
        onChange={(actions) => set({ actions })}
        error={wrong("actions") && <Trans>Chọn ít nhất một việc.</Trans>}
      />
      <LimitFields lines={form.lines} days={form.days} wrong={refused?.field ?? null} onChange={set} />
      <TextField
        label={<Trans>Ưu tiên quay quét</Trans>}
        help={<Trans>Từ 1 đến 9. Nhiều người cùng quay một camera thì số lớn hơn được quay.</Trans>}
        error={wrong("ptz_priority") && <Trans>Nhập từ 1 đến 9.</Trans>}
        name="ptz_priority"
        type="number"
        min={1}
        max={9}
        value={form.priority}
        onChange={(event) => set({ priority: event.target.value })}
      />
      {refused && !taken && !FIELDS.includes(refused.field ?? "") && <Problem error={refused} />}
    </FormModal>
  );
}

function RemoveDialog({ set: one, onClose }: { set: PermissionSet; onClose: () => void }) {
  const { t } = useLingui();
  return (
    <SureDialog
      title={<Trans>Xóa bộ quyền {one.set.name}?</Trans>}
      act={
        <>
          <Trash2 /> <Trans>Xóa bộ quyền</Trans>
        </>
      }
      cure={(error) =>
        error instanceof ApiError &&
        error.code === "in_use" && <Trans>Còn quyền đã cấp theo bộ này. Thu hồi các quyền đó trước.</Trans>
      }
      onSure={() => removePermissionSet(one.id)}
      stale={permissionSetsQuery.queryKey}
      onDone={() => {
        toast(t`Đã xóa bộ quyền.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        {one.grants > 0 ? (
          <Trans>{one.grants} quyền đang theo bộ này. Chỉ xóa được khi không còn quyền nào theo.</Trans>
        ) : (
          <Trans>Không quyền nào theo bộ này. Xóa không làm ai mất quyền.</Trans>
        )}
      </p>
    </SureDialog>
  );
}
