/** Who may do what with which cameras: what was given, giving, agreeing, revoking. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Check, ShieldPlus, Trash2 } from "lucide-react";
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { agreeToGrant, giveGrant, revokeGrant } from "../../api/grants";
import { grantsQuery, peopleQuery, treeQuery } from "../../api/queries";
import type { GrantAction, GrantRow, GrantTerms } from "../../api/types";
import { Problem } from "../../desk/Problem";
import { SureDialog } from "../../desk/SureDialog";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";
import { SelectField, TextField } from "../../ui/Field";
import { CloseButton, Modal } from "../../ui/Modal";
import { RowAct } from "../../ui/RowAct";
import { Segmented } from "../../ui/Segmented";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";
import { OfCamera, OfPerson } from "./Held";
import { ACTIONS, endOfDay, lastDay, USUAL } from "./words";
import "./grants.css";

type View = "given" | "camera" | "person";
type Open = { kind: "give" } | { kind: "revoke"; grant: GrantRow } | null;

export function GrantsPage() {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const { data: grants, error } = useQuery(grantsQuery);
  const [open, setOpen] = useState<Open>(null);
  const [view, setView] = useState<View>("given");
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Quyền`}>
        <div className="ph tools">
          <Segmented<View>
            label={t`Xem theo`}
            value={view}
            choices={[
              { value: "given", text: t`Đã cấp` },
              { value: "camera", text: t`Ai xem được` },
              { value: "person", text: t`Xem được gì` },
            ]}
            onChange={setView}
          />
          <span className="t2 grow">
            {!phone && <Trans>Ai không được cấp quyền với camera nào thì không thấy camera đó.</Trans>}
          </span>
          <button type="button" className="btn primary" data-act="give" onClick={() => setOpen({ kind: "give" })}>
            <ShieldPlus /> <Trans>Cấp quyền</Trans>
          </button>
        </div>
        {error && (
          <Warning>
            <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
          </Warning>
        )}
        {view === "camera" && <OfCamera />}
        {view === "person" && <OfPerson />}
        {view === "given" && <Given grants={grants ?? []} onRevoke={(grant) => setOpen({ kind: "revoke", grant })} />}
      </section>
      {open?.kind === "give" && <GiveForm onClose={() => setOpen(null)} />}
      {open?.kind === "revoke" && <RevokeDialog grant={open.grant} onClose={() => setOpen(null)} />}
    </div>
  );
}

/** What was given, one line for each. */
function Given({ grants, onRevoke }: { grants: readonly GrantRow[]; onRevoke: (grant: GrantRow) => void }) {
  const { t } = useLingui();
  const phone = useStore(narrow);
  return (
    <div className="tablebox">
      <table className="tbl">
        <thead>
          <tr>
            <th>{t`Ai`}</th>
            {!phone && (
              <>
                <th>{t`Camera`}</th>
                <th>{t`Được làm gì`}</th>
                <th>{t`Căn cứ`}</th>
              </>
            )}
            <th>
              <span className="sr">{t`Việc`}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {grants.map((grant) => (
            <Row key={grant.id} grant={grant} phone={phone} onRevoke={() => onRevoke(grant)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ grant, phone, onRevoke }: { grant: GrantRow; phone: boolean; onRevoke: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const agreeing = useMutation({
    mutationFn: () => agreeToGrant(grant.id),
    onSuccess: () => queries.invalidateQueries({ queryKey: grantsQuery.queryKey }),
    onError: () => toast(t`Người cấp không tự đồng ý được. Cần một người quản trị khác.`),
  });
  const { terms } = grant;
  const who = <Who terms={terms} />;
  const acts = (
    <>
      <Acts actions={terms.actions} />
      {terms.hours && <div className="t3">{terms.hours}</div>}
      {terms.until_us != null && (
        <div className="t3">
          <Trans>đến hết {lastDay(terms.until_us)}</Trans>
        </div>
      )}
    </>
  );
  return (
    <tr data-grant={grant.id}>
      <td>
        <div className="strong">{who}</div>
        {grant.pending && (
          <div className="t2">
            <Trans>chờ người quản trị khác đồng ý</Trans>
          </div>
        )}
        {phone && (
          <>
            <div className="t2">
              <Where terms={terms} />
            </div>
            <div className="t3">{acts}</div>
            <div className="t3">{terms.basis}</div>
          </>
        )}
      </td>
      {!phone && (
        <>
          <td>
            <Where terms={terms} />
          </td>
          <td>{acts}</td>
          <td>
            {terms.basis}
            {grant.given_by && (
              <div className="t3">
                <Trans>{grant.given_by} cấp</Trans>
              </div>
            )}
          </td>
        </>
      )}
      <td>
        <div className="row acts">
          {grant.pending && (
            <RowAct what="agree" label={t`Đồng ý`} disabled={agreeing.isPending} onClick={() => agreeing.mutate()}>
              <Check />
            </RowAct>
          )}
          <RowAct what="revoke" label={t`Thu hồi`} onClick={onRevoke}>
            <Trash2 />
          </RowAct>
        </div>
      </td>
    </tr>
  );
}

/** To whom, by name. */
function Who({ terms }: { terms: GrantTerms }) {
  const { data: people } = useQuery(peopleQuery);
  const { data: tree } = useQuery(treeQuery);
  const { kind, id } = terms.subject;
  if (kind === "person") return people?.find((one) => one.id === id)?.display_name ?? <Trans>người đã xóa</Trans>;
  if (kind === "organisation") return tree?.organisations.find((one) => one.id === id)?.name ?? "";
  return <Trans>một nhóm</Trans>;
}

/** With which cameras, in words. */
function Where({ terms }: { terms: GrantTerms }): ReactNode {
  const { data: tree } = useQuery(treeQuery);
  const { scope } = terms;
  const where = (() => {
    switch (scope.kind) {
      case "all":
        return <Trans>mọi camera</Trans>;
      case "organisation":
        return tree?.organisations.find((one) => one.id === scope.id)?.name ?? "";
      case "site":
        return tree?.sites.find((one) => one.id === scope.id)?.name ?? "";
      case "cameras":
        return (
          tree?.cameras
            .filter((one) => scope.id.includes(one.id))
            .map((one) => one.name)
            .join(", ") ?? ""
        );
    }
  })();
  if (terms.class !== "defence") return where;
  return (
    <>
      {where}{" "}
      <span className="t2">
        <Trans>(quốc phòng)</Trans>
      </span>
    </>
  );
}

function Acts({ actions }: { actions: readonly GrantAction[] }) {
  const { t } = useLingui();
  const names = ACTIONS.filter(([action]) => actions.includes(action)).map(([, words]) => t(words));
  return names.join(", ");
}

function GiveForm({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const form = useId();
  const queries = useQueryClient();
  const { data: people } = useQuery(peopleQuery);
  const { data: tree } = useQuery(treeQuery);
  const [person, setPerson] = useState("");
  const [scope, setScope] = useState("all");
  const [defence, setDefence] = useState(false);
  const [actions, setActions] = useState<readonly GrantAction[]>(USUAL);
  const [hours, setHours] = useState("");
  const [until, setUntil] = useState("");
  const [basis, setBasis] = useState("");
  const giving = useMutation({
    mutationFn: () =>
      giveGrant({
        subject: { kind: "person", id: person },
        scope: scopeOf(scope),
        class: defence ? "defence" : "ordinary",
        actions: [...actions],
        until_us: endOfDay(until),
        hours: hours.trim() || null,
        basis,
      }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: grantsQuery.queryKey });
      toast(defence ? t`Đã ghi. Quyền có hiệu lực khi một người quản trị khác đồng ý.` : t`Đã cấp quyền.`);
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    giving.mutate();
  };
  const toggle = (action: GrantAction) =>
    setActions((old) => (old.includes(action) ? old.filter((one) => one !== action) : [...old, action]));
  return (
    <Modal
      title={<Trans>Cấp quyền</Trans>}
      onClose={onClose}
      holdsWork
      actions={
        <>
          <CloseButton onClose={onClose} />
          <button
            type="submit"
            form={form}
            className="btn primary"
            disabled={giving.isPending || person === "" || basis.trim() === "" || actions.length === 0}
          >
            <Trans>Cấp</Trans>
          </button>
        </>
      }
    >
      <form id={form} className="col grantform" onSubmit={submit}>
        <SelectField
          label={<Trans>Ai</Trans>}
          help={<Trans>Người quản trị và người kiểm tra không giữ quyền xem hình.</Trans>}
          required
          name="person"
          value={person}
          onChange={(event) => setPerson(event.target.value)}
        >
          <option value="">{t`Chọn một người`}</option>
          {(people ?? [])
            .filter((one) => one.role === "operator")
            .map((one) => (
              <option key={one.id} value={one.id}>
                {one.display_name}
              </option>
            ))}
        </SelectField>
        <SelectField
          label={<Trans>Camera</Trans>}
          name="scope"
          value={scope}
          onChange={(event) => setScope(event.target.value)}
        >
          <option value="all">{t`Mọi camera`}</option>
          <optgroup label={t`Của đơn vị`}>
            {(tree?.organisations ?? []).map((one) => (
              <option key={one.id} value={`organisation ${one.id}`}>
                {one.name}
              </option>
            ))}
          </optgroup>
          <optgroup label={t`Tại địa điểm`}>
            {(tree?.sites ?? []).map((one) => (
              <option key={one.id} value={`site ${one.id}`}>
                {one.name}
              </option>
            ))}
          </optgroup>
        </SelectField>
        <fieldset>
          <legend>{t`Được làm gì`}</legend>
          <div className="acts">
            {ACTIONS.map(([action, words]) => (
              <label key={action}>
                <input
                  type="checkbox"
                  name={action}
                  checked={actions.includes(action)}
                  onChange={() => toggle(action)}
                />
                {t(words)}
              </label>
            ))}
          </div>
        </fieldset>
        <TextField
          label={<Trans>Giờ trong tuần</Trans>}
          help={<Trans>Ví dụ: 1-5 07:00-17:30 là thứ Hai đến thứ Sáu. Để trống là mọi lúc.</Trans>}
          name="hours"
          value={hours}
          onChange={(event) => setHours(event.target.value)}
        />
        <TextField
          label={<Trans>Đến hết ngày</Trans>}
          help={<Trans>Để trống là đến khi thu hồi.</Trans>}
          name="until"
          type="date"
          value={until}
          onChange={(event) => setUntil(event.target.value)}
        />
        <TextField
          label={<Trans>Căn cứ</Trans>}
          help={<Trans>Số văn bản, quyết định hoặc phân công.</Trans>}
          required
          name="basis"
          maxLength={200}
          value={basis}
          onChange={(event) => setBasis(event.target.value)}
        />
        <fieldset>
          <label className="row">
            <input type="checkbox" name="defence" checked={defence} onChange={() => setDefence((old) => !old)} />
            <Trans>Cho camera quốc phòng, cần hai người quản trị</Trans>
          </label>
        </fieldset>
        {giving.error && <Problem error={giving.error} />}
      </form>
    </Modal>
  );
}

function scopeOf(chosen: string): GrantTerms["scope"] {
  const [kind, id] = chosen.split(" ");
  if (kind === "organisation" && id) return { kind, id };
  if (kind === "site" && id) return { kind, id };
  return { kind: "all" };
}

function RevokeDialog({ grant, onClose }: { grant: GrantRow; onClose: () => void }) {
  const { t } = useLingui();
  return (
    <SureDialog
      title={<Trans>Thu hồi quyền này?</Trans>}
      act={
        <>
          <Trash2 /> <Trans>Thu hồi</Trans>
        </>
      }
      onSure={() => revokeGrant(grant.id)}
      stale={grantsQuery.queryKey}
      onDone={() => {
        toast(t`Đã thu hồi quyền.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        <Trans>Những gì đang phát nhờ quyền này dừng trong vài giây.</Trans>
      </p>
    </SureDialog>
  );
}
