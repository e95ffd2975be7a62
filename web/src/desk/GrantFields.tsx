/** What a form asks of whatever is given to somebody: which acts, of which purposes, how fine, how far back. */
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import type { GrantAction, GrantPurpose } from "../api/types";
import { SelectField, TextField } from "../ui/Field";
import { ACTIONS, LINES, PURPOSES } from "./grantwords";

interface Boxes<T> {
  value: readonly T[];
  onChange: (value: T[]) => void;
  error?: ReactNode;
}

const toggled = <T,>(all: readonly T[], one: T) => (all.includes(one) ? all.filter((x) => x !== one) : [...all, one]);

/** `only`: those that are to be had here. */
export function ActionBoxes({ value, only, onChange, error }: Boxes<GrantAction> & { only?: readonly GrantAction[] }) {
  const { t } = useLingui();
  const offered = ACTIONS.filter(([action]) => only?.includes(action) ?? true);
  return (
    <fieldset className="boxes field">
      <legend>{t`Được làm gì`}</legend>
      <div>
        {offered.map(([action, words]) => (
          <label key={action} className="checkrow">
            <input
              type="checkbox"
              name={action}
              checked={value.includes(action)}
              onChange={() => onChange(toggled(value, action))}
            />
            {t(words)}
          </label>
        ))}
      </div>
      {error && (
        <p className="error" role="alert">
          {error}
        </p>
      )}
    </fieldset>
  );
}

export function PurposeBoxes({ value, onChange, error }: Boxes<GrantPurpose>) {
  const { t } = useLingui();
  return (
    <fieldset className="boxes field">
      <legend>{t`Chỉ camera có mục đích`}</legend>
      <div>
        {PURPOSES.map(([purpose, words]) => (
          <label key={purpose} className="checkrow">
            <input
              type="checkbox"
              name={`purpose-${purpose}`}
              checked={value.includes(purpose)}
              onChange={() => onChange(toggled(value, purpose))}
            />
            {t(words)}
          </label>
        ))}
      </div>
      {error ? (
        <p className="error" role="alert">
          {error}
        </p>
      ) : (
        <p className="help">{t`Không chọn mục đích nào là mọi camera.`}</p>
      )}
    </fieldset>
  );
}

export interface Limits {
  /** As it is typed: empty for any. */
  lines: string;
  /** As it is typed: empty for all there is. */
  days: string;
}

interface LimitProps extends Limits {
  /** The field that is wrong. */
  wrong: string | null;
  onChange: (change: Partial<Limits>) => void;
}

export function LimitFields({ lines, days, wrong, onChange }: LimitProps) {
  const { t } = useLingui();
  const offered = lines !== "" && !LINES.includes(Number(lines)) ? [...LINES, Number(lines)] : LINES;
  return (
    <div className="two">
      <SelectField
        label={<Trans>Hình nét nhất</Trans>}
        error={wrong === "most_lines" && <Trans>Chọn từ 100 đến 10.000 dòng.</Trans>}
        name="most_lines"
        value={lines}
        onChange={(event) => onChange({ lines: event.target.value })}
      >
        <option value="">{t`Không giới hạn`}</option>
        {offered.map((one) => (
          <option key={one} value={one}>
            {t`${one} dòng`}
          </option>
        ))}
      </SelectField>
      <TextField
        label={<Trans>Xem lại đến mấy ngày trước</Trans>}
        help={<Trans>Để trống là mọi hình còn lưu.</Trans>}
        error={wrong === "playback_days" && <Trans>Nhập từ 1 đến 3650 ngày.</Trans>}
        name="playback_days"
        type="number"
        min={1}
        max={3650}
        value={days}
        onChange={(event) => onChange({ days: event.target.value })}
      />
    </div>
  );
}

/** In which hours of the week it holds. */
export function HoursField({
  value,
  wrong,
  onChange,
}: {
  value: string;
  wrong: boolean;
  onChange: (v: string) => void;
}) {
  return (
    <TextField
      label={<Trans>Giờ trong tuần</Trans>}
      help={<Trans>Ví dụ: 1-5 07:00-17:30 là thứ Hai đến thứ Sáu. Để trống là mọi lúc.</Trans>}
      error={wrong && <Trans>Không đọc được giờ này. Viết như 1-5 07:00-17:30; 6,7 22:00-06:00.</Trans>}
      name="hours"
      value={value}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}
