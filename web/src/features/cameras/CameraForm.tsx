/** Adding or changing a camera: try the address first, in words what came of it, then save. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleCheck, RefreshCw } from "lucide-react";
import { type FormEvent, useEffect, useId, useMemo, useState } from "react";
import { addCamera, changeCamera, probe, survey } from "../../api/client";
import { ApiError } from "../../api/error";
import { cameraQuery, organisationsQuery, sitesQuery } from "../../api/queries";
import type {
  CameraDetail,
  CameraWrite,
  ProbeAnswer,
  ProbeAsked,
  SurveyAnswer,
  SurveyedChannel,
  Transport,
} from "../../api/types";
import { siteChoices } from "../../desk/bodies";
import { Problem } from "../../desk/Problem";
import { codecName, deviceWords, faultWords, isFault } from "../../desk/words";
import { decimal } from "../../lib/figures";
import { Chooser } from "../../ui/Chooser";
import { SelectField, TextField } from "../../ui/Field";
import { SidePanel } from "../../ui/SidePanel";
import { toast } from "../../ui/toast";
import { DeviceFound } from "./DeviceFound";
import { besideIt, deviceAddress } from "./device";
import { FindDevices } from "./FindDevices";
import { changeOf, formOf, isSound, ParticularsFields, type ParticularsForm } from "./ParticularsFields";

interface Props {
  /** Null to add one. */
  id: string | null;
  onClose: () => void;
}

export function CameraForm({ id, onClose }: Props) {
  const { data, error } = useQuery({ ...cameraQuery(id ?? ""), enabled: id !== null });
  if (id === null || data) return <Fields camera={data ?? null} onClose={onClose} />;
  // A short wait shows nothing rather than a panel that changes at once.
  if (!error) return null;
  return (
    <SidePanel title={<Trans>Sửa camera</Trans>} onClose={onClose} wide>
      <Problem error={error} />
    </SidePanel>
  );
}

