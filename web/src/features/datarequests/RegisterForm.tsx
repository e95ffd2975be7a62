/** Registering a letter that came in: who asks, on what law, for which cameras and when, by when it is to be answered. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { registerDataRequest } from "../../api/datarequests";
import { ApiError } from "../../api/error";
import { dataRequestsQuery, treeQuery } from "../../api/queries";
import { endOfDay, startOf } from "../../desk/grantwords";
import { Problem } from "../../desk/Problem";
import { fold } from "../../lib/fold";
import { serverNowUs } from "../../lib/serverclock";
import { DAY_US, isoDay, parseDateTime } from "../../lib/time";
import { TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { ManyChooser } from "../../ui/ManyChooser";
import { toast } from "../../ui/toast";

/** Within how many days a letter is usually answered. */
const USUAL_DAYS = 3;

const FIELDS = ["number", "dated_us", "agency", "legal_basis", "purpose", "cameras", "from_us", "to_us", "due_us"];

export function RegisterForm({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const { data: tree } = useQuery(treeQuery);
  const [form, setForm] = useState({
    number: "",
    dated: isoDay(serverNowUs()),
    agency: "",
    legal_basis: "",
    purpose: "",
    cameras: [] as string[],
    from: "",
    to: "",
    due: isoDay(serverNowUs() + USUAL_DAYS * DAY_US),
  });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const choices = useMemo(
    () =>
      (tree?.cameras ?? [])
        .filter((one) => one.may.export)
        .map((one) => ({
          id: one.id,
          text: `${one.number} · ${one.name}`,
          folded: fold(`${one.number} ${one.name}`),
        })),
    [tree],
  );
  const from = parseDateTime(form.from, serverNowUs());
  const to = parseDateTime(form.to, serverNowUs());
  const saving = useMutation({
    mutationFn: () =>
      registerDataRequest({
        letter: {
          number: form.number.trim(),
          dated_us: startOf(form.dated) ?? 0,
          agency: form.agency.trim(),
          legal_basis: form.legal_basis.trim(),
          purpose: form.purpose.trim(),
          cameras: form.cameras,
          from_us: from ?? 0,
          to_us: to ?? 0,
        },
        due_us: endOfDay(form.due) ?? 0,
      }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: dataRequestsQuery.queryKey });
      toast(t`Đã vào sổ. Chờ người được chia sẻ camera quyết định.`);
      onClose();
    },
  });
  const wrong = saving.error instanceof ApiError ? saving.error.field : null;
  const texts = [form.number, form.agency, form.legal_basis, form.purpose];
  const isReady =
    texts.every((one) => one.trim() !== "") &&
    form.cameras.length > 0 &&
    from !== null &&
    to !== null &&
    form.due !== "" &&
    form.dated !== "";
  const submit = () => {
    saving.mutate();
  };
  const unread = (typed: string, read: number | null) =>
    typed !== "" && read === null && <Trans>Nhập giờ như 20/11/2026 06:51.</Trans>;
  const text = (name: "number" | "agency" | "legal_basis" | "purpose", label: string, help?: string) => (
    <TextField
      label={label}
      help={help}
      error={wrong === name && <Trans>Nhập rõ hơn, dưới 200 chữ.</Trans>}
      required
      name={name}
      maxLength={200}
      value={form[name]}
      onChange={(event) => set({ [name]: event.target.value })}
    />
  );
  return (
    <FormModal
      title={<Trans>Vào sổ văn bản yêu cầu</Trans>}
      onClose={onClose}
      className="rightsform"
      submit={<Trans>Vào sổ văn bản</Trans>}
      disabled={saving.isPending || !isReady}
      onSubmit={submit}
    >
      <div className="two">
        {text("number", t`Số văn bản`)}
        <TextField
          label={<Trans>Ngày văn bản</Trans>}
          error={wrong === "dated_us" && <Trans>Ngày này không dùng được.</Trans>}
          required
          name="dated"
          type="date"
          value={form.dated}
          onChange={(event) => set({ dated: event.target.value })}
        />
      </div>
      {text("agency", t`Cơ quan yêu cầu`)}
      {text("legal_basis", t`Căn cứ pháp luật`, t`Điều luật hoặc quyết định mà văn bản nêu.`)}
      {text("purpose", t`Mục đích`)}
      <ManyChooser
        label={<Trans>Camera</Trans>}
        help={<Trans>Chỉ những camera mà bạn được trích xuất.</Trans>}
        error={wrong === "cameras" && <Trans>Chọn từ 1 đến 200 camera.</Trans>}
        name="cameras"
        choices={choices}
        value={form.cameras}
        onChange={(cameras) => set({ cameras })}
      />
      <div className="two">
        <TextField
          label={<Trans>Từ lúc</Trans>}
          error={unread(form.from, from) || (wrong === "from_us" && <Trans>Lúc này không dùng được.</Trans>)}
          required
          name="from"
          placeholder="20/11/2026 06:51"
          value={form.from}
          onChange={(event) => set({ from: event.target.value })}
        />
        <TextField
          label={<Trans>Đến lúc</Trans>}
          error={unread(form.to, to) || (wrong === "to_us" && <Trans>Phải ở sau lúc bắt đầu, và không quá dài.</Trans>)}
          required
          name="to"
          placeholder="20/11/2026 07:30"
          value={form.to}
          onChange={(event) => set({ to: event.target.value })}
        />
      </div>
      <TextField
        label={<Trans>Trả lời trước khi hết ngày</Trans>}
        error={wrong === "due_us" && <Trans>Ngày này đã qua. Chọn ngày khác.</Trans>}
        required
        name="due"
        type="date"
        value={form.due}
        onChange={(event) => set({ due: event.target.value })}
      />
      {saving.error && !FIELDS.includes(wrong ?? "") && <Problem error={saving.error} />}
    </FormModal>
  );
}
