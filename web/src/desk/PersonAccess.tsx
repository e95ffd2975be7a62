/** How another person gets in, for administrators: where they are signed in, and the second factor they lost. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery } from "@tanstack/react-query";
import { ShieldOff } from "lucide-react";
import { removeSecondFactorOf } from "../api/account";
import { ApiError } from "../api/error";
import { devicesOfQuery } from "../api/queries";
import type { PersonRow } from "../api/types";
import { CloseButton, Modal } from "../ui/Modal";
import { toast } from "../ui/toast";
import { DeviceRows } from "./Devices";
import { Problem } from "./Problem";

export function PersonAccess({ person, onClose }: { person: PersonRow; onClose: () => void }) {
  const { t } = useLingui();
  const { data: devices, error, refetch } = useQuery(devicesOfQuery(person.id));
  const removing = useMutation({
    mutationFn: () => removeSecondFactorOf(person.id),
    onSuccess: () => {
      toast(t`Đã gỡ xác minh hai bước của ${person.display_name}.`);
      void refetch();
    },
  });
  const none = removing.error instanceof ApiError && removing.error.code === "not_found";
  return (
    <Modal
      title={<Trans>Đăng nhập của {person.display_name}</Trans>}
      onClose={onClose}
      actions={
        <CloseButton onClose={onClose}>
          <Trans>Đóng</Trans>
        </CloseButton>
      }
    >
      <div className="col personaccess">
        {error ? <Problem error={error} /> : devices && <DeviceRows devices={devices} />}
        <div className="note">
          <ShieldOff aria-hidden />
          <div className="grow">
            <p>
              <Trans>
                Người này mất cả điện thoại lẫn mã khôi phục: gỡ xác minh hai bước. Họ bị đăng xuất ở mọi nơi, rồi đăng
                nhập bằng mật khẩu và đặt lại.
              </Trans>
            </p>
            <button
              type="button"
              className="btn s"
              data-act="unlock"
              disabled={removing.isPending}
              onClick={() => removing.mutate()}
            >
              <Trans>Gỡ xác minh hai bước</Trans>
            </button>
          </div>
        </div>
        {removing.error && <Problem error={removing.error}>{none && t`Người này chưa đặt xác minh hai bước.`}</Problem>}
      </div>
    </Modal>
  );
}