function Fields({ camera, onClose }: { camera: CameraDetail | null; onClose: () => void }) {
  const { t, i18n } = useLingui();
  const queries = useQueryClient();
  const formId = useId();
  const soundHelp = useId();
  const { data: sites } = useQuery(sitesQuery);
  const { data: bodies } = useQuery(organisationsQuery);
  const places = useMemo(() => siteChoices(sites ?? [], bodies ?? []), [sites, bodies]);
  const [form, setForm] = useState<Form>({
    url: camera?.url ?? "",
    sub_url: camera?.sub_url ?? "",
    user: camera?.user ?? "",
    password: "",
    name: camera?.name ?? "",
    number: String(camera?.number ?? ""),
    site: camera?.site ?? "",
    make: camera?.make ?? "",
    retention_days: String(camera?.retention_days ?? USUAL_DAYS),
    class: camera?.class ?? "ordinary",
    recording: camera?.recording ?? true,
    sound: camera?.sound ?? false,
    transport: camera?.transport ?? "auto",
    particulars: formOf(camera?.particulars),
  });
  const set = (change: Partial<typeof form>) => setForm((form) => ({ ...form, ...change }));

  const person = { ...(form.user ? { user: form.user } : {}), ...(form.password ? { password: form.password } : {}) };
  const trying = useMutation({ mutationFn: (urls: readonly string[]) => firstThatShows(urls, person) });
  const device = deviceAddress(form.url);
  const [chosen, setChosen] = useState<number | null>(null);
  // What is done with an answer is said with the question: one that was asked before another, or
  // before somebody typed on, changes nothing any more.
  /** Takes a channel's streams for the camera's, and tries which of its addresses has pictures. */
  const choose = ({ make, model }: SurveyAnswer, channel: SurveyedChannel, at: number) => {
    setChosen(at);
    const known = [make, model].filter((word) => word !== "").join(" ");
    set({
      url: channel.main.urls[0] ?? "",
      sub_url: channel.sub?.urls[0] ?? "",
      ...(known !== "" && { make: known.slice(0, 120) }),
    });
    trying.mutate(channel.main.urls, {
      onSuccess: ({ url }) => set({ url, sub_url: besideIt(url, channel.sub?.urls ?? []) }),
    });
  };
  const asking = useMutation({ mutationFn: (url: string) => survey({ url, ...person }) });
  const ask = (url: string) => {
    trying.reset();
    setChosen(null);
    asking.mutate(url, {
      onSuccess: (found) => {
        const [only] = found.channels;
        if (only && found.channels.length === 1) choose(found, only, 0);
      },
    });
  };
  const isTrying = trying.isPending || asking.isPending;
  const saving = useMutation({
    mutationFn: () => (camera ? changeCamera(camera.id, body(form, camera)) : addCamera(body(form, null))),
    onSuccess: ({ number }) => {
      for (const key of ["cameras", "tree", "status"]) void queries.invalidateQueries({ queryKey: [key] });
      // A form that is opened again begins with what is now, not with what it knew.
      if (camera) queries.removeQueries({ queryKey: cameraQuery(camera.id).queryKey });
      if (camera) toast(t`Đã lưu camera ${number}.`);
      else if (form.recording) toast(t`Đã thêm camera ${number}. Khuê bắt đầu ghi ngay.`);
      else toast(t`Đã thêm camera ${number}.`);
      onClose();
    },
  });
  const refusal = saving.error instanceof ApiError ? saving.error : null;
  // What was refused may stand far from the button, or in what is folded away.
  const wrong = refusal?.field ?? null;
  useEffect(() => {
    if (wrong === null) return;
    const at = document.getElementById(formId)?.querySelector<HTMLElement>('[aria-invalid="true"], [role="alert"]');
    at?.scrollIntoView({ block: "center" });
    if (at instanceof HTMLInputElement || at instanceof HTMLSelectElement) at.focus();
  }, [wrong, formId]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    saving.mutate();
  };
  // The stored password never leaves the server, so it cannot be tried from here.
  const needsPassword = camera?.has_password === true && form.password === "";
  const failed = trying.error ?? asking.error;
  const fault = failed instanceof ApiError ? failed : null;
  const isRefused = fault?.code === "wrong_credentials";
  // Without a name, nothing was refused yet: it is asked for.
  const asksName = isRefused && form.user === "";
  const wrongAddress = t`Địa chỉ này không dùng được. Địa chỉ bắt đầu bằng rtsp:// và không chứa mật khẩu.`;
  const ownWords = (error: Error) => {
    if (!(error instanceof ApiError)) return null;
    const isOfDevice = error.status === 422 || error.field === "url";
    if (error === asking.error && isOfDevice) return t(deviceWords(error.code));
    if (isFault(error.code)) return t(faultWords(error.code));
    return error.field === "url" ? wrongAddress : null;
  };
  const numberWords =
    refusal?.code === "taken" ? t`Số này đã có camera khác dùng.` : t`Số này không dành cho loại camera này.`;
  const wrongField = (field: string) => refusal?.field === field;
  // Whoever may change a camera may yet not put it into that class.
  const isForbidden = refusal?.code === "forbidden" && form.class !== (camera?.class ?? "ordinary");
  const isShown = isForbidden || (wrong !== null && FIELDS.has(wrong));
  const isSettled = form.particulars.purposes.length > 0 && form.particulars.legal_basis.trim() !== "";
  const whole =
    form.url.trim() !== "" &&
    device === null &&
    form.name.trim() !== "" &&
    (form.number !== "" || camera === null) &&
    form.site !== "" &&
    isWhole(form.retention_days, 1, MOST_DAYS) &&
    isSound(form.particulars) &&
    (isSettled || !form.recording || !!camera?.inherited_until);

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
            disabled={!whole || saving.isPending || isTrying}
            data-act="save"
          >
            {camera ? <Trans>Lưu</Trans> : <Trans>Thêm camera</Trans>}
          </button>
        </>
      }
    >
      <form id={formId} className="formbox" onSubmit={submit}>
        <TextField
          label={<Trans>Địa chỉ camera</Trans>}
          required
          name="url"
          value={form.url}
          onChange={(e) => {
            set({ url: e.target.value });
            trying.reset();
            asking.reset();
          }}
          placeholder="192.168.10.21"
          spellCheck={false}
          autoCapitalize="none"
          autoFocus={camera === null}
          help={<Trans>Địa chỉ của thiết bị, hoặc của luồng hình: rtsp://192.168.10.21:554/main</Trans>}
          error={wrongField("url") ? wrongAddress : undefined}
        />
        {camera === null && (
          <FindDevices
            onChoose={(url) => {
              set({ url });
              trying.reset();
              asking.reset();
            }}
          />
        )}
        <div className="two">
          <TextField
            label={<Trans>Tên đăng nhập của camera</Trans>}
            name="user"
            value={form.user}
            onChange={(e) => set({ user: e.target.value })}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            error={
              wrongField("user")
                ? t`Có mật khẩu thì nhập cả tên đăng nhập.`
                : asksName
                  ? t`Camera cần tên đăng nhập và mật khẩu.`
                  : undefined
            }
          />
          <TextField
            label={<Trans>Mật khẩu</Trans>}
            name="password"
            type="password"
            value={form.password}
            onChange={(e) => set({ password: e.target.value })}
            autoComplete="new-password"
            placeholder={camera ? t`giữ mật khẩu cũ` : ""}
            error={isRefused && !asksName ? t`Camera từ chối tên hoặc mật khẩu này.` : undefined}
          />
        </div>
        <div className="row">
          <button
            type="button"
            className="btn"
            data-act="probe"
            disabled={form.url.trim() === "" || needsPassword || isTrying}
            onClick={() => (device === null ? trying.mutate([form.url.trim()]) : ask(device))}
          >
            <RefreshCw /> {isTrying ? <Trans>Đang thử…</Trans> : <Trans>Thử kết nối</Trans>}
          </button>
          {needsPassword && (
            <span className="small t3">
              <Trans>Nhập lại mật khẩu của camera để thử.</Trans>
            </span>
          )}
        </div>
        {asking.data && (
          <DeviceFound
            device={asking.data}
            chosen={chosen}
            onChoose={(channel, at) => choose(asking.data, channel, at)}
          />
        )}
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
        {failed && fault?.code !== "wrong_credentials" && <Problem error={failed}>{ownWords(failed)}</Problem>}
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
            required={camera !== null}
            name="number"
            placeholder={camera ? "" : t`tự đánh`}
            inputMode="numeric"
            value={form.number}
            onChange={(e) => set({ number: e.target.value.replace(/\D/g, "").slice(0, 7) })}
            error={wrongField("number") ? numberWords : undefined}
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
        <Chooser
          label={<Trans>Địa điểm</Trans>}
          required
          name="site"
          value={form.site}
          choices={places}
          onChange={(site) => set({ site })}
          help={
            sites?.length === 0 ? (
              <Trans>
                Chưa có địa điểm nào. Thêm ở màn hình <Link to="/organisations">Đơn vị</Link> trước.
              </Trans>
            ) : undefined
          }
          error={wrongField("site") ? t`Địa điểm này không còn. Chọn địa điểm khác.` : undefined}
        />
        <label className="checkrow">
          <input type="checkbox" checked={form.recording} onChange={(e) => set({ recording: e.target.checked })} />
          <Trans>Ghi hình camera này</Trans>
        </label>
        {form.recording && (
          <TextField
            label={<Trans>Số ngày lưu</Trans>}
            required
            name="retention_days"
            inputMode="numeric"
            value={form.retention_days}
            onChange={(e) => set({ retention_days: e.target.value.replace(/\D/g, "").slice(0, 4) })}
            error={
              wrongField("retention_days") || !isWhole(form.retention_days, 1, MOST_DAYS)
                ? t`Nhập số ngày từ 1 đến 3650.`
                : undefined
            }
          />
        )}
        <ParticularsFields
          form={form.particulars}
          bodies={bodies ?? []}
          required={form.recording && !camera?.inherited_until}
          inheritedUntil={camera?.inherited_until ?? null}
          onChange={(change) => set({ particulars: { ...form.particulars, ...change } })}
          wrong={wrongField}
        />
        <SelectField
          label={<Trans>Loại bảo vệ</Trans>}
          name="class"
          value={form.class}
          onChange={(e) => set({ class: e.target.value as CameraDetail["class"] })}
          help={<Trans>Camera quốc phòng chỉ hiện với người được cấp quyền riêng cho loại này.</Trans>}
          error={wrongField("class") || isForbidden ? t`Bạn chưa được cấp quyền với camera quốc phòng.` : undefined}
        >
          <option value="ordinary">{t`Thường`}</option>
          <option value="defence">{t`Quốc phòng`}</option>
        </SelectField>
        <TextField
          label={<Trans>Hãng, kiểu máy</Trans>}
          name="make"
          value={form.make}
          onChange={(e) => set({ make: e.target.value })}
          maxLength={120}
          error={wrongField("make") ? t`Tên này không dùng được.` : undefined}
        />
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
        {saving.error && !isShown && <Problem error={saving.error}>{ownWords(saving.error)}</Problem>}
      </form>
    </SidePanel>
  );
}

