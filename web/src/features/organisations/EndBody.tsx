/** Ending a body: its last day, who comes after it, and to whom what it has goes. It stays as history. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ApiError } from "../../api/error";
import { changeOrganisation } from "../../api/organisations";
import type { Organisation } from "../../api/types";
import { bodyChoices, hasEnded, isWithin } from "../../desk/bodies";
import { Problem } from "../../desk/Problem";
import { serverNowUs } from "../../lib/serverclock";
import { isoDay } from "../../lib/time";
import { Chooser } from "../../ui/Chooser";
import { TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";
import { ManyBodies } from "./ManyBodies";

interface Props {
  body: Organisation;
  bodies: readonly Organisation[];
  /** Whether it has no unit and no site of its own; of cameras only the server knows. */
  isEmpty: boolean;
  onClose: () => void;
}

export function EndBody({ body, bodies, isEmpty, onClose }: Props) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [until, setUntil] = useState(isoDay(serverNowUs()));
  const [successors, setSuccessors] = useState<string[]>(body.successors);
  const [moveTo, setMoveTo] = useState<string | null>(null);
  const takers = useMemo(
    () => bodyChoices(bodies, (one) => !hasEnded(one) && !isWithin(bodies, one.id, body.id)),
    [bodies, body.id],
  );
  // Whoever comes after it takes what it has, unless it is said otherwise.
  const heir = successors.find((id) => takers.some((choice) => choice.id === id)) ?? "";
  const to = moveTo ?? heir;
  const ending = useMutation({
    mutationFn: () =>
      changeOrganisation(body.id, { valid_until: until, successors, ...(to !== "" && { move_to: to }) }),
    onSuccess: () => {
      for (const key of ["organisations", "sites", "tree", "cameras", "grants"])
        void queries.invalidateQueries({ queryKey: [key] });
      toast(t`${body.name} đã kết thúc, còn lại trong lịch sử.`);
      onClose();
    },
  });
  const refused = ending.error instanceof ApiError ? ending.error : null;
  const isInUse = refused?.code === "in_use";
  const wrongDay = refused?.field === "valid_until" && !isInUse;
  const isShown = isInUse || wrongDay || ["successors", "move_to"].includes(refused?.field ?? "");
  const submit = () => {
    ending.mutate();
  };
  return (
    <FormModal
      title={<Trans>Kết thúc {body.name}</Trans>}
      onClose={onClose}
      className="placeform"
      submit={<Trans>Kết thúc đơn vị</Trans>}
      act="end"
      disabled={ending.isPending || until === "" || (!isEmpty && to === "")}
      onSubmit={submit}
    >
      <p className="t2">
        <Trans>
          Đơn vị còn lại trong lịch sử và vẫn tìm được, nhưng không nhận thêm đơn vị trực thuộc, địa điểm hay camera
          nào.
        </Trans>
      </p>
      <TextField
        label={<Trans>Ngày cuối</Trans>}
        error={wrongDay && <Trans>Ngày cuối không được ở trước ngày đầu.</Trans>}
        required
        name="valid_until"
        type="date"
        value={until}
        onChange={(event) => setUntil(event.target.value)}
      />
      <ManyBodies
        label={<Trans>Đơn vị kế tiếp</Trans>}
        help={<Trans>Một hay nhiều đơn vị làm tiếp việc của đơn vị này.</Trans>}
        error={refused?.field === "successors" && <Trans>Đơn vị không thể kế tiếp chính mình.</Trans>}
        name="successors"
        bodies={bodies}
        except={body.id}
        value={successors}
        onChange={setSuccessors}
      />
      <Chooser
        label={<Trans>Giao đơn vị trực thuộc, địa điểm, camera cho</Trans>}
        help={<Trans>Quyền cấp theo đơn vị thay đổi theo: ai được cấp với đơn vị nhận sẽ thấy thêm camera.</Trans>}
        error={
          isInUse ? (
            <Trans>Đơn vị còn đơn vị trực thuộc, địa điểm hoặc camera. Chọn nơi nhận.</Trans>
          ) : (
            refused?.field === "move_to" && <Trans>Nơi nhận phải còn hoạt động và không trực thuộc đơn vị này.</Trans>
          )
        }
        required={!isEmpty}
        name="move_to"
        value={to}
        choices={takers}
        {...(isEmpty && { none: t`Không có gì để giao` })}
        onChange={setMoveTo}
      />
      {ending.error && !isShown && <Problem error={ending.error} />}
    </FormModal>
  );
}
