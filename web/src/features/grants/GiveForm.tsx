/**
 * Giving a right: by an administrator, or out of one that gives to share. What
 * is wrong is told at the field that it is wrong in.
 */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ApiError } from "../../api/error";
import { giveGrant } from "../../api/grants";
import { grantsQuery, groupsQuery, organisationsQuery, peopleQuery, permissionSetsQuery } from "../../api/queries";
import type { GrantAction, GrantPurpose, GrantRow, Subject } from "../../api/types";
import { bodyChoices, hasEnded } from "../../desk/bodies";
import { personChoices } from "../../desk/choices";
import { ActionBoxes, HoursField, LimitFields, PurposeBoxes } from "../../desk/GrantFields";
import { endOfDay, numberOf, startOf } from "../../desk/grantwords";
import { ActionWords, ScopeWords } from "../../desk/Named";
import { Problem } from "../../desk/Problem";
import { ALL, ScopeField, scopeOf } from "../../desk/ScopeField";
import { Chooser } from "../../ui/Chooser";
import { SelectField, TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";
import { USUAL } from "./words";

/** Those that tell by themselves what is wrong with them. */
const FIELDS = [
  "subject",
  "scope",
  "purposes",
  "permission_set",
  "out_of",
  "actions",
  "most_lines",
  "playback_days",
  "hours",
  "from_us",
  "until_us",
  "basis",
];

interface Props {
  /** The right out of which this one is given by whoever holds it; null where an administrator gives. */
  whole: GrantRow | null;
  onClose: () => void;
}

export function GiveForm({ whole, onClose }: Props) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const administers = whole === null;
  const { data: grants } = useQuery(grantsQuery);
  const { data: sets } = useQuery({ ...permissionSetsQuery, enabled: administers });
  const held = whole?.terms.actions ?? null;
  const [form, setForm] = useState({
    // Who is no administrator knows bodies, and not who works there.
    subject: administers ? ("person" as Subject["kind"]) : "organisation",
    who: "",
    scope: ALL,
    purposes: [] as GrantPurpose[],
    defence: false,
    set: "",
    actions: (held ? USUAL.filter((one) => held.includes(one)) : [...USUAL]) as GrantAction[],
    lines: "",
    days: "",
    hours: "",
    from: "",
    until: "",
    basis: "",
    outOf: "",
  });
  const set = (change: Partial<typeof form>) => setForm((old) => ({ ...old, ...change }));
  const scope = scopeOf(form.scope);
  const chosenSet = sets?.find((one) => one.id === form.set);
  const defence = whole ? whole.terms.class === "defence" : form.defence;
  const giving = useMutation({
    mutationFn: () =>
      giveGrant({
        subject: { kind: form.subject, id: form.who },
        scope: scope ?? { kind: "all" },
        class: defence ? "defence" : "ordinary",
        purposes: form.purposes,
        ...(form.set
          ? { permission_set: form.set }
          : { actions: form.actions, most_lines: numberOf(form.lines), playback_days: numberOf(form.days) }),
        out_of: whole?.id ?? (form.outOf || null),
        from_us: startOf(form.from),
        until_us: endOfDay(form.until),
        hours: form.hours.trim() || null,
        basis: form.basis,
      }),
    onSuccess: (given) => {
      void queries.invalidateQueries({ queryKey: grantsQuery.queryKey });
      void queries.invalidateQueries({ queryKey: permissionSetsQuery.queryKey });
      toast(
        given.pending
          ? t`Đã ghi. Quyền có hiệu lực khi một người quản trị khác đồng ý.`
          : whole
            ? t`Đã chia lại quyền.`
            : t`Đã cấp quyền.`,
      );
      onClose();
    },
  });
  const submit = () => {
    giving.mutate();
  };
  const wrong = giving.error instanceof ApiError ? giving.error.field : null;
  const isReady =
    form.who !== "" && scope !== null && form.basis.trim() !== "" && (form.set !== "" || form.actions.length > 0);
  const sharable = (grants ?? []).filter((one) => (one.terms.actions ?? []).includes("share") && !one.pending);
  return (
    <FormModal
      title={whole ? <Trans>Chia lại quyền</Trans> : <Trans>Cấp quyền</Trans>}
      onClose={onClose}
      className="rightsform"
      submit={whole ? <Trans>Chia lại</Trans> : <Trans>Cấp</Trans>}
      disabled={giving.isPending || !isReady}
      onSubmit={submit}
    >
      {whole && (
        <div className="note">
          <span>
            <Trans>
              Chia lại từ quyền “{whole.terms.basis}”: <ScopeWords scope={whole.terms.scope} />. Người nhận không được
              nhiều hơn bạn, và hết quyền khi bạn hết quyền.
            </Trans>
          </span>
        </div>
      )}
      <SubjectFields
        kind={form.subject}
        who={form.who}
        administers={administers}
        wrong={wrong === "subject"}
        onChange={set}
      />
      <ScopeField
        value={form.scope}
        error={wrong === "scope" && <Trans>Chọn camera có thật, trong số camera thuộc loại này.</Trans>}
        onChange={(value) => set({ scope: value })}
      />
      {administers && (
        <SelectField
          label={<Trans>Bộ quyền</Trans>}
          help={
            chosenSet ? (
              <ActionWords actions={chosenSet.set.actions} />
            ) : (
              <Trans>Bộ quyền đổi thì quyền đã cấp đổi theo.</Trans>
            )
          }
          error={wrong === "permission_set" && <Trans>Bộ quyền này không còn. Chọn bộ khác.</Trans>}
          name="permission_set"
          value={form.set}
          onChange={(event) => set({ set: event.target.value })}
        >
          <option value="">{t`Tự chọn từng việc`}</option>
          {(sets ?? []).map((one) => (
            <option key={one.id} value={one.id}>
              {one.set.name}
            </option>
          ))}
        </SelectField>
      )}
      {form.set === "" && (
        <>
          <ActionBoxes
            value={form.actions}
            {...(held ? { only: held } : {})}
            onChange={(actions) => set({ actions })}
            error={wrong === "actions" && <Trans>Những việc này không cấp cùng nhau được ở đây.</Trans>}
          />
          <LimitFields lines={form.lines} days={form.days} wrong={wrong} onChange={set} />
        </>
      )}
      <PurposeBoxes value={form.purposes} onChange={(purposes) => set({ purposes })} />
      <HoursField value={form.hours} wrong={wrong === "hours"} onChange={(hours) => set({ hours })} />
      <div className="two">
        <TextField
          label={<Trans>Từ ngày</Trans>}
          help={<Trans>Để trống là ngay bây giờ.</Trans>}
          error={wrong === "from_us" && <Trans>Ngày này không dùng được.</Trans>}
          name="from"
          type="date"
          value={form.from}
          onChange={(event) => set({ from: event.target.value })}
        />
        <TextField
          label={<Trans>Đến hết ngày</Trans>}
          help={<Trans>Để trống là đến khi thu hồi.</Trans>}
          error={wrong === "until_us" && <Trans>Ngày này đã qua, hoặc quá hạn được chia lại. Chọn ngày khác.</Trans>}
          name="until"
          type="date"
          value={form.until}
          onChange={(event) => set({ until: event.target.value })}
        />
      </div>
      <TextField
        label={<Trans>Căn cứ</Trans>}
        help={<Trans>Số văn bản, quyết định hoặc phân công.</Trans>}
        required
        error={wrong === "basis" && <Trans>Nhập căn cứ, dưới 200 chữ.</Trans>}
        name="basis"
        maxLength={200}
        value={form.basis}
        onChange={(event) => set({ basis: event.target.value })}
      />
      {administers && sharable.length > 0 && (
        <SelectField
          label={<Trans>Chia lại từ quyền</Trans>}
          help={<Trans>Quyền chia lại không rộng hơn quyền gốc, và hết cùng quyền gốc.</Trans>}
          error={wrong === "out_of" && <Trans>Quyền này không chia lại được nữa.</Trans>}
          name="out_of"
          value={form.outOf}
          onChange={(event) => set({ outOf: event.target.value })}
        >
          <option value="">{t`Không, cấp mới`}</option>
          {sharable.map((one) => (
            <option key={one.id} value={one.id}>
              {one.terms.basis}
            </option>
          ))}
        </SelectField>
      )}
      {administers && (
        <label className="checkrow">
          <input
            type="checkbox"
            name="defence"
            checked={form.defence}
            onChange={() => set({ defence: !form.defence })}
          />
          <Trans>Cho camera quốc phòng, cần hai người quản trị</Trans>
        </label>
      )}
      {whole && wrong === "out_of" && (
        <Problem error={giving.error!}>
          <Trans>Quyền của bạn không chia lại được nữa: đã hết hạn, ngoài giờ, hoặc đã qua quá nhiều người.</Trans>
        </Problem>
      )}
      {giving.error && !FIELDS.includes(wrong ?? "") && <Problem error={giving.error} />}
    </FormModal>
  );
}

