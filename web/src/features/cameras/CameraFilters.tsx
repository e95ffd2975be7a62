/** What narrows the list of cameras: words, and the filters that the server has. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { ListFilter, X } from "lucide-react";
import { useEffect, useMemo, useRef, useState } from "react";
import { organisationsQuery } from "../../api/queries";
import type { CamerasAsked } from "../../api/types";
import { bodyChoices, wardChoices } from "../../desk/bodies";
import { PURPOSES } from "../../desk/grantwords";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";
import { Chooser } from "../../ui/Chooser";
import { SelectField } from "../../ui/Field";
import { SearchField } from "../../ui/SearchField";
import { filtersOf } from "./asked";
import { LIFE } from "./ParticularsFields";

interface Props {
  asked: CamerasAsked;
  onAsked: (asked: CamerasAsked) => void;
}

/** How long somebody types no more before it is looked for. */
const PAUSE_MS = 250;

export function CameraSearch({ asked, onAsked }: Props) {
  const { t } = useLingui();
  const [typed, setTyped] = useState(asked.q ?? "");
  /** What was looked for last, by whoever asked. */
  const last = useRef(asked.q ?? "");
  useEffect(() => {
    const q = asked.q ?? "";
    if (q === last.current) return;
    last.current = q;
    setTyped(q);
  }, [asked.q]);
  useEffect(() => {
    const q = typed.trim().slice(0, 200);
    if (q === last.current) return;
    const timer = setTimeout(() => {
      const { q: _, ...rest } = asked;
      last.current = q;
      onAsked(q === "" ? rest : { ...rest, q });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed, asked, onAsked]);
  return (
    <SearchField
      inTools
      name="q"
      value={typed}
      onSearch={setTyped}
      placeholder={t`Tên, số, địa điểm, đơn vị…`}
      aria-label={t`Tìm camera`}
    />
  );
}

/** Opens the filters where there is no room for them. */
export function FilterToggle({ asked, open, onOpen }: { asked: CamerasAsked; open: boolean; onOpen: () => void }) {
  const count = filtersOf(asked);
  return (
    <button type="button" className="btn" aria-expanded={open} data-act="filters" onClick={onOpen}>
      {count === 0 ? <Trans>Lọc</Trans> : <Trans>Lọc ({count})</Trans>}
    </button>
  );
}

export function CameraFilters({ asked, onAsked }: Props) {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const count = filtersOf(asked);
  const { data: bodies = [] } = useQuery(organisationsQuery);
  const choices = useMemo(() => bodyChoices(bodies, () => true), [bodies]);
  const wards = useMemo(() => wardChoices(bodies), [bodies]);
  const set = (name: Exclude<keyof CamerasAsked, "q" | "inherited">, value: string) => {
    const { [name]: _, ...rest } = asked;
    onAsked(value === "" ? rest : { ...rest, [name]: value });
  };
  const setInherited = (value: string) => {
    const { inherited: _, ...rest } = asked;
    onAsked(value === "" ? rest : { ...rest, inherited: value === "true" });
  };
  return (
    <div className="ph tools camerafilters">
      {!phone && <ListFilter aria-hidden className="t3" />}
      <Chooser
        label={t`Đơn vị`}
        bare
        name="organisation"
        value={asked.organisation ?? ""}
        choices={choices}
        none={t`Mọi đơn vị`}
        onChange={(id) => set("organisation", id)}
      />
      <Chooser
        label={t`Phường, xã`}
        bare
        name="ward"
        value={asked.ward ?? ""}
        choices={wards}
        none={t`Mọi phường, xã`}
        onChange={(code) => set("ward", code)}
      />
      <SelectField
        label={t`Mục đích`}
        bare
        name="purpose"
        value={asked.purpose ?? ""}
        onChange={(event) => set("purpose", event.target.value)}
      >
        <option value="">{t`Mọi mục đích`}</option>
        {PURPOSES.map(([purpose, words]) => (
          <option key={purpose} value={purpose}>
            {t(words)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={t`Tình trạng sử dụng`}
        bare
        name="life_cycle"
        value={asked.life_cycle ?? ""}
        onChange={(event) => set("life_cycle", event.target.value)}
      >
        <option value="">{t`Mọi tình trạng`}</option>
        {LIFE.map(([cycle, words]) => (
          <option key={cycle} value={cycle}>
            {t(words)}
          </option>
        ))}
      </SelectField>
      <SelectField
        label={t`Hồ sơ`}
        bare
        name="inherited"
        value={asked.inherited === undefined ? "" : String(asked.inherited)}
        onChange={(event) => setInherited(event.target.value)}
      >
        <option value="">{t`Mọi hồ sơ`}</option>
        <option value="true">{t`Chưa rõ căn cứ`}</option>
        <option value="false">{t`Đã đủ mục đích, căn cứ`}</option>
      </SelectField>
      {count > 0 && (
        <button
          type="button"
          className="btn ghost"
          data-act="unfilter"
          onClick={() => onAsked(asked.q === undefined ? {} : { q: asked.q })}
        >
          <X /> <Trans>Bỏ lọc</Trans>
        </button>
      )}
    </div>
  );
}
