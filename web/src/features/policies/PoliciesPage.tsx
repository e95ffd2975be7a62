/** The rules that the system asks by, in versions with a day from which each holds; none is changed afterwards. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, Clock, FilePlus, History } from "lucide-react";
import { useState } from "react";
import { ApiError } from "../../api/error";
import { layDownPolicy } from "../../api/policies";
import { policiesQuery, sessionQuery } from "../../api/queries";
import type { Policy, PolicyWrite } from "../../api/types";
import { startOf } from "../../desk/grantwords";
import { RightsTabs } from "../../desk/PageTabs";
import { Problem } from "../../desk/Problem";
import { serverNowUs } from "../../lib/serverclock";
import { date, isoDay } from "../../lib/time";
import { TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";
import "./policies.css";

export function PoliciesPage() {
  const { t } = useLingui();
  const { data: session } = useQuery(sessionQuery);
  const { data: list, error } = useQuery(policiesQuery);
  const [next, setNext] = useState(false);
  const holding = list?.versions.find((one) => one.version === list.holds);
  const administers = session?.user.role === "administrator";
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Quy định`}>
        <RightsTabs />
        <div className="ph tools">
          <span className="t2 grow">
            <Trans>Quy định đã ban hành không sửa được. Muốn đổi, ban hành bản tiếp theo.</Trans>
          </span>
          {administers && holding && (
            <button type="button" className="btn primary" data-act="next" onClick={() => setNext(true)}>
              <FilePlus /> <Trans>Ban hành bản mới</Trans>
            </button>
          )}
        </div>
        {error && (
          <Warning>
            <Trans>Chưa tải được quy định. Đang thử lại.</Trans>
          </Warning>
        )}
        <div className="tablebox cardlist">
          {(list?.versions ?? []).map((one) => (
            <Version key={one.version} policy={one} holds={list?.holds ?? 0} />
          ))}
        </div>
      </section>
      {next && holding && <NextForm before={holding.terms} onClose={() => setNext(false)} />}
    </div>
  );
}

function Version({ policy, holds }: { policy: Policy; holds: number }) {
  const { terms, version, by } = policy;
  const now = version === holds;
  const coming = version > holds && terms.from_us > serverNowUs();
  return (
    <article className={now ? "policy now" : "policy"} data-version={version} data-holds={now}>
      <header>
        <h2>
          <Trans>Bản số {version}</Trans>
        </h2>
        {now ? (
          <span className="stamp ok">
            <CircleCheck aria-hidden /> <Trans>đang áp dụng</Trans>
          </span>
        ) : coming ? (
          <span className="stamp">
            <Clock aria-hidden /> <Trans>áp dụng từ {date(terms.from_us)}</Trans>
          </span>
        ) : (
          <span className="stamp">
            <History aria-hidden /> <Trans>không còn áp dụng</Trans>
          </span>
        )}
      </header>
      <p className="t2">
        {terms.from_us > 0 ? (
          <Trans>
            Từ {date(terms.from_us)}. {terms.basis}
          </Trans>
        ) : (
          terms.basis
        )}
        {by && (
          <>
            {" "}
            <Trans>{by} ban hành.</Trans>
          </>
        )}
      </p>
      <Said terms={terms} />
    </article>
  );
}

/** What a version says, in sentences. */
function Said({ terms }: { terms: PolicyWrite }) {
  const { t } = useLingui();
  const yes = (asked: boolean, is: string, isNot: string) => (asked ? is : isNot);
  return (
    <dl className="dl">
      <dt>{t`Số hồ sơ`}</dt>
      <dd>
        {terms.case_after_hours === 0
          ? t`Luôn cần khi xem lại.`
          : t`Cần khi xem lại hình cũ hơn ${terms.case_after_hours} giờ.`}{" "}
        {yes(terms.case_for_export, t`Cần khi trích xuất.`, t`Không cần khi trích xuất.`)}{" "}
        {yes(terms.case_for_sound, t`Cần khi nghe tiếng.`, t`Không cần khi nghe tiếng.`)}
      </dd>
      <dt>{t`Người thứ hai`}</dt>
      <dd>
        {yes(
          terms.approve_ordinary,
          t`Duyệt mọi trích xuất của camera thường.`,
          t`Duyệt trích xuất dài hơn ${terms.approve_longer_minutes} phút.`,
        )}{" "}
        {yes(terms.approve_defence, t`Duyệt mọi trích xuất của camera quốc phòng.`, "")}{" "}
        {t`Duyệt xong dùng được trong ${terms.approval_hours} giờ.`}
      </dd>
      <dt>{t`Mở khẩn cấp`}</dt>
      <dd>{t`Mở trong ${terms.emergency_minutes} phút. Phải được xem xét lại trong ${terms.review_hours} giờ.`}</dd>
    </dl>
  );
}

