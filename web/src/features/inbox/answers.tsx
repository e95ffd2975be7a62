/** Answering what waits: a yes or a no, with what is to be said to it. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { answerApproval } from "../../api/approvals";
import { decideDataRequest } from "../../api/datarequests";
import { reviewEmergency } from "../../api/emergencies";
import { ApiError } from "../../api/error";
import { approvalsQuery, dataRequestsQuery, emergenciesQuery } from "../../api/queries";
import type { Approval, DataRequest, Emergency } from "../../api/types";
import { Problem } from "../../desk/Problem";
import { TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";

interface AnswerProps {
  title: ReactNode;
  /** What comes of it. */
  children: ReactNode;
  label: ReactNode;
  /** Whether something must be said. */
  required: boolean;
  act: ReactNode;
  done: string;
  stale: readonly unknown[];
  onAnswer: (note: string) => Promise<unknown>;
  onClose: () => void;
}

function Answer({ title, children, label, required, act, done, stale, onAnswer, onClose }: AnswerProps) {
  const queries = useQueryClient();
  const [note, setNote] = useState("");
  const answering = useMutation({
    mutationFn: () => onAnswer(note.trim()),
    onSuccess: () => {
      toast(done);
      onClose();
    },
    onSettled: () => queries.invalidateQueries({ queryKey: stale }),
  });
  const submit = () => {
    answering.mutate();
  };
  const refused = answering.error instanceof ApiError ? answering.error : null;
  return (
    <FormModal
      title={title}
      onClose={onClose}
      className="rightsform"
      submit={act}
      act="sure"
      grave
      disabled={answering.isPending || (required && note.trim().length < 3)}
      onSubmit={submit}
    >
      <p>{children}</p>
      <TextField
        label={label}
        error={refused?.field === "note" && <Trans>Ghi rõ hơn, dưới 200 chữ.</Trans>}
        required={required}
        name="note"
        maxLength={200}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
      {answering.error && refused?.field !== "note" && (
        <Problem error={answering.error}>
          {refused?.code === "taken" && <Trans>Việc này đã có người trả lời, hoặc là việc của chính bạn.</Trans>}
        </Problem>
      )}
    </FormModal>
  );
}

interface Props<T> {
  one: T;
  yes: boolean;
  onClose: () => void;
}

export function ApprovalAnswer({ one, yes, onClose }: Props<Approval>) {
  const { t } = useLingui();
  return (
    <Answer
      title={yes ? <Trans>Đồng ý cho trích xuất?</Trans> : <Trans>Từ chối trích xuất?</Trans>}
      label={yes ? <Trans>Ghi chú</Trans> : <Trans>Lý do từ chối</Trans>}
      required={!yes}
      act={yes ? <Trans>Đồng ý</Trans> : <Trans>Từ chối</Trans>}
      done={yes ? t`Đã đồng ý. Người xin trích xuất được báo.` : t`Đã từ chối.`}
      stale={approvalsQuery.queryKey}
      onAnswer={(note) => answerApproval(one.id, yes, note)}
      onClose={onClose}
    >
      {yes ? (
        <Trans>
          Người xin trích xuất được đúng đoạn này trong thời hạn của quy định. Tên bạn được ghi vào nhật ký.
        </Trans>
      ) : (
        <Trans>Người xin sẽ thấy lý do. Tên bạn được ghi vào nhật ký.</Trans>
      )}
    </Answer>
  );
}

export function EmergencyReview({ one, yes, onClose }: Props<Emergency>) {
  const { t } = useLingui();
  return (
    <Answer
      title={
        yes ? (
          <Trans>Xác nhận việc mở khẩn cấp là chính đáng?</Trans>
        ) : (
          <Trans>Xác nhận việc mở khẩn cấp không chính đáng?</Trans>
        )
      }
      label={<Trans>Nhận xét</Trans>}
      required
      act={<Trans>Ghi nhận xét</Trans>}
      done={t`Đã ghi nhận xét.`}
      stale={emergenciesQuery.queryKey}
      onAnswer={(note) => reviewEmergency(one.id, yes, note)}
      onClose={onClose}
    >
      <Trans>Nhận xét đứng cạnh việc này mãi mãi và được ghi vào nhật ký cùng tên bạn. Không sửa được về sau.</Trans>
    </Answer>
  );
}

export function DataRequestDecision({ one, yes, onClose }: Props<DataRequest>) {
  const { t } = useLingui();
  return (
    <Answer
      title={
        yes ? (
          <Trans>Đồng ý cung cấp theo văn bản {one.letter.number}?</Trans>
        ) : (
          <Trans>Từ chối văn bản {one.letter.number}?</Trans>
        )
      }
      label={yes ? <Trans>Ghi chú</Trans> : <Trans>Lý do từ chối</Trans>}
      required={!yes}
      act={yes ? <Trans>Đồng ý</Trans> : <Trans>Từ chối</Trans>}
      done={yes ? t`Đã đồng ý. Người vào sổ làm bản sao được.` : t`Đã từ chối.`}
      stale={dataRequestsQuery.queryKey}
      onAnswer={(note) => decideDataRequest(one.id, yes, note)}
      onClose={onClose}
    >
      {yes ? (
        <Trans>Người có quyền trích xuất làm bản sao của đúng camera và đúng đoạn trong văn bản.</Trans>
      ) : (
        <Trans>Không bản sao nào được làm. Lý do được lưu cùng văn bản.</Trans>
      )}
    </Answer>
  );
}
