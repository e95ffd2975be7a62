/** What is on record of a camera: what it is for, whose it is, how it hangs, where it is in its life. */
import type { MessageDescriptor } from "@lingui/core";
import { msg } from "@lingui/core/macro";
import { Trans, useLingui } from "@lingui/react/macro";
import { useMemo, useState } from "react";
import type { Organisation, Particulars, ParticularsWrite } from "../../api/types";
import { bodyChoices, hasEnded } from "../../desk/bodies";
import { PURPOSES } from "../../desk/grantwords";
import { dayOf } from "../../lib/time";
import { Chooser } from "../../ui/Chooser";
import { SelectField, TextField } from "../../ui/Field";

type Purpose = Particulars["purposes"][number];

export const LIFE: [Particulars["life_cycle"], MessageDescriptor][] = [
  ["planned", msg`Dự kiến`],
  ["installed", msg`Đã lắp, chưa bàn giao`],
  ["in_service", msg`Đang sử dụng`],
  ["out_of_service", msg`Ngừng sử dụng`],
  ["retired", msg`Đã thanh lý`],
];

const LINKS: [NonNullable<Particulars["link_kind"]>, MessageDescriptor][] = [
  ["dedicated_fiber", msg`Cáp quang dùng riêng`],
  ["leased_line", msg`Kênh thuê riêng`],
  ["internet", msg`Internet`],
  ["wireless", msg`Không dây`],
  ["lan", msg`Mạng nội bộ`],
];

const SIGNS: [NonNullable<Particulars["notice_sign"]>, MessageDescriptor][] = [
  ["yes", msg`Có biển`],
  ["no", msg`Chưa có biển`],
  ["exempt", msg`Không cần biển`],
];

const BODIES = [
  ["owner", msg`Đơn vị chủ quản`],
  ["investor", msg`Chủ đầu tư`],
  ["operator", msg`Đơn vị vận hành`],
  ["maintainer", msg`Đơn vị bảo trì`],
] as const;

/** As it is typed: a number is what stands in its field. */
export interface ParticularsForm {
  purposes: Purpose[];
  legal_basis: string;
  owner: string;
  investor: string;
  operator: string;
  maintainer: string;
  heading_deg: string;
  tilt_deg: string;
  height_m: string;
  fov_deg: string;
  link_kind: string;
  life_cycle: string;
  life_cycle_since: string;
  notice_sign: string;
  notice_sign_reason: string;
}

interface Props {
  form: ParticularsForm;
  bodies: readonly Organisation[];
  /** Whether purpose and legal basis must be said: of a camera that is recorded. */
  required: boolean;
  /** The day by which they must be, for a camera from before that was asked. */
  inheritedUntil: string | null;
  onChange: (change: Partial<ParticularsForm>) => void;
  wrong: (field: string) => boolean;
}

