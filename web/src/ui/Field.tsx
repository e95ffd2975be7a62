/** A form field: label above, help under it, the error under that with the way out. Knows no noun. */
import { CircleAlert } from "lucide-react";
import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from "react";

interface Around {
  label: ReactNode;
  help?: ReactNode;
  error?: ReactNode;
  required?: boolean;
}

export function TextField({
  label,
  help,
  error,
  required,
  ...input
}: Around & Omit<InputHTMLAttributes<HTMLInputElement>, "id">) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {required && " *"}
      </label>
      <input
        {...input}
        id={id}
        className="input"
        required={required}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || help ? `${id}-more` : undefined}
      />
      <More id={id} help={help} error={error} />
    </div>
  );
}

export function SelectField({
  label,
  help,
  error,
  required,
  children,
  ...select
}: Around & Omit<SelectHTMLAttributes<HTMLSelectElement>, "id">) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        {required && " *"}
      </label>
      <select
        {...select}
        id={id}
        className="input"
        required={required}
        aria-invalid={error ? true : undefined}
        aria-describedby={error || help ? `${id}-more` : undefined}
      >
        {children}
      </select>
      <More id={id} help={help} error={error} />
    </div>
  );
}

function More({ id, help, error }: { id: string; help?: ReactNode; error?: ReactNode }) {
  if (error)
    return (
      <div className="error" id={`${id}-more`} role="alert">
        <CircleAlert aria-hidden />
        <span>{error}</span>
      </div>
    );
  return help ? (
    <div className="help" id={`${id}-more`}>
      {help}
    </div>
  ) : null;
}
