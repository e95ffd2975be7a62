/** Who there is and what they are here to do: adding, changing, letting in anew, removing. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, MonitorSmartphone, Pencil, Trash2, UserPlus } from "lucide-react";
import { useDeferredValue, useMemo, useState } from "react";
import { ApiError } from "../../api/error";
import { addPerson, changePerson, removePerson, resetPassword } from "../../api/people";
import { organisationsQuery, peopleQuery, sessionQuery } from "../../api/queries";
import type { InvitedPerson, PersonRole, PersonRow } from "../../api/types";
import { bodyChoices, hasEnded } from "../../desk/bodies";
import { BodyName } from "../../desk/Named";
import { PeopleTabs } from "../../desk/PageTabs";
import { PersonAccess } from "../../desk/PersonAccess";
import { Problem } from "../../desk/Problem";
import { SureDialog } from "../../desk/SureDialog";
import { fold } from "../../lib/fold";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";
import { Chooser } from "../../ui/Chooser";
import { SelectField, TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { CloseButton, Modal } from "../../ui/Modal";
import { RowAct } from "../../ui/RowAct";
import { SearchField } from "../../ui/SearchField";
import { Told } from "../../ui/Told";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";
import "./people.css";

type Open =
  | { kind: "add" }
  | { kind: "change" | "access" | "reset" | "remove"; person: PersonRow }
  | { kind: "told"; invited: InvitedPerson }
  | null;

/** How many are drawn at once: a city has thousands. */
const MOST = 200;