/** Tries addresses of one stream until one has pictures; what went wrong is told of the likeliest. */
async function firstThatShows(
  urls: readonly string[],
  person: Omit<ProbeAsked, "url">,
): Promise<ProbeAnswer & { url: string }> {
  let why: unknown;
  for (const url of urls) {
    try {
      return { ...(await probe({ url, ...person })), url };
    } catch (error) {
      // A password that was refused is not tried at the next door.
      if (error instanceof ApiError && error.code === "wrong_credentials") throw error;
      why ??= error;
    }
  }
  throw why;
}

/** As long as the server keeps what is recorded, if nobody says otherwise, and at most. */
const USUAL_DAYS = 30;
const MOST_DAYS = 3650;

/** Those that tell by themselves what is wrong with them. */
const FIELDS: ReadonlySet<string> = new Set([
  ...["url", "sub_url", "user", "number", "name", "site", "retention_days", "class", "make"],
  ...Object.keys(formOf(undefined)),
]);

interface Form {
  url: string;
  sub_url: string;
  user: string;
  password: string;
  name: string;
  number: string;
  site: string;
  make: string;
  retention_days: string;
  class: CameraDetail["class"];
  recording: boolean;
  sound: boolean;
  transport: Transport;
  particulars: ParticularsForm;
}

function body(form: Form, before: CameraDetail | null): CameraWrite {
  const { sound, transport } = form;
  const particulars = changeOf(form.particulars, before?.particulars);
  const [make, days] = [form.make.trim(), Number(form.retention_days)];
  return {
    // What is as it was, or as it is when nothing is said, is not said.
    ...(sound !== (before?.sound ?? false) && { sound }),
    ...(transport !== (before?.transport ?? "auto") && { transport }),
    ...(form.class !== (before?.class ?? "ordinary") && { class: form.class }),
    ...(make !== (before?.make ?? "") && { make: make || null }),
    ...(days !== (before?.retention_days ?? USUAL_DAYS) && { retention_days: days }),
    url: form.url.trim(),
    sub_url: form.sub_url.trim() || null,
    user: form.user.trim() || null,
    // Nothing typed keeps the password that is there.
    ...(form.password ? { password: form.password } : {}),
    name: form.name.trim(),
    ...(form.number !== "" && { number: Number(form.number) }),
    site: form.site,
    recording: form.recording,
    ...(particulars && { particulars }),
  };
}

function isWhole(text: string, least: number, most: number): boolean {
  return /^\d+$/.test(text) && Number(text) >= least && Number(text) <= most;
}
