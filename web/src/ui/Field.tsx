/** A form field: label above, help under it, the error under that with the way out. Knows no noun. */
import { CircleAlert } from "lucide-react";
import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from "react";

export interface Around {
  label: ReactNode;
  /** For those who hear it alone: where the control stands in a row and says by itself what it is. */
  bare?: boolean | undefined;
  help?: ReactNode;
  error?: ReactNode;
  required?: boolean | undefined;
}

export function TextField({
  label,
  help,
  error,
  required,
  ...input
}: Omit<Around, "bare"> & Omit<InputHTMLAttributes<HTMLInputElement>, keyof Control>) {
  return (
    <Field label={label} help={help} error={error} required={required}>
      {(control) => <input {...input} {...control} />}
    </Field>
  );
}

export function SelectField({
  label,
  bare,
  help,
  error,
  required,
  ...select
}: Around & Omit<SelectHTMLAttributes<HTMLSelectElement>, keyof Control>) {
  return (
    <Field label={label} bare={bare} help={help} error={error} required={required}>
      {(control) => <select {...select} {...control} />}
    </Field>
  );
}

/** What ties an input to the words around it. */
interface Control {
  id: string;
  className: string;
  required: boolean | undefined;
  "aria-invalid": true | undefined;
  "aria-describedby": string | undefined;
}

export function Field({
  label,
  bare,
  help,
  error,
  required,
  children,
}: Around & { children: (control: Control) => ReactNode }) {
  const id = useId();
  const more = error || help ? `${id}-more` : undefined;
  return (
    <div className="field">
      <label htmlFor={id} className={bare ? "sr" : undefined}>
        {label}
        {required && " *"}
      </label>
      {children({
        id,
        className: "input",
        required,
        "aria-invalid": error ? true : undefined,
        "aria-describedby": more,
      })}
      {error ? (
        <div className="error" id={more} role="alert">
          <CircleAlert aria-hidden />
          <span>{error}</span>
        </div>
      ) : (
        help && (
          <div className="help" id={more}>
            {help}
          </div>
        )
      )}
    </div>
  );
}
