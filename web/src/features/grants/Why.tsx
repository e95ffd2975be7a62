/** Why somebody may do something, or not: how each grant stands to it, and what the rules ask beside. */
import { Trans, useLingui } from "@lingui/react/macro";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { explanationQuery } from "../../api/queries";
import type { Explanation, GrantAction } from "../../api/types";
import { ACTIONS } from "../../desk/grantwords";
import { Problem } from "../../desk/Problem";
import { SelectField } from "../../ui/Field";
import { CloseButton, Modal } from "../../ui/Modal";
import { STANDINGS } from "./words";

export interface Question {
  person: string;
  personName: string;
  camera: string;
  cameraName: string;
  action: GrantAction;
}

/** How fine pictures are, in lines, and how old, in days, that one may ask about. */
const LINES = [360, 720, 1080, 2160];
const DAYS = [1, 7, 30, 90];

export function Why({ question, onClose }: { question: Question; onClose: () => void }) {
  const { t } = useLingui();
  const { person, camera, action } = question;
  const [lines, setLines] = useState("");
  const [days, setDays] = useState("");
  const sight = { lines: Number(lines) || null, days: Number(days) || null };
  // While something else is asked, the answer before stays in its place.
  const asked = { ...explanationQuery(person, camera, action, sight), placeholderData: keepPreviousData };
  const { data: told, error } = useQuery(asked);
  const words = ACTIONS.find(([one]) => one === action)?.[1];
  const act = words ? t(words) : "";
  const isByRole = told?.allowed && !told.grants.some(({ standing }) => standing === "allows");
  const hasPast = action === "playback" || action === "export";
  return (
    <Modal
      title={
        <Trans>
          {act}: {question.personName}, {question.cameraName}
        </Trans>
      }
      onClose={onClose}
      actions={<CloseButton onClose={onClose}>{t`Đóng`}</CloseButton>}
    >
      {(hasPast || action === "live") && (
        <div className="rightsform">
          <div className="two">
            <SelectField
              label={<Trans>Hình nét</Trans>}
              name="lines"
              value={lines}
              onChange={(event) => setLines(event.target.value)}
            >
              <option value="">{t`Bất kỳ`}</option>
              {LINES.map((one) => (
                <option key={one} value={one}>{t`${one} dòng`}</option>
              ))}
            </SelectField>
            {hasPast && (
              <SelectField
                label={<Trans>Hình từ</Trans>}
                name="days"
                value={days}
                onChange={(event) => setDays(event.target.value)}
              >
                <option value="">{t`Bất kỳ`}</option>
                {DAYS.map((one) => (
                  <option key={one} value={one}>{t`${one} ngày trước`}</option>
                ))}
              </SelectField>
            )}
          </div>
        </div>
      )}
      {error && <Problem error={error} />}
      {told && (
        <div className="col why" data-allowed={told.allowed}>
          <p className="strong">{told.allowed ? <Trans>Lúc này được.</Trans> : <Trans>Lúc này không được.</Trans>}</p>
          {told.allowed && <Rules rules={told.rules} />}
          {isByRole && (
            <p className="t2">
              <Trans>Do vai trò, không do quyền nào được cấp.</Trans>
            </p>
          )}
          {!told.allowed && told.grants.length === 0 && (
            <p className="t2">
              <Trans>Chưa ai cấp quyền nào có liên quan.</Trans>
            </p>
          )}
          <ul>
            {told.grants.map(({ grant, standing }) => {
              const stands = STANDINGS[standing];
              return (
                <li key={grant.id} data-standing={standing}>
                  <span className="strong">{grant.terms.basis}</span>
                  {stands && <div className="t2">{t(stands)}</div>}
                </li>
              );
            })}
          </ul>
        </div>
      )}
    </Modal>
  );
}

/** What is asked of whoever may: a case, a second person. */
function Rules({ rules }: { rules: Explanation["rules"] }) {
  const { version, case_after_hours: hours, approval_after_minutes: minutes } = rules;
  if (hours == null && minutes == null) return null;
  return (
    <p className="t2" data-rules={version}>
      <Trans>Theo quy định bản {version}:</Trans> {hours === 0 && <Trans>phải ghi số hồ sơ.</Trans>}
      {hours != null && hours > 0 && <Trans>hình cũ hơn {hours} giờ phải ghi số hồ sơ.</Trans>}{" "}
      {minutes === 0 && <Trans>Mỗi lần đều phải có người thứ hai đồng ý.</Trans>}
      {minutes != null && minutes > 0 && <Trans>Dài hơn {minutes} phút phải có người thứ hai đồng ý.</Trans>}
    </p>
  );
}
