/** What programs ask by in one's own name: making, listing, revoking. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { ApiError } from "../../api/error";
import { apiTokensQuery, sessionQuery } from "../../api/queries";
import { makeApiToken, revokeApiToken } from "../../api/tokens";
import type { ApiToken, ApiTokenAnswer, User } from "../../api/types";
import { Problem } from "../../desk/Problem";
import { date, dateTime } from "../../lib/time";
import { SelectField, TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { Modal } from "../../ui/Modal";
import { Told } from "../../ui/Told";
import { toast } from "../../ui/toast";
import { Section } from "./Section";

/** What a token can open, and of whom it is offered: more than its owner may, it never opens. */
const SCOPES: readonly { scope: string; of: readonly User["role"][] }[] = [
  { scope: "cameras:read", of: ["administrator", "operator"] },
  { scope: "cameras:write", of: ["administrator"] },
  { scope: "people:read", of: ["administrator"] },
  { scope: "people:write", of: ["administrator"] },
  { scope: "people:provision", of: ["administrator"] },
  { scope: "holds:read", of: ["administrator", "operator"] },
  { scope: "holds:write", of: ["operator"] },
  { scope: "audit:read", of: ["auditor"] },
  { scope: "status:read", of: ["administrator", "operator", "auditor"] },
];

function useScopeWords(): Record<string, string> {
  const { t } = useLingui();
  return {
    "cameras:read": t`Đọc danh sách và tình trạng camera, không có hình`,
    "cameras:write": t`Thêm, sửa, xóa camera`,
    "people:read": t`Đọc danh sách người dùng`,
    "people:write": t`Thêm, sửa người dùng, kể cả người quản trị`,
    "people:provision": t`Thêm, chuyển, ngừng người dùng và nhóm theo danh bạ (SCIM)`,
    "holds:read": t`Đọc các đoạn hình được giữ lại`,
    "holds:write": t`Giữ lại và bỏ giữ`,
    "audit:read": t`Đọc nhật ký`,
    "status:read": t`Đọc tình trạng hệ thống`,
  };
}

export function TokensSection() {
  const { t } = useLingui();
  const queries = useQueryClient();
  const { data: tokens, error } = useQuery(apiTokensQuery);
  const [adding, setAdding] = useState(false);
  const anew = () => void queries.invalidateQueries({ queryKey: apiTokensQuery.queryKey });
  const revoking = useMutation({
    mutationFn: (token: ApiToken) => revokeApiToken(token.id),
    onSuccess: () => toast(t`Đã thu hồi mã truy cập.`),
    onSettled: anew,
  });
  const words = useScopeWords();
  const problem = error ?? revoking.error;
  return (
    <Section title={<Trans>Mã truy cập cho chương trình</Trans>}>
      <p className="t2">
        <Trans>
          Một chương trình dùng mã này để hỏi hệ thống thay bạn, trong những quyền bạn chọn. Không mã nào xem được hình
          hay đổi được cách đăng nhập.
        </Trans>
      </p>
      {tokens && tokens.length > 0 && (
        <ul className="devices">
          {tokens.map((token) => (
            <li key={token.id} data-token={token.name}>
              <div className="grow">
                <div className="strong">{token.name}</div>
                <div className="small t2">{token.scopes.map((scope) => words[scope] ?? scope).join(" · ")}</div>
                <div className="small t3">
                  <Trans>Hết hạn {date(token.expires_us)}</Trans>
                  {" · "}
                  {token.used_us ? <Trans>dùng lần cuối {dateTime(token.used_us)}</Trans> : <Trans>chưa dùng</Trans>}
                </div>
              </div>
              <button
                type="button"
                className="btn s"
                data-act="revoke"
                disabled={revoking.isPending}
                aria-label={t`Thu hồi ${token.name}`}
                onClick={() => revoking.mutate(token)}
              >
                <Trash2 /> <Trans>Thu hồi</Trans>
              </button>
            </li>
          ))}
        </ul>
      )}
      {problem && <Problem error={problem} />}
      <div className="row">
        <button type="button" className="btn" data-act="add-token" onClick={() => setAdding(true)}>
          <Plus /> <Trans>Cấp mã truy cập</Trans>
        </button>
      </div>
      {adding && <TokenForm onClose={() => setAdding(false)} onMade={anew} />}
    </Section>
  );
}

function TokenForm({ onClose, onMade }: { onClose: () => void; onMade: () => void }) {
  const { t } = useLingui();
  const words = useScopeWords();
  const { data: session } = useQuery(sessionQuery);
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [scopes, setScopes] = useState<readonly string[]>([]);
  const [made, setMade] = useState<ApiTokenAnswer | null>(null);
  const making = useMutation({
    mutationFn: () => makeApiToken({ name, scopes: [...scopes], days: Number(days) }),
    onSuccess: (answer) => {
      setMade(answer);
      onMade();
    },
  });
  const submit = () => {
    making.mutate();
  };
  const toggle = (scope: string) =>
    setScopes(scopes.includes(scope) ? scopes.filter((one) => one !== scope) : [...scopes, scope]);
  const role = session?.user.role;
  const offered = SCOPES.filter(({ of }) => role && of.includes(role));
  if (made)
    return (
      <Modal
        title={<Trans>Mã truy cập của {name}</Trans>}
        onClose={onClose}
        holdsWork
        actions={
          <button type="button" className="btn primary" onClick={onClose}>
            <Trans>Đã chép xong</Trans>
          </button>
        }
      >
        <Told values={[{ name: t`Mã truy cập`, value: made.token, what: "token" }]}>
          <Trans>Chép lại ngay: mã truy cập chỉ hiện một lần.</Trans>
        </Told>
      </Modal>
    );
  return (
    <FormModal
      title={<Trans>Mã truy cập mới</Trans>}
      onClose={onClose}
      className="setup"
      submit={<Trans>Cấp mã</Trans>}
      act="make-token"
      disabled={making.isPending || name.trim() === "" || scopes.length === 0}
      onSubmit={submit}
    >
      <TextField
        label={<Trans>Chương trình nào</Trans>}
        help={<Trans>Nhật ký ghi tên này mỗi khi chương trình làm việc gì.</Trans>}
        name="token-name"
        required
        maxLength={100}
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <fieldset className="col scopes">
        <legend>
          <Trans>Được làm gì</Trans>
        </legend>
        {offered.map(({ scope }) => (
          <label key={scope} className="row">
            <input type="checkbox" name={scope} checked={scopes.includes(scope)} onChange={() => toggle(scope)} />
            <span>{words[scope]}</span>
          </label>
        ))}
      </fieldset>
      <SelectField
        label={<Trans>Có hiệu lực</Trans>}
        name="days"
        value={days}
        onChange={(event) => setDays(event.target.value)}
      >
        <option value="30">{t`30 ngày`}</option>
        <option value="90">{t`90 ngày`}</option>
        <option value="365">{t`một năm`}</option>
      </SelectField>
      {making.error && (
        <Problem error={making.error}>
          {making.error instanceof ApiError &&
            making.error.code === "busy" &&
            t`Bạn đã có 50 mã truy cập. Thu hồi một mã không dùng nữa.`}
        </Problem>
      )}
    </FormModal>
  );
}
