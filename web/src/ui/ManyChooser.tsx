/** Several to be chosen among very many: each as a chip that can be taken away. Knows no noun. */
import { useLingui } from "@lingui/react/macro";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { type Choice, Chooser } from "./Chooser";

interface Props {
  label: ReactNode;
  help?: ReactNode;
  error?: ReactNode;
  name: string;
  choices: readonly Choice[];
  value: readonly string[];
  onChange: (value: string[]) => void;
}

export function ManyChooser({ label, help, error, name, choices, value, onChange }: Props) {
  const { t } = useLingui();
  const free = choices.filter(({ id }) => !value.includes(id));
  return (
    <div className="col manychooser">
      <Chooser
        label={label}
        help={help}
        error={error}
        name={name}
        value=""
        choices={free}
        onChange={(id) => onChange([...value, id])}
      />
      {value.length > 0 && (
        <div className="row wrap">
          {value.map((id) => {
            const called = choices.find((one) => one.id === id)?.text ?? id;
            return (
              <button
                key={id}
                type="button"
                className="chip line"
                data-chosen={id}
                aria-label={t`Bỏ ${called}`}
                onClick={() => onChange(value.filter((one) => one !== id))}
              >
                <span className="clip">{called}</span> <X aria-hidden />
              </button>
            );
          })}
        </div>
      )}
    </div>
  );
}
