/**
 * Names and passwords with which another program watches one camera by RTSP:
 * one's own, made and revoked here. A password is shown once, when it is made.
 */
import { Plural, Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { streamSecretsQuery } from "../../api/queries";
import { makeStreamSecret, revokeStreamSecret } from "../../api/secrets";
import type { CameraRow, SecretAnswer, StreamSecret } from "../../api/types";
import { Problem } from "../../desk/Problem";
import { date } from "../../lib/time";
import { SelectField, TextField } from "../../ui/Field";
import { CloseButton, Modal } from "../../ui/Modal";
import { Told } from "../../ui/Told";
import { toast } from "../../ui/toast";
import "./rtspout.css";

const DAYS = [1, 7, 30, 90, 365];

export function RtspOut({ camera, onClose }: { camera: CameraRow; onClose: () => void }) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const form = useId();
  const { data, error } = useQuery(streamSecretsQuery);
  const mine = (data ?? []).filter((secret) => secret.camera === camera.id);
  const [label, setLabel] = useState("");
  const [days, setDays] = useState("30");
  const [number, setNumber] = useState("");
  // Only where something could be heard is there something to say it for.
  const hears = camera.sound === true && camera.may.sound === true;
  const [made, setMade] = useState<SecretAnswer | null>(null);
  const changed = () => void queries.invalidateQueries({ queryKey: streamSecretsQuery.queryKey });

  const making = useMutation({
    mutationFn: () =>
      makeStreamSecret({
        camera: camera.id,
        label: label.trim(),
        ...(days !== "" && { days: Number(days) }),
        ...(number.trim() !== "" && { case: number.trim() }),
      }),
    onSuccess: (answer) => {
      setMade(answer);
      setLabel("");
      changed();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (label.trim() !== "") making.mutate();
  };

  return (
    <Modal
      title={<Trans>RTSP ra ngoài: camera {camera.number}</Trans>}
      onClose={onClose}
      holdsWork
      actions={<CloseButton onClose={onClose}>{t`Đóng`}</CloseButton>}
    >
      <p className="t2">
        <Trans>
          Chương trình hoặc thiết bị khác xem trực tiếp camera này qua RTSP, bằng tên và mật khẩu tạo ở đây. Mỗi nơi một
          mật khẩu, để thu hồi được từng nơi.
        </Trans>
      </p>
      {made && (
        <Told
          key={made.id}
          values={[
            { name: <Trans>Tên</Trans>, value: made.user, what: "user" },
            { name: <Trans>Mật khẩu</Trans>, value: made.password, what: "password" },
            ...made.urls.map((url) => ({ name: <Trans>Địa chỉ</Trans>, value: url, what: "url" })),
          ]}
        />
      )}
      <form id={form} className="rtspform" onSubmit={submit}>
        <TextField
          label={<Trans>Dùng ở đâu</Trans>}
          required
          name="label"
          value={label}
          onChange={(e) => setLabel(e.target.value)}
          maxLength={80}
          placeholder={t`Màn hình phòng họp`}
        />
        <SelectField label={<Trans>Hạn dùng</Trans>} name="days" value={days} onChange={(e) => setDays(e.target.value)}>
          {DAYS.map((count) => (
            <option key={count} value={count}>
              <DaysWords count={count} />
            </option>
          ))}
          <option value="">{t`Không hạn`}</option>
        </SelectField>
        {hears && (
          <TextField
            label={<Trans>Số hồ sơ, nếu nơi đó được nghe tiếng</Trans>}
            help={<Trans>Quy định đòi số hồ sơ khi nghe tiếng. Để trống thì chỉ có hình.</Trans>}
            name="case"
            value={number}
            onChange={(e) => setNumber(e.target.value)}
            maxLength={100}
          />
        )}
        <button
          type="submit"
          className={made ? "btn" : "btn primary"}
          data-act="make-secret"
          disabled={label.trim() === "" || making.isPending}
        >
          <KeyRound /> <Trans>Tạo mật khẩu</Trans>
        </button>
      </form>
      {making.error && <Problem error={making.error} />}
      <section className="col rtsplist">
        <h3>
          <Trans>Đang dùng</Trans>
        </h3>
        {error && <Problem error={error} />}
        {data && mine.length === 0 && (
          <p className="t3">
            <Trans>Bạn chưa tạo mật khẩu RTSP nào cho camera này.</Trans>
          </p>
        )}
        <ul>
          {mine.map((secret) => (
            <Row key={secret.id} secret={secret} onGone={changed} />
          ))}
        </ul>
      </section>
    </Modal>
  );
}

function DaysWords({ count }: { count: number }) {
  return <Plural value={count} one="# ngày" other="# ngày" />;
}

function Row({ secret, onGone }: { secret: StreamSecret; onGone: () => void }) {
  const { t } = useLingui();
  const [sure, setSure] = useState(false);
  const revoking = useMutation({
    mutationFn: () => revokeStreamSecret(secret.id),
    onSuccess: () => {
      toast(t`Đã thu hồi mật khẩu của "${secret.label}".`);
      onGone();
    },
  });
  const end = secret.expires_us == null ? null : date(secret.expires_us);
  return (
    <li className="rtsprow" data-secret={secret.id}>
      <div className="grow">
        <div className="strong clip">{secret.label}</div>
        <div className="small t3">
          {secret.user} · {end === null ? t`không hạn` : t`đến ${end}`}
          {secret.case && (
            <>
              {" · "}
              <Trans>hồ sơ {secret.case}</Trans>
            </>
          )}
        </div>
        {sure && (
          <div className="small t2">
            <Trans>Nơi đang xem bằng mật khẩu này bị ngắt ngay.</Trans>
          </div>
        )}
        {revoking.error && <Problem error={revoking.error} />}
      </div>
      {sure ? (
        <>
          <button type="button" className="btn ghost s" onClick={() => setSure(false)}>
            <Trans>Giữ</Trans>
          </button>
          <button
            type="button"
            className="btn s"
            data-act="revoke"
            disabled={revoking.isPending}
            onClick={() => revoking.mutate()}
          >
            <Trans>Thu hồi</Trans>
          </button>
        </>
      ) : (
        <button type="button" className="btn s" data-act="ask-revoke" onClick={() => setSure(true)}>
          <Trans>Thu hồi…</Trans>
        </button>
      )}
    </li>
  );
}