export function ParticularsFields({ form, bodies, required, inheritedUntil, onChange, wrong }: Props) {
  const { t } = useLingui();
  const toggle = (purpose: Purpose) =>
    onChange({
      purposes: form.purposes.includes(purpose)
        ? form.purposes.filter((one) => one !== purpose)
        : [...form.purposes, purpose],
    });
  const figures = [
    ["heading_deg", t`Hướng nhìn (độ, từ hướng bắc)`, t`Nhập số nguyên từ 0 đến 359.`],
    ["tilt_deg", t`Góc nghiêng (độ, nhìn xuống là số âm)`, t`Nhập số nguyên từ -90 đến 90.`],
    ["height_m", t`Chiều cao (m)`, t`Nhập số mét từ 0 đến 500.`],
    ["fov_deg", t`Góc quan sát (độ)`, t`Nhập số nguyên từ 1 đến 360.`],
  ] as const;
  // One that has ended takes nothing more; where it stands already it is named.
  const living = useMemo(() => bodyChoices(bodies, (body) => !hasEnded(body)), [bodies]);
  const choicesOf = (id: string) =>
    living.some((choice) => choice.id === id) ? living : [...bodyChoices(bodies, (body) => body.id === id), ...living];
  const [unfolded, setUnfolded] = useState(false);
  const isWrongInside = FOLDED.some((field) => wrong(field)) || !isSound(form);
  return (
    <>
      {inheritedUntil && (
        <div className="note" data-inherited={inheritedUntil}>
          <span>
            <Trans>
              Camera có từ trước nên vẫn được ghi. Bổ sung mục đích và căn cứ pháp lý trước ngày {dayOf(inheritedUntil)}
              .
            </Trans>
          </span>
        </div>
      )}
      <fieldset className="col plain">
        <legend>
          <Trans>Mục đích</Trans>
          {required && " *"}
        </legend>
        <div className="two">
          {PURPOSES.map(([purpose, words]) => (
            <label key={purpose} className="checkrow">
              <input
                type="checkbox"
                name={`purpose-${purpose}`}
                checked={form.purposes.includes(purpose)}
                onChange={() => toggle(purpose)}
              />
              {t(words)}
            </label>
          ))}
        </div>
        {wrong("purposes") && (
          <p className="small warnword" role="alert">
            <Trans>Chọn ít nhất một mục đích, hoặc bỏ ghi hình.</Trans>
          </p>
        )}
      </fieldset>
      <TextField
        label={<Trans>Căn cứ pháp lý</Trans>}
        required={required}
        name="legal_basis"
        value={form.legal_basis}
        onChange={(e) => onChange({ legal_basis: e.target.value })}
        maxLength={500}
        placeholder={t`12/QĐ-UBND, 5/1/2026, UBND phường`}
        help={<Trans>Số, ngày và nơi ban hành văn bản.</Trans>}
        error={wrong("legal_basis") ? t`Nhập văn bản cho phép ghi hình, hoặc bỏ ghi hình.` : undefined}
      />
      <details
        className="more"
        open={unfolded || isWrongInside}
        onToggle={(event) => setUnfolded(event.currentTarget.open)}
      >
        <summary>
          <Trans>Hồ sơ khác: đơn vị, cách lắp, tình trạng sử dụng</Trans>
        </summary>
        <div className="formbox">
          {BODIES.map(([field, words]) => (
            <Chooser
              key={field}
              label={t(words)}
              name={field}
              value={form[field]}
              choices={choicesOf(form[field])}
              none={field === "owner" ? t`Theo địa điểm` : t`Chưa rõ`}
              onChange={(id) => onChange({ [field]: id })}
              error={wrong(field) ? t`Đơn vị này đã kết thúc. Chọn đơn vị khác.` : undefined}
            />
          ))}
          <div className="two">
            {figures.map(([field, label, range]) => (
              <TextField
                key={field}
                label={label}
                name={field}
                inputMode="decimal"
                value={form[field]}
                onChange={(e) => onChange({ [field]: e.target.value })}
                error={wrong(field) || !isFigure(field, form[field]) ? range : undefined}
              />
            ))}
          </div>
          <SelectField
            label={<Trans>Loại đường truyền</Trans>}
            name="link_kind"
            value={form.link_kind}
            onChange={(e) => onChange({ link_kind: e.target.value })}
          >
            <option value="">{t`Chưa rõ`}</option>
            {LINKS.map(([kind, words]) => (
              <option key={kind} value={kind}>
                {t(words)}
              </option>
            ))}
          </SelectField>
          <div className="two">
            <SelectField
              label={<Trans>Tình trạng sử dụng</Trans>}
              name="life_cycle"
              value={form.life_cycle}
              onChange={(e) => onChange({ life_cycle: e.target.value })}
            >
              {LIFE.map(([cycle, words]) => (
                <option key={cycle} value={cycle}>
                  {t(words)}
                </option>
              ))}
            </SelectField>
            <TextField
              label={<Trans>Từ ngày</Trans>}
              name="life_cycle_since"
              type="date"
              value={form.life_cycle_since}
              onChange={(e) => onChange({ life_cycle_since: e.target.value })}
              error={wrong("life_cycle_since") ? t`Ngày này không có trong lịch.` : undefined}
            />
          </div>
          <SelectField
            label={<Trans>Biển thông báo có camera</Trans>}
            name="notice_sign"
            value={form.notice_sign}
            onChange={(e) => onChange({ notice_sign: e.target.value })}
          >
            <option value="">{t`Chưa rõ`}</option>
            {SIGNS.map(([sign, words]) => (
              <option key={sign} value={sign}>
                {t(words)}
              </option>
            ))}
          </SelectField>
          {form.notice_sign === "exempt" && (
            <TextField
              label={<Trans>Lý do không cần biển</Trans>}
              required
              name="notice_sign_reason"
              value={form.notice_sign_reason}
              onChange={(e) => onChange({ notice_sign_reason: e.target.value })}
              error={wrong("notice_sign_reason") ? t`Nhập lý do.` : undefined}
            />
          )}
        </div>
      </details>
    </>
  );
}

