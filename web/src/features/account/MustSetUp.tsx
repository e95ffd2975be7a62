/** Before the door, for whoever must have a second factor and has none: nothing else is answered till then. */
import { Trans } from "@lingui/react/macro";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { signOut } from "../../api/client";
import { sessionQuery } from "../../api/queries";
import type { Session } from "../../api/types";
import { ConfirmDialog } from "../../desk/ConfirmDialog";
import { Door } from "../../ui/Door";
import { AddFirst } from "./PasskeysSection";
import { RecoveryCodes } from "./RecoveryCodes";
import { TotpSetup } from "./TotpSetup";

interface Props {
  session: Session;
  /** The codes are shown: whatever the session says from now on, they stay until they were kept. */
  onCodes: () => void;
  onDone: () => void;
}

export function MustSetUp({ session, onCodes, onDone }: Props) {
  const queries = useQueryClient();
  const [codes, setCodes] = useState<string[] | null>(null);
  const told = (made: string[]) => {
    onCodes();
    setCodes(made);
    void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
  };
  const leave = async () => {
    await signOut().catch(() => undefined);
    queries.setQueryData(sessionQuery.queryKey, null);
  };
  return (
    <Door title={<Trans>Bật xác minh hai bước</Trans>}>
      {codes ? (
        <RecoveryCodes codes={codes} onDone={onDone} />
      ) : (
        <>
          <p className="t2">
            <Trans>
              Tài khoản này cần thêm một mã trên điện thoại, hoặc khóa đăng nhập, mỗi lần đăng nhập. Đặt một lần ở đây,
              trước khi vào làm việc.
            </Trans>
          </p>
          <AddFirst onCodes={told} />
          <TotpSetup onCodes={told} />
          <button type="button" className="btn ghost" onClick={() => void leave()}>
            <Trans>Để sau, đăng xuất</Trans>
          </button>
        </>
      )}
      <ConfirmDialog session={session} />
    </Door>
  );
}
