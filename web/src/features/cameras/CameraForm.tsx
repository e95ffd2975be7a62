/** Adding or changing a camera: try the address first, in words what came of it, then save. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { CircleCheck, RefreshCw } from "lucide-react";
import { type FormEvent, useId, useState } from "react";
import { addCamera, changeCamera, probe } from "../../api/client";
import { ApiError } from "../../api/error";
import { cameraQuery, treeQuery } from "../../api/queries";
import type { CameraDetail, CameraWrite, Transport, Tree } from "../../api/types";
import { Problem } from "../../desk/Problem";
import { codecName, faultWords, isFault } from "../../desk/words";
import { decimal } from "../../lib/figures";
import { SelectField, TextField } from "../../ui/Field";
import { SidePanel } from "../../ui/SidePanel";
import { toast } from "../../ui/toast";

interface Props {
  /** Null to add one. */
  id: string | null;
  tree: Tree;
  onClose: () => void;
}

export function CameraForm({ id, tree, onClose }: Props) {
  const { data, error } = useQuery({ ...cameraQuery(id ?? ""), enabled: id !== null });
  if (id === null || data) return <Fields camera={data ?? null} tree={tree} onClose={onClose} />;
  // A short wait shows nothing rather than a panel that changes at once.
  if (!error) return null;
  return (
    <SidePanel title={<Trans>Sửa camera</Trans>} onClose={onClose} wide>
      <Problem error={error} />
    </SidePanel>
  );
}

