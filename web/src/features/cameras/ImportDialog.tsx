/** Cameras from a table: looked through first, each fault told by its row, and taken only when somebody says so. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, FileDown, FileSpreadsheet, TriangleAlert } from "lucide-react";
import { useRef, useState } from "react";
import { importCameras } from "../../api/cameras";
import { ApiError } from "../../api/error";
import type { ImportAnswer, ImportFault } from "../../api/types";
import { Problem } from "../../desk/Problem";
import { useStore } from "../../lib/store";
import { language } from "../../ui/appearance";
import { CloseButton, Modal } from "../../ui/Modal";
import { toast } from "../../ui/toast";
import { COLUMNS, cureOf, templateUrl } from "./table";

/** A file as it was chosen: what is looked through is what is taken, whatever happens to the file. */
interface Chosen {
  name: string;
  bytes: ArrayBuffer;
}

/** How many faults are shown at a time. */
const SHOWN = 50;

export function ImportDialog({ onClose }: { onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const looking = useMutation({ mutationFn: (table: Chosen) => importCameras(table.bytes, true) });
  const taking = useMutation({
    mutationFn: (table: Chosen) => importCameras(table.bytes, false),
    onSuccess: (answer) => {
      if (answer.refused > 0) return;
      for (const key of ["cameras", "tree", "status"]) void queries.invalidateQueries({ queryKey: [key] });
      toast(t`Đã thêm ${answer.added} camera.`);
      onClose();
    },
  });
  const take = async (file: File | undefined) => {
    if (!file) return;
    const table = { name: file.name, bytes: await file.arrayBuffer() };
    setChosen(table);
    taking.reset();
    looking.mutate(table);
  };
  // Somebody may have changed something since it was looked through.
  const answer = taking.data ?? looking.data ?? null;
  const error = taking.error ?? looking.error;
  const isGood = answer !== null && answer.refused === 0 && answer.rows > 0;
  const isBusy = looking.isPending || taking.isPending;
  return (
    <Modal
      title={<Trans>Nhập camera từ bảng</Trans>}
      onClose={onClose}
      holdsWork
      actions={
        <>
          <CloseButton onClose={onClose} />
          <button
            type="button"
            className={isGood ? "btn" : "btn primary"}
            data-act="choose-file"
            disabled={isBusy}
            onClick={() => input.current?.click()}
          >
            <FileSpreadsheet /> {chosen ? <Trans>Chọn lại tệp</Trans> : <Trans>Chọn tệp</Trans>}
          </button>
          {isGood && chosen && (
            <button
              type="button"
              className="btn primary"
              data-act="take"
              disabled={isBusy}
              onClick={() => taking.mutate(chosen)}
            >
              <Plural value={answer.rows} one="Thêm # camera" other="Thêm # camera" />
            </button>
          )}
        </>
      }
    >
      <input
        ref={input}
        type="file"
        className="sr"
        tabIndex={-1}
        aria-label={t`Tệp bảng camera`}
        accept=".xlsx,.ods,.csv"
        onChange={(event) => {
          void take(event.target.files?.[0]);
          // The same file may be chosen again once it was mended.
          event.target.value = "";
        }}
      />
      {!chosen && (
        <>
          <p>
            <Trans>
              Mỗi dòng là một camera, dòng đầu là tên cột. Cần có các cột {COLUMNS.name}, {COLUMNS.site} và{" "}
              {COLUMNS.url}; địa điểm phải có sẵn trong Khuê. Nhận tệp Excel (.xlsx), .ods và .csv.
            </Trans>
          </p>
          <p className="t2">
            <Trans>
              Khuê xem thử cả bảng trước, chưa thêm gì. Bảng đúng hết mới thêm được; còn một dòng sai thì không thêm
              dòng nào. Camera chỉ được ghi hình khi cột {COLUMNS.recording} ghi là Có.
            </Trans>
          </p>
          <p>
            <a href={templateUrl()} download="camera.csv" className="btn">
              <FileDown /> <Trans>Tải bảng mẫu</Trans>
            </a>
          </p>
        </>
      )}
      {chosen && (
        <p className="row t2">
          <FileSpreadsheet aria-hidden className="s" /> <span className="clip">{chosen.name}</span>
        </p>
      )}
      <div role="status" className="col importresult">
        {looking.isPending && <Trans>Đang xem thử…</Trans>}
        {taking.isPending && <Trans>Đang thêm…</Trans>}
        {answer && !isBusy && <Result answer={answer} />}
      </div>
      {error && !isBusy && (
        <Problem error={error}>
          <ImportError error={error} />
        </Problem>
      )}
      {answer && !isBusy && answer.faults.length > 0 && (
        <Faults key={answer.rows} faults={answer.faults} refused={answer.refused} />
      )}
    </Modal>
  );
}

function Result({ answer }: { answer: ImportAnswer }) {
  const { rows, refused } = answer;
  if (rows === 0)
    return (
      <div className="note warnn">
        <TriangleAlert aria-hidden />
        <span>
          <Trans>Bảng không có dòng nào dưới tên cột.</Trans>
        </span>
      </div>
    );
  if (refused === 0)
    return (
      <div className="note okn" data-result="good">
        <CircleCheck aria-hidden />
        <span>
          <Plural
            value={rows}
            one="Cả # dòng đều đúng: thêm # camera mới, không sửa camera nào đang có."
            other="Cả # dòng đều đúng: thêm # camera mới, không sửa camera nào đang có."
          />
        </span>
      </div>
    );
  return (
    <div className="note warnn" data-result="bad">
      <TriangleAlert aria-hidden />
      <span>
        <Trans>
          {refused} trong {rows} dòng chưa đúng, nên chưa thêm camera nào. Sửa những chỗ dưới đây trong bảng rồi chọn
          lại tệp.
        </Trans>
      </span>
    </div>
  );
}

function Faults({ faults, refused }: { faults: readonly ImportFault[]; refused: number }) {
  const { t } = useLingui();
  const lang = useStore(language);
  const [most, setMost] = useState(SHOWN);
  const told = new Set(faults.map((fault) => fault.row)).size;
  return (
    <div className="faults">
      <table className="tbl">
        <thead>
          <tr>
            <th className="num">{t`Dòng`}</th>
            <th>{t`Ô`}</th>
            <th>{t`Cách sửa`}</th>
          </tr>
        </thead>
        <tbody>
          {faults.slice(0, most).map((fault, i) => {
            const column = fault.field == null ? undefined : COLUMNS[fault.field];
            const cure = cureOf(fault.field ?? null);
            return (
              <tr key={i} data-fault-row={fault.row}>
                <td className="num strong">{fault.row}</td>
                <td className="nowrap">
                  {fault.cell ?? "–"}
                  {column && <div className="t3">{column}</div>}
                </td>
                {/* The server's own words are English, and name what stands in the cell. */}
                <td>{cure && lang === "vi" ? t(cure) : fault.message}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {faults.length > most && (
        <p className="more">
          <button type="button" className="btn s" data-act="more-faults" onClick={() => setMost(most + SHOWN)}>
            <Trans>Xem thêm dòng sai</Trans>
          </button>
        </p>
      )}
      {refused > told && (
        <p className="small t3">
          <Trans>Còn {refused - told} dòng sai nữa chưa kể ra. Sửa những dòng này trước.</Trans>
        </p>
      )}
    </div>
  );
}

function ImportError({ error }: { error: Error }) {
  if (!(error instanceof ApiError)) return null;
  switch (error.code) {
    case "invalid":
      return (
        <Trans>
          Không đọc được tệp này thành bảng camera. Dòng đầu cần có các cột {COLUMNS.name}, {COLUMNS.site} và{" "}
          {COLUMNS.url}, mỗi cột một lần; tệp là .xlsx, .ods hoặc .csv.
        </Trans>
      );
    case "too_large":
      return <Trans>Tệp lớn hơn 32 MB. Chia bảng thành nhiều tệp nhỏ hơn.</Trans>;
    case "busy":
      return <Trans>Máy chủ đang đọc bảng của người khác. Đợi một lúc rồi chọn lại tệp.</Trans>;
    default:
      return null;
  }
}
