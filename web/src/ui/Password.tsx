/** A password being typed, which can be looked at. Knows no noun. */
import { useLingui } from "@lingui/react/macro";
import { Eye, EyeOff } from "lucide-react";
import { useState } from "react";
import { TextField } from "./Field";
import "./door.css";

interface PasswordProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  autoComplete: string;
  name?: string;
  help?: string;
  error?: string | undefined;
  autoFocus?: boolean;
}

export function Password({ label, value, onChange, ...rest }: PasswordProps) {
  const { t } = useLingui();
  const [visible, setVisible] = useState(false);
  return (
    <div className="password">
      <TextField
        {...rest}
        label={label}
        type={visible ? "text" : "password"}
        value={value}
        onChange={(e) => onChange(e.target.value)}
      />
      <button
        type="button"
        aria-label={visible ? t`Ẩn mật khẩu` : t`Hiện mật khẩu`}
        onClick={() => setVisible(!visible)}
      >
        {visible ? <EyeOff /> : <Eye />}
      </button>
    </div>
  );
}