function Fields({ camera, tree, onClose }: { camera: CameraDetail | null; tree: Tree; onClose: () => void }) {
  const { t, i18n } = useLingui();
  const queries = useQueryClient();
  const formId = useId();
  const soundHelp = useId();
  const [form, setForm] = useState<Form>({
    url: camera?.url ?? "",
    sub_url: camera?.sub_url ?? "",
    user: camera?.user ?? "",
    password: "",
    name: camera?.name ?? "",
    number: String(camera?.number ?? nextNumber(tree)),
    site: camera?.site ?? tree.sites[0]?.id ?? "",
    recording: camera?.recording ?? true,
    sound: camera?.sound ?? false,
    transport: camera?.transport ?? "auto",
  });
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });

  const trying = useMutation({
    mutationFn: () =>
      probe({
        url: form.url.trim(),
        ...(form.user ? { user: form.user } : {}),
        ...(form.password ? { password: form.password } : {}),
      }),
  });
  const saving = useMutation({
    mutationFn: () => (camera ? changeCamera(camera.id, body(form, camera)) : addCamera(body(form, null))),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: treeQuery.queryKey });
      // A form that is opened again begins with what is now, not with what it knew.
      if (camera) queries.removeQueries({ queryKey: cameraQuery(camera.id).queryKey });
      toast(camera ? t`Đã lưu camera ${form.number}.` : t`Đã thêm camera ${form.number}. Khuê bắt đầu ghi ngay.`);
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  // The stored password never leaves the server, so it cannot be tried from here.
  const needsPassword = camera?.has_password === true && form.password === "";
  const refusal = saving.error instanceof ApiError ? saving.error : null;
  const fault = trying.error instanceof ApiError ? trying.error : null;
  const wrongAddress = t`Địa chỉ này không dùng được. Địa chỉ bắt đầu bằng rtsp:// và không chứa mật khẩu.`;
  const ownWords = (error: Error) => {
    if (!(error instanceof ApiError)) return null;
    if (isFault(error.code)) return t(faultWords(error.code));
    return error.field === "url" ? wrongAddress : null;
  };
  const wrongField = (field: string) => refusal?.field === field;
  const whole = form.url.trim() !== "" && form.name.trim() !== "" && /^\d{1,7}$/.test(form.number) && form.site !== "";

  return (
    <SidePanel
      title={camera ? <Trans>Sửa camera</Trans> : <Trans>Thêm camera</Trans>}
      onClose={onClose}
      wide
      actions={
        <>
          <button type="button" className="btn ghost" onClick={onClose}>
            <Trans>Để sau</Trans>
          </button>
          <button
            type="submit"
            form={formId}
            className="btn primary"
            disabled={!whole || saving.isPending}
            data-act="save"
          >
            {camera ? <Trans>Lưu</Trans> : <Trans>Thêm camera</Trans>}
          </button>
        </>
      }
    >
      <form id={formId} className="formbox" onSubmit={submit}>
        <TextField
          label={<Trans>Địa chỉ luồng hình</Trans>}
          required
          name="url"
          value={form.url}
          onChange={(e) => {
            set({ url: e.target.value });
            trying.reset();
          }}
          placeholder="rtsp://192.168.10.21:554/main"
          spellCheck={false}
          autoCapitalize="none"
          autoFocus={camera === null}
          error={wrongField("url") ? wrongAddress : undefined}
        />
        <div className="two">
          <TextField
            label={<Trans>Tên đăng nhập của camera</Trans>}
            name="user"
            value={form.user}
            onChange={(e) => set({ user: e.target.value })}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
          />
          <TextField
            label={<Trans>Mật khẩu</Trans>}
            name="password"
            type="password"
            value={form.password}
            onChange={(e) => set({ password: e.target.value })}
            autoComplete="new-password"
            placeholder={camera ? t`giữ mật khẩu cũ` : ""}
            error={fault?.code === "wrong_credentials" ? t`Camera từ chối tên hoặc mật khẩu này.` : undefined}
          />
        </div>
        <div className="row">
          <button
            type="button"
            className="btn"
            data-act="probe"
            disabled={form.url.trim() === "" || needsPassword || trying.isPending}
            onClick={() => trying.mutate()}
          >
            <RefreshCw /> {trying.isPending ? <Trans>Đang thử…</Trans> : <Trans>Thử kết nối</Trans>}
          </button>
          {needsPassword && (
            <span className="small t3">
              <Trans>Nhập lại mật khẩu của camera để thử.</Trans>
            </span>
          )}
        </div>
        {trying.data && (
          <div className="note okn" role="status">
            <CircleCheck aria-hidden />
            <span>
              <Trans>
                Có hình: {trying.data.width} × {trying.data.height}, {codecName(trying.data.codec)}
              </Trans>
              {trying.data.fps ? <Trans>, {decimal(trying.data.fps, 0, i18n.locale)} hình/giây</Trans> : null}
            </span>
          </div>
        )}
        {trying.error && fault?.code !== "wrong_credentials" && (
          <Problem error={trying.error}>{ownWords(trying.error)}</Problem>
        )}
        <TextField
          label={<Trans>Địa chỉ luồng phụ</Trans>}
          name="sub_url"
          value={form.sub_url}
          onChange={(e) => set({ sub_url: e.target.value })}
          placeholder="rtsp://192.168.10.21:554/sub"
          spellCheck={false}
          autoCapitalize="none"
          help={<Trans>Hình nhỏ, dùng cho ô nhỏ và điện thoại. Có thể để trống.</Trans>}
          error={wrongField("sub_url") ? t`Địa chỉ này không dùng được.` : undefined}
        />
        <div className="two narrowfirst">
          <TextField
            label={<Trans>Số</Trans>}
            required
            name="number"
            inputMode="numeric"
            value={form.number}
            onChange={(e) => set({ number: e.target.value.replace(/\D/g, "").slice(0, 7) })}
            error={wrongField("number") ? t`Số này đã có camera khác dùng.` : undefined}
          />
          <TextField
            label={<Trans>Tên</Trans>}
            required
            name="name"
            value={form.name}
            onChange={(e) => set({ name: e.target.value })}
            maxLength={120}
            placeholder={t`Hướng Tràng Tiền`}
            error={wrongField("name") ? t`Tên này không dùng được.` : undefined}
          />
        </div>
        <SelectField
          label={<Trans>Địa điểm</Trans>}
          required
          name="site"
          value={form.site}
          onChange={(e) => set({ site: e.target.value })}
          error={
            tree.sites.length === 0 ? t`Chưa có địa điểm nào. Thêm địa điểm bằng lệnh khue trên máy chủ.` : undefined
          }
        >
          {tree.organisations.map((organisation) => {
            const sites = tree.sites.filter((s) => s.organisation === organisation.id);
            return (
              sites.length > 0 && (
                <optgroup key={organisation.id} label={organisation.name}>
                  {sites.map((site) => (
                    <option key={site.id} value={site.id}>
                      {site.name}
                    </option>
                  ))}
                </optgroup>
              )
            );
          })}
        </SelectField>
        <label className="checkrow">
          <input type="checkbox" checked={form.recording} onChange={(e) => set({ recording: e.target.checked })} />
          <Trans>Ghi hình camera này</Trans>
        </label>
        <div className="col">
          <label className="checkrow">
            <input
              type="checkbox"
              name="sound"
              checked={form.sound}
              aria-describedby={soundHelp}
              onChange={(e) => set({ sound: e.target.checked })}
            />
            <Trans>Lấy cả tiếng của camera này</Trans>
          </label>
          <p id={soundHelp} className="small t3">
            <Trans>
              Chỉ đánh dấu khi đã có quyết định cho phép ghi âm ở đây. Không đánh dấu thì Khuê không xin tiếng từ
              camera, không ghi và không ai nghe được.
            </Trans>
          </p>
        </div>
        <SelectField
          label={<Trans>Đường truyền từ camera</Trans>}
          name="transport"
          value={form.transport}
          onChange={(e) => set({ transport: e.target.value as Transport })}
          help={<Trans>Để tự chọn, trừ khi camera hoặc đường mạng chỉ đi được một đường.</Trans>}
        >
          <option value="auto">{t`Tự chọn`}</option>
          <option value="tcp">TCP</option>
          <option value="udp">UDP</option>
        </SelectField>
        {saving.error && !refusal?.field && <Problem error={saving.error}>{ownWords(saving.error)}</Problem>}
      </form>
    </SidePanel>
  );
}

interface Form {
  url: string;
  sub_url: string;
  user: string;
  password: string;
  name: string;
  number: string;
  site: string;
  recording: boolean;
  sound: boolean;
  transport: Transport;
}

function body(form: Form, before: CameraDetail | null): CameraWrite {
  const { sound, transport } = form;
  return {
    // What is as it was, or as it is when nothing is said, is not said.
    ...(sound !== (before?.sound ?? false) && { sound }),
    ...(transport !== (before?.transport ?? "auto") && { transport }),
    url: form.url.trim(),
    sub_url: form.sub_url.trim() || null,
    user: form.user.trim() || null,
    // Nothing typed keeps the password that is there.
    ...(form.password ? { password: form.password } : {}),
    name: form.name.trim(),
    number: Number(form.number),
    site: form.site,
    recording: form.recording,
  };
}

function nextNumber(tree: Tree): number {
  return tree.cameras.reduce((most, c) => Math.max(most, c.number), 0) + 1;
}
