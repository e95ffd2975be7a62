/** Why a request was not done: in the screen's own words where it has some, else in those that all screens share. */
import { Trans, useLingui } from "@lingui/react/macro";
import type { ReactNode } from "react";
import { ApiError } from "../api/error";
import { Warning } from "../ui/Warning";
import { refusalWords } from "./words";

export function Problem({ error, children }: { error: Error; children?: ReactNode }) {
  return <Warning>{children || <SharedWords error={error} />}</Warning>;
}

function SharedWords({ error }: { error: Error }) {
  const { t } = useLingui();
  if (!(error instanceof ApiError)) return error.message;
  switch (error.code) {
    case "offline":
      return <Trans>Máy chủ không trả lời. Thử lại sau.</Trans>;
    case "forbidden":
    case "not_found":
    case "signed_out":
      return t(refusalWords(error.code));
    default:
      return (
        <Trans>
          Chưa làm được: {error.message} ({error.code})
        </Trans>
      );
  }
}
