/** The page before the door: mark, words, and how they look. Knows no noun. */
import { Trans, useLingui } from "@lingui/react/macro";
import { Moon, Sun } from "lucide-react";
import type { ReactNode } from "react";
import { useStore } from "../lib/store";
import { language, setLanguage, setTheme, theme } from "./appearance";
import { Mark } from "./Mark";
import { Segmented } from "./Segmented";
import "./door.css";

export function Door({ title, children }: { title: ReactNode; children: ReactNode }) {
  const { t } = useLingui();
  const lang = useStore(language);
  const colours = useStore(theme);
  return (
    <main className="door">
      <div className="doorbox">
        <Mark className="doormark" />
        <div>
          <h1>{title}</h1>
          <p className="t2">
            <Trans>Khuê, hệ thống camera của thành phố</Trans>
          </p>
        </div>
        {children}
        <div className="row doorfoot">
          <Segmented
            label={t`Ngôn ngữ`}
            value={lang}
            onChange={setLanguage}
            choices={[
              { value: "vi", text: "Tiếng Việt" },
              { value: "en", text: "English" },
            ]}
          />
          <span className="grow" />
          <button
            type="button"
            className="btn ghost s ico"
            aria-label={colours === "dark" ? t`Dùng nền sáng` : t`Dùng nền tối`}
            onClick={() => setTheme(colours === "dark" ? "light" : "dark")}
          >
            {colours === "dark" ? <Sun /> : <Moon />}
          </button>
        </div>
      </div>
    </main>
  );
}
