/** A table that is taken: looked through first, each fault told by its row, and kept only when somebody says so. */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, FileDown, FileSpreadsheet, Info, TriangleAlert } from "lucide-react";
import { type ReactNode, useRef, useState } from "react";
import { ApiError } from "../api/error";
import { importTable, type TableNoun } from "../api/tables";
import type { ImportAnswer, ImportFault } from "../api/types";
import { useStore } from "../lib/store";
import { language } from "../ui/appearance";
import { CloseButton, Modal } from "../ui/Modal";
import { toast } from "../ui/toast";
import { Problem } from "./Problem";
import { cureOf, neededNames, type TableForm, templateUrl } from "./tables";
import "./tables.css";

interface Props {
  noun: TableNoun;
  form: TableForm;
  title: ReactNode;
  /** Which lists tell something else afterwards. */
  lists: readonly string[];
  onClose: () => void;
  /** What a row is, and what it does to what is there. */
  children: ReactNode;
}

/** A file as it was chosen: what is looked through is what is taken, whatever happens to the file. */
interface Chosen {
  name: string;
  bytes: ArrayBuffer;
}

/** How many faults are shown at a time. */
const SHOWN = 50;

export function TableImport({ noun, form, title, lists, onClose, children }: Props) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const looking = useMutation({ mutationFn: (table: Chosen) => importTable(noun, table.bytes, true) });
  const taking = useMutation({
    mutationFn: (table: Chosen) => importTable(noun, table.bytes, false),
    onSuccess: (answer) => {
      if (!answer.kept) return;
      for (const key of lists) void queries.invalidateQueries({ queryKey: [key] });
      toast(t`Đã nhập bảng: thêm ${answer.added} dòng, sửa ${answer.changed} dòng.`);
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
  const news = answer !== null && answer.refused === 0 ? answer.added + answer.changed : 0;
  const isBusy = looking.isPending || taking.isPending;
  return (
    <Modal
      title={title}
      onClose={onClose}
      holdsWork
      actions={
        <>
          <CloseButton onClose={onClose} />
          <button
            type="button"
            className={news > 0 ? "btn" : "btn primary"}
            data-act="choose-file"
            disabled={isBusy}
            onClick={() => input.current?.click()}
          >
            <FileSpreadsheet /> {chosen ? <Trans>Chọn lại tệp</Trans> : <Trans>Chọn tệp</Trans>}
          </button>
          {news > 0 && chosen && (
            <button
              type="button"
              className="btn primary"
              data-act="take"
              disabled={isBusy}
              onClick={() => taking.mutate(chosen)}
            >
              <Plural value={news} one="Nhập # dòng" other="Nhập # dòng" />
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
        aria-label={t`Tệp bảng`}
        accept=".xlsx,.ods,.csv"
        onChange={(event) => {
          void take(event.target.files?.[0]);
          // The same file may be chosen again once it was mended.
          event.target.value = "";
        }}
      />
      {!chosen && (
        <>
          {children}
          <p className="t2">
            <Trans>
              Dòng đầu là tên cột. Cột nào bảng không có thì phần ấy giữ nguyên; ô để trống là bỏ đi. Nhận tệp Excel
              (.xlsx), .ods và .csv.
            </Trans>
          </p>
          <p className="t2">
            <Trans>Khuê xem thử cả bảng trước, chưa ghi gì. Còn một dòng sai thì không nhập dòng nào.</Trans>
          </p>
          <p>
            <a href={templateUrl(form)} download={`${noun}.csv`} className="btn">
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
        {taking.isPending && <Trans>Đang nhập…</Trans>}
        {answer && !isBusy && <Result answer={answer} />}
      </div>
      {error && !isBusy && (
        <Problem error={error}>
          <ImportError error={error} form={form} />
        </Problem>
      )}
      {answer && !isBusy && answer.faults.length > 0 && (
        <Faults key={answer.rows} form={form} faults={answer.faults} refused={answer.refused} />
      )}
    </Modal>
  );
}

function Result({ answer }: { answer: ImportAnswer }) {
  const { rows, refused, added, changed } = answer;
  const same = rows - added - changed;
  if (rows === 0)
    return (
      <div className="note warnn">
        <TriangleAlert aria-hidden />
        <span>
          <Trans>Bảng không có dòng nào dưới tên cột.</Trans>
        </span>
      </div>
    );
  if (refused > 0)
    return (
      <div className="note warnn" data-result="bad">
        <TriangleAlert aria-hidden />
        <span>
          <Trans>
            {refused} trong {rows} dòng chưa đúng, nên chưa nhập dòng nào. Sửa những chỗ dưới đây trong bảng rồi chọn
            lại tệp.
          </Trans>
        </span>
      </div>
    );
  if (added + changed === 0)
    return (
      <div className="note" data-result="same">
        <Info aria-hidden />
        <span>
          <Trans>Bảng giống hệt những gì đang có, không có gì để nhập.</Trans>
        </span>
      </div>
    );
  return (
    <div className="note okn" data-result="good">
      <CircleCheck aria-hidden />
      <span>
        <Plural value={rows} one="Cả # dòng đều đúng:" other="Cả # dòng đều đúng:" />{" "}
        <Trans>
          thêm mới {added}, sửa {changed}, giữ nguyên {same}.
        </Trans>
      </span>
    </div>
  );
}

function Faults({ form, faults, refused }: { form: TableForm; faults: readonly ImportFault[]; refused: number }) {
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
            const column = fault.field == null ? undefined : form.columns[fault.field];
            const cure = cureOf(form, fault.field ?? null);
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

function ImportError({ error, form }: { error: Error; form: TableForm }) {
  if (!(error instanceof ApiError)) return null;
  switch (error.code) {
    case "invalid":
      return (
        <Trans>
          Không đọc được tệp này thành bảng. Dòng đầu cần có các cột {neededNames(form)}, mỗi cột một lần; tệp là .xlsx,
          .ods hoặc .csv.
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
