/** Drawing an agreement up: whose cameras, to whom, for what, how far, until when. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { draftAgreement } from "../../api/agreements";
import { ApiError } from "../../api/error";
import { agreementsQuery, groupsQuery, organisationsQuery, sessionQuery } from "../../api/queries";
import type { GrantAction, GrantPurpose } from "../../api/types";
import { bodyChoices, hasEnded } from "../../desk/bodies";
import { ActionBoxes, HoursField, LimitFields, PurposeBoxes } from "../../desk/GrantFields";
import { endOfDay, LENDABLE, numberOf, startOf } from "../../desk/grantwords";
import { Problem } from "../../desk/Problem";
import { type ChosenScope, ScopeField, scopeOf } from "../../desk/ScopeField";
import { Chooser } from "../../ui/Chooser";
import { SelectField, TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";

/** Those that tell by themselves what is wrong with them. */
const FIELDS = [
  "number",
  "document",
  "purpose",
  "owner",
  "recipient",
  "people",
  "scope",
  "actions",
  "hours",
  "most_lines",
  "playback_days",
  "from_us",
  "until_us",
];

export function AgreementForm({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const { data: session } = useQuery(sessionQuery);
  const administers = session?.user.role === "administrator";
  const { data: bodies } = useQuery(organisationsQuery);
  const { data: groups } = useQuery({ ...groupsQuery, enabled: administers });
  const living = useMemo(() => bodyChoices(bodies ?? [], (one) => !hasEnded(one)), [bodies]);
  const [form, setForm] = useState({
    number: "",
    document: "",
    purpose: "",
    owner: "",
    recipient: "",
    people: "",
    scope: { kind: "organisation", id: "", cameras: [] } as ChosenScope,
    purposes: [] as GrantPurpose[],
    actions: ["live"] as GrantAction[],
    lines: "",
    days: "",
    hours: "",
    from: "",
    until: "",
  });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const scope = scopeOf(form.scope);
  const until = endOfDay(form.until);
  const drafting = useMutation({
    mutationFn: () =>
      draftAgreement({
        number: form.number.trim(),
        document: form.document.trim(),
        purpose: form.purpose.trim(),
        owner: form.owner,
        recipient: form.recipient,
        people: form.people || null,
        scope: scope ?? { kind: "all" },
        purposes: form.purposes,
        actions: form.actions,
        hours: form.hours.trim() || null,
        most_lines: numberOf(form.lines),
        playback_days: numberOf(form.days),
        from_us: startOf(form.from),
        until_us: until ?? 0,
      }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: agreementsQuery.queryKey });
      toast(t`Đã soạn. Thoả thuận có hiệu lực khi hai bên ký.`);
      onClose();
    },
  });
  const refused = drafting.error instanceof ApiError ? drafting.error : null;
  const taken = refused?.code === "taken";
  const wrong = taken ? "number" : (refused?.field ?? null);
  const typed = [form.number, form.document, form.purpose, form.owner, form.recipient];
  const isReady =
    typed.every((one) => one.trim() !== "") && scope !== null && form.actions.length > 0 && until !== null;
  const submit = () => {
    drafting.mutate();
  };
  return (
    <FormModal
      title={<Trans>Soạn thoả thuận chia sẻ</Trans>}
      onClose={onClose}
      className="rightsform"
      submit={<Trans>Soạn, chờ ký</Trans>}
      disabled={drafting.isPending || !isReady}
      onSubmit={submit}
    >
      <div className="two">
        <TextField
          label={<Trans>Số thoả thuận</Trans>}
          error={
            taken ? (
              <Trans>Đã có thoả thuận mang số này.</Trans>
            ) : (
              wrong === "number" && <Trans>Nhập số thoả thuận.</Trans>
            )
          }
          required
          name="number"
          maxLength={100}
          value={form.number}
          onChange={(event) => set({ number: event.target.value })}
        />
        <TextField
          label={<Trans>Văn bản</Trans>}
          help={<Trans>Văn bản làm căn cứ.</Trans>}
          error={wrong === "document" && <Trans>Nhập văn bản làm căn cứ.</Trans>}
          required
          name="document"
          maxLength={200}
          value={form.document}
          onChange={(event) => set({ document: event.target.value })}
        />
      </div>
      <Chooser
        label={<Trans>Bên có camera</Trans>}
        error={wrong === "owner" && <Trans>Chọn đơn vị khác.</Trans>}
        required
        name="owner"
        value={form.owner}
        choices={living}
        onChange={(owner) =>
          set({
            owner,
            // What is lent is at first all that is the owner's own.
            scope: form.scope.kind === "organisation" ? { kind: "organisation", id: owner, cameras: [] } : form.scope,
          })
        }
      />
      <Chooser
        label={<Trans>Bên nhận</Trans>}
        error={wrong === "recipient" && <Trans>Bên nhận phải là đơn vị khác với bên có camera.</Trans>}
        required
        name="recipient"
        value={form.recipient}
        choices={living}
        onChange={(recipient) => set({ recipient })}
      />
      {administers && (groups ?? []).length > 0 && (
        <SelectField
          label={<Trans>Người được dùng ở bên nhận</Trans>}
          error={wrong === "people" && <Trans>Nhóm này không còn. Chọn nhóm khác.</Trans>}
          name="people"
          value={form.people}
          onChange={(event) => set({ people: event.target.value })}
        >
          <option value="">{t`Mọi người của bên nhận`}</option>
          {(groups ?? []).map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </SelectField>
      )}
      <ScopeField
        value={form.scope}
        owner={form.owner}
        error={
          wrong === "scope" && <Trans>Chỉ cho dùng được camera của chính bên có camera, không phải quốc phòng.</Trans>
        }
        onChange={(value) => set({ scope: value })}
      />
      <ActionBoxes
        value={form.actions}
        only={LENDABLE}
        onChange={(actions) => set({ actions })}
        error={wrong === "actions" && <Trans>Chọn ít nhất một việc.</Trans>}
      />
      <TextField
        label={<Trans>Mục đích sử dụng</Trans>}
        help={<Trans>Ghi vào nhật ký mỗi lần bên nhận xem.</Trans>}
        error={wrong === "purpose" && <Trans>Nhập mục đích sử dụng.</Trans>}
        required
        name="lent-for"
        maxLength={200}
        value={form.purpose}
        onChange={(event) => set({ purpose: event.target.value })}
      />
      <PurposeBoxes value={form.purposes} onChange={(purposes) => set({ purposes })} />
      <LimitFields lines={form.lines} days={form.days} wrong={wrong} onChange={set} />
      <HoursField value={form.hours} wrong={wrong === "hours"} onChange={(hours) => set({ hours })} />
      <div className="two">
        <TextField
          label={<Trans>Từ ngày</Trans>}
          help={<Trans>Để trống là ngay khi đủ chữ ký.</Trans>}
          error={wrong === "from_us" && <Trans>Ngày này không dùng được.</Trans>}
          name="from"
          type="date"
          value={form.from}
          onChange={(event) => set({ from: event.target.value })}
        />
        <TextField
          label={<Trans>Đến hết ngày</Trans>}
          error={wrong === "until_us" && <Trans>Ngày này đã qua, hoặc quá xa. Chọn ngày khác.</Trans>}
          required
          name="until"
          type="date"
          value={form.until}
          onChange={(event) => set({ until: event.target.value })}
        />
      </div>
      {drafting.error && !FIELDS.includes(wrong ?? "") && (
        <Problem error={drafting.error}>
          {refused?.code === "forbidden" && <Trans>Bạn chỉ soạn được thoả thuận cho đơn vị mà bạn được ký.</Trans>}
        </Problem>
      )}
    </FormModal>
  );
}
