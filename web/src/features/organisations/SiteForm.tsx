/** Adding or changing a site: what it is called, what kind of place it is, where it is, whose. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type ClipboardEvent, useMemo, useState } from "react";
import { ApiError } from "../../api/error";
import { addSite, changeSite } from "../../api/organisations";
import type { Organisation, SiteDetail } from "../../api/types";
import { bodyChoices, hasEnded, wardChoices } from "../../desk/bodies";
import { CATEGORIES } from "../../desk/bodywords";
import { Problem } from "../../desk/Problem";
import { Chooser } from "../../ui/Chooser";
import { SelectField, TextField } from "../../ui/Field";
import { FormModal } from "../../ui/FormModal";
import { toast } from "../../ui/toast";
import { degrees, pair } from "./position";

interface Props {
  /** Null to add one. */
  site: SiteDetail | null;
  /** Whose a new one is at first. */
  organisation: string;
  bodies: readonly Organisation[];
  onClose: () => void;
}

/** Those that tell by themselves what is wrong with them. */
const FIELDS = ["name", "organisation", "ward", "address", "latitude", "longitude"];

export function SiteForm({ site, organisation, bodies, onClose }: Props) {
  const { t } = useLingui();
  const queries = useQueryClient();
  const [form, setForm] = useState({
    name: site?.name ?? "",
    organisation: site?.organisation ?? organisation,
    category: site?.category ?? ("other" as SiteDetail["category"]),
    ward: site?.ward ?? "",
    address: site?.address ?? "",
    latitude: String(site?.latitude ?? ""),
    longitude: String(site?.longitude ?? ""),
  });
  const set = (change: Partial<typeof form>) => setForm({ ...form, ...change });
  const owners = useMemo(
    () => bodyChoices(bodies, (one) => !hasEnded(one) || one.id === site?.organisation),
    [bodies, site],
  );
  const wards = useMemo(() => {
    const living = wardChoices(bodies);
    const of = site?.ward;
    return !of || living.some(({ id }) => id === of) ? living : [{ id: of, text: of, folded: of }, ...living];
  }, [bodies, site]);
  const [latitude, longitude] = [degrees(form.latitude, 90), degrees(form.longitude, 180)];
  const isHalf = (latitude === null) !== (longitude === null);
  const saving = useMutation({
    mutationFn: () => {
      const { name, category } = form;
      const told = {
        name: name.trim(),
        organisation: form.organisation,
        category,
        ward: form.ward || null,
        address: form.address.trim() || null,
        latitude: latitude ?? null,
        longitude: longitude ?? null,
      };
      return site ? changeSite(site.id, told) : addSite(told);
    },
    onSuccess: (saved) => {
      for (const key of ["sites", "tree", "cameras", "grants"]) void queries.invalidateQueries({ queryKey: [key] });
      toast(site ? t`Đã lưu ${saved.name}.` : t`Đã thêm ${saved.name}.`);
      onClose();
    },
  });
  const refused = saving.error instanceof ApiError ? saving.error : null;
  const wrong = (field: string) => refused?.field === field;
  const submit = () => {
    saving.mutate();
  };
  /** Both at once, as maps hand them out. */
  const onPaste = (event: ClipboardEvent) => {
    const both = pair(event.clipboardData.getData("text"));
    if (!both) return;
    event.preventDefault();
    set({ latitude: both[0], longitude: both[1] });
  };
  const isSound = latitude !== undefined && longitude !== undefined && !isHalf;
  return (
    <FormModal
      title={site ? <Trans>Sửa {site.name}</Trans> : <Trans>Thêm địa điểm</Trans>}
      onClose={onClose}
      className="placeform"
      submit={site ? <Trans>Lưu</Trans> : <Trans>Thêm</Trans>}
      act="save-site"
      disabled={saving.isPending || form.name.trim() === "" || !isSound}
      onSubmit={submit}
    >
      <TextField
        label={<Trans>Tên địa điểm</Trans>}
        error={wrong("name") && <Trans>Nhập tên, dưới 200 chữ.</Trans>}
        required
        name="name"
        maxLength={200}
        autoFocus
        value={form.name}
        onChange={(event) => set({ name: event.target.value })}
      />
      <SelectField
        label={<Trans>Loại nơi</Trans>}
        name="category"
        value={form.category}
        onChange={(event) => set({ category: event.target.value as SiteDetail["category"] })}
      >
        {Object.entries(CATEGORIES).map(([category, words]) => (
          <option key={category} value={category}>
            {t(words)}
          </option>
        ))}
      </SelectField>
      <Chooser
        label={<Trans>Đơn vị</Trans>}
        help={
          site &&
          form.organisation !== site.organisation && (
            <Trans>Camera ở đây đi theo: ai được cấp quyền với đơn vị mới sẽ thấy chúng.</Trans>
          )
        }
        error={wrong("organisation") && <Trans>Đơn vị này đã kết thúc. Chọn đơn vị khác.</Trans>}
        required
        name="organisation"
        value={form.organisation}
        choices={owners}
        onChange={(id) => set({ organisation: id })}
      />
      <Chooser
        label={<Trans>Phường, xã</Trans>}
        error={wrong("ward") && <Trans>Phường, xã này không còn. Chọn nơi khác.</Trans>}
        name="ward"
        value={form.ward}
        choices={wards}
        none={t`Chưa rõ`}
        onChange={(ward) => set({ ward })}
      />
      <TextField
        label={<Trans>Địa chỉ</Trans>}
        error={wrong("address") && <Trans>Địa chỉ quá dài.</Trans>}
        name="address"
        maxLength={500}
        value={form.address}
        onChange={(event) => set({ address: event.target.value })}
      />
      <div className="two">
        <TextField
          label={<Trans>Vĩ độ</Trans>}
          help={<Trans>Dán cả hai số từ bản đồ cũng được.</Trans>}
          error={
            latitude === undefined || wrong("latitude") ? (
              <Trans>Nhập số từ -90 đến 90.</Trans>
            ) : (
              isHalf && latitude === null && <Trans>Nhập cả hai số.</Trans>
            )
          }
          name="latitude"
          inputMode="decimal"
          placeholder="21,02851"
          value={form.latitude}
          onPaste={onPaste}
          onChange={(event) => set({ latitude: event.target.value })}
        />
        <TextField
          label={<Trans>Kinh độ</Trans>}
          error={
            longitude === undefined || wrong("longitude") ? (
              <Trans>Nhập số từ -180 đến 180.</Trans>
            ) : (
              isHalf && longitude === null && <Trans>Nhập cả hai số.</Trans>
            )
          }
          name="longitude"
          inputMode="decimal"
          placeholder="105,85240"
          value={form.longitude}
          onPaste={onPaste}
          onChange={(event) => set({ longitude: event.target.value })}
        />
      </div>
      {saving.error && !FIELDS.includes(refused?.field ?? "") && <Problem error={saving.error} />}
    </FormModal>
  );
}
