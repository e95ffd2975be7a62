/** The camera number that is being typed. */
import { Trans } from "@lingui/react/macro";

export function Typed({ digits }: { digits: string }) {
  if (digits === "") return null;
  return (
    <output className="typed">
      <Trans>Camera {digits}</Trans>
      <span className="kbd">⏎</span>
    </output>
  );
}