export function PeoplePage() {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const { data: people, error } = useQuery(peopleQuery);
  const { data: session } = useQuery(sessionQuery);
  const [open, setOpen] = useState<Open>(null);
  const [find, setFind] = useState("");
  const wanted = useDeferredValue(fold(find));
  const fitting = useMemo(
    () => (people ?? []).filter((one) => fold(`${one.display_name} ${one.name}`).includes(wanted)),
    [people, wanted],
  );
  const close = () => setOpen(null);
  const told = (invited: InvitedPerson) => setOpen({ kind: "told", invited });
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Người dùng`}>
        <PeopleTabs />
        <div className="ph tools">
          <SearchField
            inTools
            name="find"
            value={find}
            onSearch={setFind}
            placeholder={t`Tìm theo tên`}
            aria-label={t`Tìm theo tên`}
          />
          <span className="t2 grow" role="status">
            {fitting.length > MOST ? (
              <Trans>
                {MOST} trong {fitting.length} người. Gõ tên để tìm người khác.
              </Trans>
            ) : (
              <Trans>Mỗi người một vai trò. Không vai trò nào có mọi quyền.</Trans>
            )}
          </span>
          <button type="button" className="btn primary" data-act="add" onClick={() => setOpen({ kind: "add" })}>
            <UserPlus /> <Trans>Thêm người</Trans>
          </button>
        </div>
        {error && (
          <Warning>
            <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
          </Warning>
        )}
        <div className="tablebox">
          <table className="tbl people">
            <thead>
              <tr>
                <th>{t`Tên`}</th>
                {!phone && (
                  <>
                    <th>{t`Vai trò`}</th>
                    <th>{t({ message: "Đơn vị", context: "rail" })}</th>
                    <th>{t`Mật khẩu`}</th>
                  </>
                )}
                <th>
                  <span className="sr">{t`Việc`}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {fitting.slice(0, MOST).map((person) => (
                <Row
                  key={person.id}
                  person={person}
                  phone={phone}
                  self={person.id === session?.user.id}
                  onOpen={setOpen}
                />
              ))}
            </tbody>
          </table>
        </div>
      </section>
      {open?.kind === "add" && <PersonForm person={null} onClose={close} onTold={told} />}
      {open?.kind === "change" && <PersonForm person={open.person} onClose={close} onTold={told} />}
      {open?.kind === "access" && <PersonAccess person={open.person} onClose={close} />}
      {open?.kind === "reset" && <ResetDialog person={open.person} onClose={close} onTold={told} />}
      {open?.kind === "remove" && <RemoveDialog person={open.person} onClose={close} />}
      {open?.kind === "told" && <ToldDialog invited={open.invited} onClose={close} />}
    </div>
  );
}

interface RowProps {
  person: PersonRow;
  phone: boolean;
  /** The one who looks: nobody changes themselves. */
  self: boolean;
  onOpen: (open: Open) => void;
}

function Row({ person, phone, self, onOpen }: RowProps) {
  const { t } = useLingui();
  const password = person.has_password ? (
    <Trans>đã đặt</Trans>
  ) : person.single_sign_on ? (
    <Trans>tài khoản cơ quan</Trans>
  ) : (
    <span className="t2">
      <Trans>chưa đặt, dùng mật khẩu một lần</Trans>
    </span>
  );
  const works = person.organisation && (
    <>
      <BodyName id={person.organisation} />
      {person.signatory && (
        <div className="t3">
          <Trans>được ký thoả thuận</Trans>
        </div>
      )}
    </>
  );
  return (
    <tr data-person={person.name}>
      <td>
        <div className="strong">
          {person.display_name} {self && <span className="t3">{t`(bạn)`}</span>}
          {!person.active && (
            <span className="chip line" data-state="suspended">
              <Trans>tạm ngừng</Trans>
            </span>
          )}
        </div>
        <div className="t3">{person.name}</div>
        {phone && (
          <>
            <div className="t2">
              <RoleWords role={person.role} />
            </div>
            {works && <div className="t2">{works}</div>}
            <div className="t3">{password}</div>
          </>
        )}
      </td>
      {!phone && (
        <>
          <td>
            <RoleWords role={person.role} />
          </td>
          <td>{works}</td>
          <td>{password}</td>
        </>
      )}
      <td>
        {!self && (
          <div className="row acts">
            <RowAct what="change" label={t`Sửa ${person.name}`} onClick={() => onOpen({ kind: "change", person })}>
              <Pencil />
            </RowAct>
            <RowAct
              what="access"
              label={t`Đăng nhập của ${person.name}`}
              onClick={() => onOpen({ kind: "access", person })}
            >
              <MonitorSmartphone />
            </RowAct>
            <RowAct
              what="reset"
              label={t`Cấp mật khẩu mới cho ${person.name}`}
              onClick={() => onOpen({ kind: "reset", person })}
            >
              <KeyRound />
            </RowAct>
            <RowAct what="remove" label={t`Xóa ${person.name}`} onClick={() => onOpen({ kind: "remove", person })}>
              <Trash2 />
            </RowAct>
          </div>
        )}
      </td>
    </tr>
  );
}

function RoleWords({ role }: { role: PersonRole }) {
  switch (role) {
    case "administrator":
      return <Trans>Quản trị: camera, người dùng, không xem hình</Trans>;
    case "operator":
      return <Trans>Trực ban: làm những gì được cấp quyền</Trans>;
    case "auditor":
      return <Trans>Kiểm tra: đọc nhật ký, không xem hình</Trans>;
  }
}

const ROLES: readonly PersonRole[] = ["operator", "administrator", "auditor"];

interface FormProps {
  /** Nobody, for one to be added. */
  person: PersonRow | null;
  onClose: () => void;
  onTold: (invited: InvitedPerson) => void;
}

function PersonForm({ person, onClose, onTold }: FormProps) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const [shown, setShown] = useState(person?.display_name ?? "");
  const [role, setRole] = useState<PersonRole>(person?.role ?? "operator");
  const [body, setBody] = useState(person?.organisation ?? "");
  const [signs, setSigns] = useState(person?.signatory ?? false);
  const [active, setActive] = useState(person?.active ?? true);
  const { data: bodies } = useQuery(organisationsQuery);
  const living = useMemo(() => bodyChoices(bodies ?? [], (one) => !hasEnded(one)), [bodies]);
  // Nobody signs for no body.
  const signatory = signs && body !== "";
  const saving = useMutation({
    mutationFn: async () => {
      const written = { display_name: shown, role };
      const organisation = body || null;
      if (!person) {
        const invited = await addPerson({ name, organisation, ...written });
        if (!signatory) return invited;
        // What was told once must be shown, whatever comes of this.
        await changePerson(invited.person.id, { signatory }).catch(() =>
          toast(t`Đã thêm người, nhưng chưa ghi được việc ký thoả thuận. Sửa người này để ghi lại.`),
        );
        return invited;
      }
      // What hangs on these is asked for once more, so they go along only where they change.
      await changePerson(person.id, {
        ...written,
        ...(organisation === (person.organisation ?? null) ? {} : { organisation }),
        ...(signatory === person.signatory ? {} : { signatory }),
        ...(active === person.active ? {} : { active }),
      });
      return null;
    },
    onSuccess: (invited) => {
      void queries.invalidateQueries({ queryKey: peopleQuery.queryKey });
      if (invited) onTold(invited);
      else {
        toast(t`Đã lưu.`);
        onClose();
      }
    },
  });
  const refused = saving.error instanceof ApiError ? saving.error : null;
  const nameProblem = refused?.code === "taken" || refused?.field === "name";
  const submit = () => {
    saving.mutate();
  };
  const roles: Record<PersonRole, string> = {
    operator: t`Trực ban: làm những gì được cấp quyền`,
    administrator: t`Quản trị: camera, người dùng, không xem hình`,
    auditor: t`Kiểm tra: đọc nhật ký, không xem hình`,
  };
  return (
    <FormModal
      title={person ? <Trans>Sửa {person.name}</Trans> : <Trans>Thêm người</Trans>}
      onClose={onClose}
      className="personform"
      submit={person ? <Trans>Lưu</Trans> : <Trans>Thêm</Trans>}
      disabled={saving.isPending || shown.trim() === "" || (!person && name.trim() === "")}
      onSubmit={submit}
    >
      {!person && (
        <TextField
          label={<Trans>Tên đăng nhập</Trans>}
          help={<Trans>Chữ a–z không dấu, số, và . _ - @. Không đổi được về sau.</Trans>}
          error={
            nameProblem &&
            (refused?.code === "taken" ? (
              <Trans>Đã có người đăng nhập bằng tên này. Chọn tên khác.</Trans>
            ) : (
              <Trans>Tên có từ 1 đến 64 ký tự: chữ a–z không dấu, số, và . _ - @.</Trans>
            ))
          }
          required
          name="name"
          autoComplete="off"
          autoCapitalize="none"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      )}
      <TextField
        label={<Trans>Họ tên hoặc vị trí</Trans>}
        required
        name="display_name"
        maxLength={200}
        value={shown}
        onChange={(event) => setShown(event.target.value)}
      />
      <SelectField
        label={<Trans>Vai trò</Trans>}
        name="role"
        value={role}
        onChange={(event) => setRole(event.target.value as PersonRole)}
      >
        {ROLES.map((one) => (
          <option key={one} value={one}>
            {roles[one]}
          </option>
        ))}
      </SelectField>
      <Chooser
        label={<Trans>Làm việc ở</Trans>}
        help={<Trans>Quyền cấp cho đơn vị là cấp cho mọi người làm việc ở đó.</Trans>}
        error={refused?.field === "organisation" && <Trans>Đơn vị này đã kết thúc. Chọn đơn vị khác.</Trans>}
        name="organisation"
        value={body}
        choices={living}
        none={t`Không thuộc đơn vị nào`}
        onChange={setBody}
      />
      <label className="checkrow">
        <input
          type="checkbox"
          name="signatory"
          checked={signatory}
          disabled={body === ""}
          onChange={() => setSigns(!signs)}
        />
        <Trans>Được ký thoả thuận chia sẻ cho đơn vị này</Trans>
      </label>
      {person && (
        <label className="checkrow">
          <input type="checkbox" name="suspended" checked={!active} onChange={() => setActive(!active)} />
          <Trans>Tạm ngừng: đăng xuất ở mọi nơi, không đăng nhập được cho tới khi bỏ chọn</Trans>
        </label>
      )}
      {refused?.field === "signatory" && (
        <Problem error={refused}>
          <Trans>Người này không ký thoả thuận được: chưa làm việc ở đơn vị nào.</Trans>
        </Problem>
      )}
      {saving.error && !nameProblem && !["organisation", "signatory"].includes(refused?.field ?? "") && (
        <Problem error={saving.error} />
      )}
    </FormModal>
  );
}

function ResetDialog({
  person,
  onClose,
  onTold,
}: {
  person: PersonRow;
  onClose: () => void;
  onTold: (invited: InvitedPerson) => void;
}) {
  return (
    <SureDialog
      title={<Trans>Cấp mật khẩu mới cho {person.display_name}?</Trans>}
      act={
        <>
          <KeyRound /> <Trans>Cấp mật khẩu mới</Trans>
        </>
      }
      onSure={() => resetPassword(person.id)}
      stale={peopleQuery.queryKey}
      onDone={onTold}
      onClose={onClose}
    >
      <p>
        <Trans>
          Mật khẩu đang dùng hết hiệu lực, mọi nơi người này đang đăng nhập bị đăng xuất, và mọi mật khẩu RTSP họ đã cấp
          bị thu hồi.
        </Trans>
      </p>
    </SureDialog>
  );
}

function RemoveDialog({ person, onClose }: { person: PersonRow; onClose: () => void }) {
  const { t } = useLingui();
  return (
    <SureDialog
      title={<Trans>Xóa {person.display_name}?</Trans>}
      act={
        <>
          <Trash2 /> <Trans>Xóa người này</Trans>
        </>
      }
      onSure={() => removePerson(person.id)}
      stale={peopleQuery.queryKey}
      onDone={() => {
        toast(t`Đã xóa ${person.display_name}.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        <Trans>
          Người này bị đăng xuất ngay ở mọi nơi và không đăng nhập được nữa. Những việc họ đã làm vẫn còn trong nhật ký.
        </Trans>
      </p>
    </SureDialog>
  );
}

function ToldDialog({ invited, onClose }: { invited: InvitedPerson; onClose: () => void }) {
  const { t } = useLingui();
  const { person, one_time_password } = invited;
  return (
    <Modal
      title={<Trans>Mật khẩu dùng một lần của {person.display_name}</Trans>}
      onClose={onClose}
      holdsWork
      actions={<CloseButton onClose={onClose}>{t`Đóng`}</CloseButton>}
    >
      <p className="t2">
        <Trans>Đưa tận tay người này. Họ đăng nhập một lần bằng mật khẩu này rồi tự đặt mật khẩu riêng.</Trans>
      </p>
      <Told
        values={[
          { name: <Trans>Tên</Trans>, value: person.name, what: "user" },
          { name: <Trans>Mật khẩu</Trans>, value: one_time_password, what: "password" },
        ]}
      />
    </Modal>
  );
}
