/** How another person gets in, for administrators: where they are signed in, and the second factor they lost. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Building2, ShieldOff } from "lucide-react";
import { removeSecondFactorOf, removeSingleSignOnOf } from "../api/account";
import { ApiError } from "../api/error";
import { devicesOfQuery, peopleQuery } from "../api/queries";
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
  const queries = useQueryClient();
  const unbinding = useMutation({
    mutationFn: () => removeSingleSignOnOf(person.id),
    onSuccess: () => {
      toast(t`Đã bỏ gắn tài khoản cơ quan của ${person.display_name}.`);
      void refetch();
      void queries.invalidateQueries({ queryKey: peopleQuery.queryKey });
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
        {person.single_sign_on && !unbinding.isSuccess && (
          <div className="note">
            <Building2 aria-hidden />
            <div className="grow">
              <p>
                <Trans>
                  Người này đăng nhập được bằng tài khoản cơ quan. Nếu gắn nhầm người: bỏ gắn. Họ bị đăng xuất ở mọi
                  nơi.
                </Trans>
              </p>
              <button
                type="button"
                className="btn s"
                data-act="unbind"
                disabled={unbinding.isPending}
                onClick={() => unbinding.mutate()}
              >
                <Trans>Bỏ gắn tài khoản cơ quan</Trans>
              </button>
            </div>
          </div>
        )}
        {unbinding.error && <Problem error={unbinding.error} />}
        {removing.error && <Problem error={removing.error}>{none && t`Người này chưa đặt xác minh hai bước.`}</Problem>}
      </div>
    </Modal>
  );
}
