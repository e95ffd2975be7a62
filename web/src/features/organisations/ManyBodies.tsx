/** Several bodies to be chosen. */
import { type ReactNode, useMemo } from "react";
import type { Organisation } from "../../api/types";
import { bodyChoices } from "../../desk/bodies";
import { ManyChooser } from "../../ui/ManyChooser";

interface Props {
  label: ReactNode;
  help?: ReactNode;
  error?: ReactNode;
  name: string;
  bodies: readonly Organisation[];
  /** The one that cannot be among them. */
  except: string;
  value: readonly string[];
  onChange: (value: string[]) => void;
}

export function ManyBodies({ bodies, except, ...rest }: Props) {
  const choices = useMemo(() => bodyChoices(bodies, ({ id }) => id !== except), [bodies, except]);
  return <ManyChooser choices={choices} {...rest} />;
}