type Numbers = "case_after_hours" | "approve_longer_minutes" | "approval_hours" | "emergency_minutes" | "review_hours";
type Yeses = "case_for_export" | "case_for_sound" | "approve_ordinary" | "approve_defence";

function NextForm({ before, onClose }: { before: PolicyWrite; onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [from, setFrom] = useState(isoDay(serverNowUs()));
  const [basis, setBasis] = useState("");
  const [yes, setYes] = useState<Record<Yeses, boolean>>(before);
  const [numbers, setNumbers] = useState<Record<Numbers, string>>({
    case_after_hours: String(before.case_after_hours),
    approve_longer_minutes: String(before.approve_longer_minutes),
    approval_hours: String(before.approval_hours),
    emergency_minutes: String(before.emergency_minutes),
    review_hours: String(before.review_hours),
  });
  const saving = useMutation({
    mutationFn: () =>
      layDownPolicy({
        from_us: startOf(from) ?? 0,
        basis: basis.trim(),
        case_for_export: yes.case_for_export,
        case_for_sound: yes.case_for_sound,
        approve_ordinary: yes.approve_ordinary,
        approve_defence: yes.approve_defence,
        case_after_hours: Number(numbers.case_after_hours),
        approve_longer_minutes: Number(numbers.approve_longer_minutes),
        approval_hours: Number(numbers.approval_hours),
        emergency_minutes: Number(numbers.emergency_minutes),
        review_hours: Number(numbers.review_hours),
      }),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: policiesQuery.queryKey });
      toast(t`Đã ban hành quy định mới.`);
      onClose();
    },
  });
  const wrong = saving.error instanceof ApiError ? saving.error.field : null;
  const submit = () => {
    saving.mutate();
  };
  const number = (name: Numbers, label: string, help?: string) => (
    <TextField
      label={label}
      help={help}
      error={wrong === name && <Trans>Số này không dùng được. Nhập số khác.</Trans>}
      required
      name={name}
      type="number"
      min={0}
      value={numbers[name]}
      onChange={(event) => setNumbers({ ...numbers, [name]: event.target.value })}
    />
  );
  const box = (name: Yeses, label: string) => (
    <label className="checkrow">
      <input type="checkbox" name={name} checked={yes[name]} onChange={() => setYes({ ...yes, [name]: !yes[name] })} />
      {label}
    </label>
  );
  const shown = [...Object.keys(numbers), "basis", "from_us"];
  return (
    <FormModal
      title={<Trans>Ban hành quy định mới</Trans>}
      onClose={onClose}
      className="rightsform"
      submit={<Trans>Ban hành</Trans>}
      disabled={saving.isPending || basis.trim() === "" || Object.values(numbers).some((one) => one === "")}
      onSubmit={submit}
    >
      <div className="two">
        <TextField
          label={<Trans>Áp dụng từ ngày</Trans>}
          help={<Trans>Ngày đã qua hoặc hôm nay là áp dụng ngay.</Trans>}
          error={wrong === "from_us" && <Trans>Ngày này không dùng được.</Trans>}
          name="from"
          type="date"
          value={from}
          onChange={(event) => setFrom(event.target.value)}
        />
        <TextField
          label={<Trans>Căn cứ</Trans>}
          help={<Trans>Số văn bản, quyết định.</Trans>}
          error={wrong === "basis" && <Trans>Nhập căn cứ, dưới 200 chữ.</Trans>}
          required
          name="basis"
          maxLength={200}
          value={basis}
          onChange={(event) => setBasis(event.target.value)}
        />
      </div>
      <h3>{t`Số hồ sơ, vụ việc`}</h3>
      {number("case_after_hours", t`Cần khi xem lại hình cũ hơn (giờ)`, t`0 là luôn cần.`)}
      {box("case_for_export", t`Cần khi trích xuất`)}
      {box("case_for_sound", t`Cần khi nghe tiếng`)}
      <h3>{t`Người thứ hai duyệt trích xuất`}</h3>
      {box("approve_ordinary", t`Mọi trích xuất của camera thường`)}
      {box("approve_defence", t`Mọi trích xuất của camera quốc phòng`)}
      <div className="two">
        {number("approve_longer_minutes", t`Trích xuất dài hơn (phút)`)}
        {number("approval_hours", t`Duyệt xong dùng được trong (giờ)`)}
      </div>
      <h3>{t`Mở khẩn cấp`}</h3>
      <div className="two">
        {number("emergency_minutes", t`Mở trong (phút)`)}
        {number("review_hours", t`Phải được xem xét lại trong (giờ)`)}
      </div>
      {saving.error && !shown.includes(wrong ?? "") && <Problem error={saving.error} />}
    </FormModal>
  );
}
