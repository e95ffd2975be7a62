/** All keys there are, on `?`; and what the patterns of the timeline mean. */
import { Trans, useLingui } from "@lingui/react/macro";
import { CloseButton, Modal } from "../ui/Modal";

export function KeyHelp({ operator, onClose }: { operator: boolean; onClose: () => void }) {
  const { t } = useLingui();
  const groups: [string, [string, string][]][] = operator
    ? [
        [
          t`Lưới hình`,
          [
            ["1 … 9", t`chọn ô`],
            ["1 2 ⏎", t`đưa camera số 12 vào ô đang chọn`],
            ["⏎", t`phóng ô ra toàn lưới, và về lại`],
            ["Shift+1 … 5", t`1, 4, 9, 16, 25 ô`],
            ["Del", t`bỏ camera khỏi ô`],
            ["/", t`tìm camera`],
            ["F", t`toàn màn hình`],
            ["Ctrl+I", t`số đo của từng ô`],
            ["Esc", t`thôi`],
          ],
        ],
        [
          t`Ô đang chọn`,
          [
            ["R", t`xem lại 15 giây trước, ngay trong ô`],
            ["L", t`về trực tiếp`],
            ["P", t`lưu ảnh`],
            ["T", t`nghe tiếng, tắt tiếng`],
            ["Z", t`phóng to trong hình: kéo một khung`],
            ["+ − ← → ↑ ↓", t`phóng to, thu nhỏ, dời hình, sau phím Z`],
            [t`con lăn`, t`phóng to tại con trỏ`],
          ],
        ],
        [
          t`Xem lại`,
          [
            ["Space", t`phát, dừng`],
            ["← →", t`từng hình khi dừng, 5 giây khi phát`],
            ["Ctrl+← →", t`chậm hơn, nhanh hơn`],
            ["[ ]", t`đầu và cuối đoạn chọn`],
            ["E", t`trích xuất đoạn chọn`],
            ["L", t`về trực tiếp`],
          ],
        ],
      ]
    : [[t`Chung`, [["Esc", t`đóng hộp thoại`]]]];
  return (
    <Modal
      title={<Trans>Phím tắt</Trans>}
      onClose={onClose}
      actions={<CloseButton onClose={onClose}>{t`Đóng`}</CloseButton>}
    >
      {groups.map(([title, keys]) => (
        <section key={title} className="col keygroup">
          <h3>{title}</h3>
          <dl className="keys">
            {keys.map(([key, does]) => (
              <div key={key}>
                <dt>
                  <span className="kbd">{key}</span>
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      {operator && (
        <section className="col keygroup">
          <h3>
            <Trans>Dải thời gian</Trans>
          </h3>
          <Legend />
        </section>
      )}
    </Modal>
  );
}

/** What each pattern of the timeline means. */
function Legend() {
  return (
    <div className="legend">
      <span>
        <i className="s-rec" />
        <Trans>có ghi</Trans>
      </span>
      <span>
        <i className="s-miss" />
        <Trans>thiếu hình</Trans>
      </span>
      <span>
        <i className="s-gone" />
        <Trans>đã xóa theo hạn</Trans>
      </span>
      <span>
        <i className="s-fut" />
        <Trans>chưa đến</Trans>
      </span>
    </div>
  );
}