interface SubjectProps {
  kind: Subject["kind"];
  who: string;
  administers: boolean;
  wrong: boolean;
  onChange: (change: { subject?: Subject["kind"]; who: string }) => void;
}

function SubjectFields({ kind, who, administers, wrong, onChange }: SubjectProps) {
  const { t } = useLingui();
  const { data: people } = useQuery({ ...peopleQuery, enabled: administers });
  const { data: groups } = useQuery({ ...groupsQuery, enabled: administers });
  const { data: bodies } = useQuery(organisationsQuery);
  const living = useMemo(() => bodyChoices(bodies ?? [], (one) => !hasEnded(one)), [bodies]);
  const operators = useMemo(() => personChoices((people ?? []).filter((one) => one.role === "operator")), [people]);
  const error = wrong && <Trans>Không cấp được cho người, nhóm hoặc đơn vị này.</Trans>;
  return (
    <>
      {administers && (
        <SelectField
          label={<Trans>Cấp cho</Trans>}
          name="subject"
          value={kind}
          onChange={(event) => onChange({ subject: event.target.value as Subject["kind"], who: "" })}
        >
          <option value="person">{t`Một người`}</option>
          <option value="group">{t`Một nhóm`}</option>
          <option value="organisation">{t`Mọi người của một đơn vị`}</option>
        </SelectField>
      )}
      {kind === "person" && (
        <Chooser
          label={<Trans>Ai</Trans>}
          help={<Trans>Người quản trị và người kiểm tra không giữ quyền xem hình.</Trans>}
          error={error}
          required
          name="person"
          value={who}
          choices={operators}
          onChange={(id) => onChange({ who: id })}
        />
      )}
      {kind === "group" && (
        <SelectField
          label={<Trans>Nhóm</Trans>}
          error={error}
          required
          name="group"
          value={who}
          onChange={(event) => onChange({ who: event.target.value })}
        >
          <option value="">{t`Chọn một nhóm`}</option>
          {(groups ?? []).map((one) => (
            <option key={one.id} value={one.id}>
              {one.name}
            </option>
          ))}
        </SelectField>
      )}
      {kind === "organisation" && (
        <Chooser
          label={<Trans>Đơn vị nhận</Trans>}
          help={<Trans>Mọi người làm việc ở đơn vị này và đơn vị trực thuộc.</Trans>}
          error={error}
          required
          name="organisation"
          value={who}
          choices={living}
          onChange={(id) => onChange({ who: id })}
        />
      )}
    </>
  );
}
