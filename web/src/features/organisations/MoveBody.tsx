/** Moving a body below another: what is its own goes with it. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { ApiError } from "../../api/error";
import { changeOrganisation } from "../../api/organisations";
import type { Organisation } from "../../api/types";
import { bodyChoices, hasEnded, isWithin } from "../../desk/bodies";
import { Problem } from "../../desk/Problem";
import { Chooser } from "../../ui/Chooser";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";

interface Props {
  body: Organisation;
  bodies: readonly Organisation[];
  onClose: () => void;
}

export function MoveBody({ body, bodies, onClose }: Props) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [parent, setParent] = useState(body.parent ?? "");
  const choices = useMemo(
    () => bodyChoices(bodies, (one) => !hasEnded(one) && !isWithin(bodies, one.id, body.id)),
    [bodies, body.id],
  );
  const moving = useMutation({
    mutationFn: () => changeOrganisation(body.id, { parent: parent || null }),
    onSuccess: () => {
      for (const key of ["organisations", "tree", "cameras", "grants"])
        void queries.invalidateQueries({ queryKey: [key] });
      toast(t`Đã chuyển ${body.name}.`);
      onClose();
    },
  });
  const isWrong = moving.error instanceof ApiError && moving.error.field === "parent";
  const submit = () => {
    moving.mutate();
  };
  return (
    <FormModal
      title={<Trans>Chuyển {body.name}</Trans>}
      onClose={onClose}
      className="placeform"
      submit={<Trans>Chuyển</Trans>}
      act="move"
      disabled={moving.isPending || parent === (body.parent ?? "")}
      onSubmit={submit}
    >
      <p className="t2">
        <Trans>
          Đơn vị trực thuộc, địa điểm và camera đi theo. Ai được cấp quyền với đơn vị trên mới sẽ thấy các camera này;
          ai chỉ được cấp với đơn vị trên cũ thì không còn thấy.
        </Trans>
      </p>
      <Chooser
        label={<Trans>Thuộc đơn vị</Trans>}
        error={isWrong && <Trans>Không thể đặt dưới chính nó hoặc dưới đơn vị đã kết thúc.</Trans>}
        name="parent"
        value={parent}
        choices={choices}
        none={t`Không thuộc đơn vị nào`}
        onChange={setParent}
      />
      {moving.error && !isWrong && <Problem error={moving.error} />}
    </FormModal>
  );
}
