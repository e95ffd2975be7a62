/** What expiry must spare, why, and by whose word. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { LockOpen } from "lucide-react";
import { useMemo, useState } from "react";
import { removeHold } from "../../api/client";
import { holdsQuery, treeQuery } from "../../api/queries";
import type { Hold } from "../../api/types";
import { SureDialog } from "../../desk/SureDialog";
import { useStore } from "../../lib/store";
import { dateTime, duration } from "../../lib/time";
import { narrow } from "../../ui/appearance";
import { Empty } from "../../ui/Fallback";
import { toast } from "../../ui/toast";
import { Warning } from "../../ui/Warning";

export function HoldsPage() {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const { data, error } = useQuery(holdsQuery);
  const { data: tree } = useQuery(treeQuery);
  const [letting, setLetting] = useState<Hold | null>(null);
  const cameras = useMemo(() => new Map((tree?.cameras ?? []).map((c) => [c.id, c])), [tree]);
  const holds = [...(data?.holds ?? [])].sort((a, b) => b.from_us - a.from_us);
  return (
    <div className="body">
      <section className="centre page" aria-label={t`Đoạn hình được giữ lại`}>
        <div className="ph tools">
          <span className="t2">
            <Trans>Đoạn hình được giữ lại không bị xóa khi hết hạn lưu.</Trans>
          </span>
        </div>
        {error && (
          <Warning>
            <Trans>Chưa tải được danh sách. Đang thử lại.</Trans>
          </Warning>
        )}
        {data && holds.length === 0 ? (
          <Empty title={<Trans>Chưa giữ lại đoạn nào</Trans>}>
            <p className="t2">
              <Trans>Ở màn hình Xem lại: chọn một đoạn, bấm Trích xuất, rồi Giữ lại.</Trans>
            </p>
          </Empty>
        ) : (
          <div className="tablebox">
            <table className="tbl">
              <thead>
                <tr>
                  <th>{t`Camera`}</th>
                  {!phone && (
                    <>
                      <th>{t`Từ`}</th>
                      <th className="num">{t`Dài`}</th>
                      <th>{t`Lý do`}</th>
                    </>
                  )}
                  <th>
                    <span className="sr">{t`Việc`}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {holds.map((hold) => {
                  const camera = cameras.get(hold.camera);
                  const from = dateTime(hold.from_us);
                  const length = duration(hold.to_us - hold.from_us);
                  const why = (
                    <>
                      <div>{hold.reason}</div>
                      {hold.by && <div className="t3">{hold.by}</div>}
                    </>
                  );
                  return (
                    <tr key={hold.id}>
                      <td>
                        <div className="strong">{camera ? `${camera.number} · ${camera.name}` : t`camera đã xóa`}</div>
                        {phone && (
                          <>
                            <div className="t2">
                              <Trans>
                                {from}, dài {length}
                              </Trans>
                            </div>
                            {why}
                          </>
                        )}
                      </td>
                      {!phone && (
                        <>
                          <td className="nowrap">{from}</td>
                          <td className="num">{length}</td>
                          <td>{why}</td>
                        </>
                      )}
                      <td>
                        <button type="button" className="btn ghost s" onClick={() => setLetting(hold)}>
                          <LockOpen className="s" /> <Trans>Bỏ giữ</Trans>
                        </button>
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          </div>
        )}
      </section>
      {letting && <LetGoDialog hold={letting} onClose={() => setLetting(null)} />}
    </div>
  );
}

function LetGoDialog({ hold, onClose }: { hold: Hold; onClose: () => void }) {
  const { t } = useLingui();
  return (
    <SureDialog
      title={<Trans>Bỏ giữ đoạn từ {dateTime(hold.from_us)}?</Trans>}
      act={
        <>
          <LockOpen /> <Trans>Bỏ giữ</Trans>
        </>
      }
      rather={<Trans>Vẫn giữ</Trans>}
      onSure={() => removeHold(hold.id)}
      stale={holdsQuery.queryKey}
      onDone={() => {
        toast(t`Đã bỏ giữ. Đoạn hình sẽ bị xóa khi hết hạn lưu.`);
        onClose();
      }}
      onClose={onClose}
    >
      <p>
        <Trans>
          Nếu đoạn này đã quá hạn lưu, hình có thể bị xóa ngay và không lấy lại được. Lý do giữ: {hold.reason}
        </Trans>
      </p>
    </SureDialog>
  );
}