/** Returns the form of what is on record; of a new camera, nothing. */
export function formOf(of: Particulars | undefined): ParticularsForm {
  const text = (value: string | number | null | undefined) => String(value ?? "");
  return {
    purposes: [...(of?.purposes ?? [])],
    legal_basis: text(of?.legal_basis),
    owner: text(of?.owner),
    investor: text(of?.investor),
    operator: text(of?.operator),
    maintainer: text(of?.maintainer),
    heading_deg: text(of?.heading_deg),
    tilt_deg: text(of?.tilt_deg),
    height_m: text(of?.height_m),
    fov_deg: text(of?.fov_deg),
    link_kind: text(of?.link_kind),
    life_cycle: of?.life_cycle ?? "in_service",
    life_cycle_since: text(of?.life_cycle_since),
    notice_sign: text(of?.notice_sign),
    notice_sign_reason: text(of?.notice_sign_reason),
  };
}

/** Returns what to send: what differs from what is on record, and nothing where nothing does. */
export function changeOf(form: ParticularsForm, of: Particulars | undefined): ParticularsWrite | undefined {
  const before = formOf(of);
  const change: Record<string, unknown> = {};
  const numbers = Object.keys(RANGES);
  for (const field of Object.keys(form) as (keyof ParticularsForm)[]) {
    const [now, then] = [form[field], before[field]];
    if (String(now) === String(then)) continue;
    if (typeof now !== "string") change[field] = now;
    else if (now.trim() === "") change[field] = null;
    else change[field] = numbers.includes(field) ? numberOf(now) : now.trim();
  }
  // The reason goes with its sign.
  if ("notice_sign_reason" in change && form.notice_sign === "exempt") change.notice_sign = "exempt";
  if (form.notice_sign !== "exempt") delete change.notice_sign_reason;
  return Object.keys(change).length > 0 ? (change as ParticularsWrite) : undefined;
}

/** From where to where a figure goes; all but the height are whole. */
const RANGES = { heading_deg: [0, 359], tilt_deg: [-90, 90], height_m: [0, 500], fov_deg: [1, 360] } as const;
type Figure = keyof typeof RANGES;

/** Those that are folded away until somebody opens them, or one of them was refused. */
const FOLDED = [
  ...BODIES.map(([field]) => field),
  ...(Object.keys(RANGES) as Figure[]),
  "life_cycle_since",
  "notice_sign",
  "notice_sign_reason",
];

/** Returns whether each figure can be sent: what is no number would take away the one that is there. */
export function isSound(form: ParticularsForm): boolean {
  return (Object.keys(RANGES) as Figure[]).every((field) => isFigure(field, form[field]));
}

function isFigure(field: Figure, typed: string): boolean {
  const text = typed.trim();
  if (text === "") return true;
  const value = numberOf(text);
  const [least, most] = RANGES[field];
  return value >= least && value <= most && (field === "height_m" || Number.isInteger(value));
}

function numberOf(text: string): number {
  return Number(text.trim().replace(",", "."));
}
