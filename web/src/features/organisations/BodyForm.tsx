/** Adding or changing a body: what it is called, what kind it is, from when on it is there. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ApiError } from "../../api/error";
import { addOrganisation, changeOrganisation } from "../../api/organisations";
import { organisationsQuery } from "../../api/queries";
import type { Organisation, OrganisationKind } from "../../api/types";
import { bodyChoices, hasEnded } from "../../desk/bodies";
import { KINDS } from "../../desk/bodywords";
import { Problem } from "../../desk/Problem";
import { Chooser } from "../../ui/Chooser";
import { SelectField, TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";
import { ManyBodies } from "./ManyBodies";

interface Props {
  /** Null to add one. */
  body: Organisation | null;
  /** Whose unit the new one is at first. */
  parent: string | null;
  bodies: readonly Organisation[];
  /** Told of the one that was added. */
  onDone?: (id: string) => void;
  onClose: () => void;
}

/** Those that tell by themselves what is wrong with them. */
const FIELDS = ["name", "name_en", "code", "kind", "parent", "valid_from", "valid_until", "successors"];

export function BodyForm({ body, parent, bodies, onDone, onClose }: Props) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [form, setForm] = useState({
    name: body?.name ?? "",
    name_en: body?.name_en ?? "",
    kind: body?.kind ?? ("other" as OrganisationKind),
    code: body?.code ?? "",
    parent: parent ?? "",
    valid_from: body?.valid_from ?? "",
    valid_until: body?.valid_until ?? "",
    successors: body?.successors ?? [],
  });
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const living = useMemo(() => bodyChoices(bodies, (one) => !hasEnded(one)), [bodies]);
  const saving = useMutation({
    mutationFn: () => {
      const { name, kind } = form;
      const orNone = (text: string) => text.trim() || null;
      const [name_en, code, valid_from] = [orNone(form.name_en), orNone(form.code), orNone(form.valid_from)];
      const told = { name: name.trim(), kind, name_en, code, valid_from };
      if (!body) return addOrganisation({ ...told, parent: orNone(form.parent) });
      // What has ended may be told better; how one ends is asked for elsewhere.
      const past = { valid_until: orNone(form.valid_until), successors: form.successors };
      return changeOrganisation(body.id, hasEnded(body) ? { ...told, ...past } : told);
    },
    onSuccess: (saved) => {
      void queries.invalidateQueries({ queryKey: organisationsQuery.queryKey });
      void queries.invalidateQueries({ queryKey: ["tree"] });
      toast(body ? t`Đã lưu ${saved.name}.` : t`Đã thêm ${saved.name}.`);
      onClose();
      if (!body) onDone?.(saved.id);
    },
  });
  const refused = saving.error instanceof ApiError ? saving.error : null;
  const wrong = (field: string) => refused?.field === field;
  const submit = () => {
    saving.mutate();
  };
  return (
    <FormModal
      title={body ? <Trans>Sửa {body.name}</Trans> : <Trans>Thêm đơn vị</Trans>}
      onClose={onClose}
      className="placeform"
      submit={body ? <Trans>Lưu</Trans> : <Trans>Thêm</Trans>}
      act="save-body"
      disabled={saving.isPending || form.name.trim() === ""}
      onSubmit={submit}
    >
      <TextField
        label={<Trans>Tên đơn vị</Trans>}
        help={body && <Trans>Đổi tên thì tên cũ vẫn được giữ và vẫn tìm được.</Trans>}
        error={wrong("name") && <Trans>Nhập tên, dưới 200 chữ.</Trans>}
        required
        name="name"
        maxLength={200}
        autoFocus
        value={form.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <div className="two">
        <SelectField
          label={<Trans>Loại</Trans>}
          name="kind"
          value={form.kind}
          onChange={(event) => set({ kind: event.target.value as OrganisationKind })}
        >
          {Object.entries(KINDS).map(([kind, words]) => (
            <option key={kind} value={kind}>
              {t(words)}
            </option>
          ))}
        </SelectField>
        <TextField
          label={<Trans>Mã</Trans>}
          help={<Trans>Phường, xã: mã năm chữ số.</Trans>}
          error={
            wrong("code") &&
            (refused?.code === "taken" ? (
              <Trans>Mã này đã có đơn vị khác dùng.</Trans>
            ) : (
              <Trans>Mã có đến 32 ký tự: chữ không dấu, số, và . - _ /</Trans>
            ))
          }
          name="code"
          maxLength={32}
          autoComplete="off"
          spellCheck={false}
          value={form.code}
          onChange={(event) => set({ code: event.target.value })}
        />
      </div>
      {!body && (
        <Chooser
          label={<Trans>Thuộc đơn vị</Trans>}
          error={wrong("parent") && <Trans>Đơn vị này đã kết thúc. Chọn đơn vị khác.</Trans>}
          name="parent"
          value={form.parent}
          choices={living}
          none={t`Không thuộc đơn vị nào`}
          onChange={(id) => set({ parent: id })}
        />
      )}
      <TextField
        label={<Trans>Tên tiếng Anh</Trans>}
        error={wrong("name_en") && <Trans>Tên này không dùng được.</Trans>}
        name="name_en"
        maxLength={200}
        value={form.name_en}
        onChange={(event) => set({ name_en: event.target.value })}
      />
      <div className="two">
        <TextField
          label={<Trans>Ngày đầu</Trans>}
          help={<Trans>Ngày bắt đầu có hiệu lực, nếu biết.</Trans>}
          error={wrong("valid_from") && <Trans>Ngày này không có trong lịch.</Trans>}
          name="valid_from"
          type="date"
          value={form.valid_from}
          onChange={(event) => set({ valid_from: event.target.value })}
        />
        {body && hasEnded(body) && (
          <TextField
            label={<Trans>Ngày cuối</Trans>}
            error={wrong("valid_until") && <Trans>Ngày cuối không được ở trước ngày đầu.</Trans>}
            required
            name="valid_until"
            type="date"
            value={form.valid_until}
            onChange={(event) => set({ valid_until: event.target.value })}
          />
        )}
      </div>
      {/* Of one that goes on, there is no field of its own to tell it at. */}
      {wrong("valid_until") && !(body && hasEnded(body)) && (
        <Problem error={saving.error!}>
          <Trans>Ngày cuối không được ở trước ngày đầu.</Trans>
        </Problem>
      )}
      {body && hasEnded(body) && (
        <ManyBodies
          label={<Trans>Đơn vị kế tiếp</Trans>}
          error={wrong("successors") && <Trans>Đơn vị không thể kế tiếp chính mình.</Trans>}
          name="successors"
          bodies={bodies}
          except={body.id}
          value={form.successors}
          onChange={(successors) => set({ successors })}
        />
      )}
      {saving.error && !FIELDS.includes(refused?.field ?? "") && <Problem error={saving.error} />}
    </FormModal>
  );
}
