/** Noting that whoever asked has what was handed over. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { receiveDataRequest } from "../../api/datarequests";
import { dataRequestsQuery } from "../../api/queries";
import type { DataRequest } from "../../api/types";
import { Problem } from "../../desk/Problem";
import { TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";

export function ReceiptDialog({ one, onClose }: { one: DataRequest; onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [name, setName] = useState("");
  const noting = useMutation({
    mutationFn: () => receiveDataRequest(one.id, name.trim()),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: dataRequestsQuery.queryKey });
      toast(t`Đã ghi biên nhận.`);
      onClose();
    },
  });
  return (
    <FormModal
      title={<Trans>Ghi biên nhận văn bản {one.letter.number}</Trans>}
      onClose={onClose}
      className="rightsform"
      submit={<Trans>Ghi đã nhận</Trans>}
      disabled={noting.isPending || name.trim() === ""}
      onSubmit={() => noting.mutate()}
    >
      <TextField
        label={<Trans>Người nhận</Trans>}
        help={<Trans>Họ tên, chức vụ người của cơ quan yêu cầu đã nhận bản sao.</Trans>}
        required
        name="received_by"
        maxLength={200}
        autoFocus
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      {noting.error && <Problem error={noting.error} />}
    </FormModal>
  );
}
