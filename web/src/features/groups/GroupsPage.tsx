/** Groups of people: what is given to a group is given to whoever is in it. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Trash2, UsersRound } from "lucide-react";
import { useMemo, useState } from "react";
import { ApiError } from "../../api/error";
import { addGroup, changeGroup, removeGroup } from "../../api/groups";
import { groupsQuery, peopleQuery } from "../../api/queries";
import type { Group } from "../../api/types";
import { PeopleTabs } from "../../desk/PageTabs";
import { Problem } from "../../desk/Problem";
import { SureDialog } from "../../desk/SureDialog";
import { fold } from "../../lib/fold";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";
import { Empty } from "../../ui/Fallback";
import { TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { ManyChooser } from "../../ui/ManyChooser";
import { RowAct } from "../../ui/RowAct";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";

type Open = { kind: "add" } | { kind: "change" | "remove"; group: Group } | null;

export function GroupsPage() {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const { data: groups, error } = useQuery(groupsQuery);
  const { data: people } = useQuery(peopleQuery);
  const [open, setOpen] = useState<Open>(null);
  const close = () => setOpen(null);
  const names = new Map((people ?? []).map((one) => [one.id, one.display_name]));
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Nhóm`}>
        <PeopleTabs />
        <div className="ph tools">
          <span className="t2 grow">
            {!phone && <Trans>Quyền cấp cho nhóm là cấp cho mọi người trong nhóm.</Trans>}
          </span>
          <button type="button" className="btn primary" data-act="add" onClick={() => setOpen({ kind: "add" })}>
            <UsersRound /> <Trans>Thêm nhóm</Trans>
          </button>
        </div>
        {error && (
          <Warning>
            <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
          </Warning>
        )}
        {groups?.length === 0 ? (
          <Empty title={<Trans>Chưa có nhóm nào</Trans>}>
            <p className="t2">
              <Trans>Thêm nhóm như “Đội Cảnh sát giao thông”, rồi cấp quyền cho cả nhóm.</Trans>
            </p>
          </Empty>
        ) : (
          <div className="tablebox">
            <table className="tbl">
              <thead>
                <tr>
                  <th>{t`Tên`}</th>
                  <th>{t`Người trong nhóm`}</th>
                  <th>
                    <span className="sr">{t`Việc`}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {(groups ?? []).map((group) => (
                  <tr key={group.id} data-group={group.name}>
                    <td className="strong">{group.name}</td>
                    <td>
                      {group.members.length === 0 ? (
                        <span className="t3">{t`chưa có ai`}</span>
                      ) : (
                        group.members.map((id) => names.get(id) ?? t`người đã xóa`).join(", ")
                      )}
                    </td>
                    <td>
                      <div className="row acts">
                        <RowAct
                          what="change"
                          label={t`Sửa ${group.name}`}
                          onClick={() => setOpen({ kind: "change", group })}
                        >
                          <Pencil />
                        </RowAct>
                        <RowAct
                          what="remove"
                          label={t`Xóa ${group.name}`}
                          onClick={() => setOpen({ kind: "remove", group })}
                        >
                          <Trash2 />
                        </RowAct>
                      </div>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {open?.kind === "add" && <GroupForm group={null} onClose={close} />}
      {open?.kind === "change" && <GroupForm group={open.group} onClose={close} />}
      {open?.kind === "remove" && <RemoveDialog group={open.group} onClose={close} />}
    </div>
  );
}

function GroupForm({ group, onClose }: { group: Group | null; onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const { data: people } = useQuery(peopleQuery);
  const [name, setName] = useState(group?.name ?? "");
  const [members, setMembers] = useState<string[]>([...(group?.members ?? [])]);
  const choices = useMemo(
    () =>
      (people ?? []).map(({ id, name, display_name }) => ({
        id,
        text: display_name,
        more: name,
        folded: fold(`${display_name} ${name}`),
      })),
    [people],
  );
  const saving = useMutation({
    mutationFn: () => {
      const written = { name: name.trim(), members };
      return group ? changeGroup(group.id, written) : addGroup(written);
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: groupsQuery.queryKey });
      void queries.invalidateQueries({ queryKey: ["grants"] });
      toast(group ? t`Đã lưu.` : t`Đã thêm nhóm.`);
      onClose();
    },
  });
  const refused = saving.error instanceof ApiError ? saving.error : null;
  const taken = refused?.code === "taken";
  const submit = () => {
    saving.mutate();
  };
  return (
    <FormModal
      title={group ? <Trans>Sửa nhóm {group.name}</Trans> : <Trans>Thêm nhóm</Trans>}
      onClose={onClose}
      className="rightsform"
      submit={group ? <Trans>Lưu</Trans> : <Trans>Thêm</Trans>}
      disabled={saving.isPending || name.trim() === ""}
      onSubmit={submit}
    >
      <TextField
        label={<Trans>Tên nhóm</Trans>}
        error={
          taken ? (
            <Trans>Đã có nhóm mang tên này.</Trans>
          ) : (
            refused?.field === "name" && <Trans>Nhập tên, dưới 200 chữ.</Trans>
          )
        }
        required
        name="name"
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <ManyChooser
        label={<Trans>Người trong nhóm</Trans>}
        error={refused?.field === "members" && <Trans>Có người không còn trong hệ thống. Bỏ ra rồi lưu lại.</Trans>}
        name="members"
        choices={choices}
        value={members}
        onChange={setMembers}
      />
      {refused && !taken && !["name", "members"].includes(refused.field ?? "") && <Problem error={refused} />}
    </FormModal>
  );
}

function RemoveDialog({ group, onClose }: { group: Group; onClose: () => void }) {
  const { t } = useLingui();
  return (
    <SureDialog
      title={<Trans>Xóa nhóm {group.name}?</Trans>}
      act={
        <>
          <Trash2 /> <Trans>Xóa nhóm</Trans>
        </>
      }
      cure={(error) =>
        error instanceof ApiError &&
        error.code === "in_use" && <Trans>Nhóm đang được nêu trong một thoả thuận. Kết thúc thoả thuận trước.</Trans>
      }
      onSure={() => removeGroup(group.id)}
      stale={groupsQuery.queryKey}
      onDone={() => {
        toast(t`Đã xóa nhóm.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        <Trans>Người trong nhóm không bị xóa, nhưng mất những quyền đã cấp cho nhóm.</Trans>
      </p>
    </SureDialog>
  );
}
