/** Asks once more before a camera is removed. */
import { Trans, useLingui } from "@lingui/react/macro";
import { Trash2 } from "lucide-react";
import { deleteCamera } from "../../api/client";
import { ApiError } from "../../api/error";
import type { CameraRow } from "../../api/types";
import { SureDialog } from "../../desk/SureDialog";
import { toast } from "../../ui/toast";

export function RemoveCamera({ camera, onClose }: { camera: CameraRow; onClose: () => void }) {
  const { t } = useLingui();
  return (
    <SureDialog
      title={
        <Trans>
          Xóa camera {camera.number}, {camera.name}?
        </Trans>
      }
      act={
        <>
          <Trash2 /> <Trans>Xóa camera</Trans>
        </>
      }
      what="remove"
      rather={<Trans>Giữ camera</Trans>}
      cure={(error) =>
        error instanceof ApiError &&
        error.code === "in_use" && <Trans>Camera có đoạn hình đang được giữ lại. Bỏ giữ trước khi xóa.</Trans>
      }
      onSure={() => deleteCamera(camera.id)}
      stale={["cameras"]}
      onDone={() => {
        toast(t`Đã xóa camera ${camera.number}.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        <Trans>
          Khuê ngừng ghi camera này ngay. Tên, số, địa chỉ và mật khẩu của camera mất đi, và không ai xem lại được hình
          đã ghi của nó nữa.
        </Trans>
      </p>
      <p className="t2">
        <Trans>
          Số {camera.number} có thể đặt cho camera khác. Nếu chỉ muốn tạm dừng ghi, hãy sửa camera thay vì xóa.
        </Trans>
      </p>
    </SureDialog>
  );
}
