/** Who may do what now, as a table to be read: of one camera, or of one person; each answer says why. */
import { Trans, useLingui } from "@lingui/react/macro";
import { useQuery } from "@tanstack/react-query";
import { Check, Minus } from "lucide-react";
import { useMemo, useState } from "react";
import { cameraRightsQuery, peopleQuery, personRightsQuery, treeQuery } from "../../api/queries";
import type { GrantAction } from "../../api/types";
import { cameraChoices, personChoices } from "../../desk/choices";
import { ACTIONS } from "../../desk/grantwords";
import { Problem } from "../../desk/Problem";
import { useStore } from "../../lib/store";
import { narrow } from "../../ui/appearance";
import { Chooser } from "../../ui/Chooser";
import { type Question, Why } from "./Why";

/** How many cameras of a group are named. */
const NAMED = 50;

/** Who can do what with a camera. */
export function OfCamera() {
  const { t } = useLingui();
  const phone = useStore(narrow);
  const { data: tree } = useQuery(treeQuery);
  const { data: people } = useQuery(peopleQuery);
  const [chosen, setChosen] = useState("");
  /** Somebody of whom is asked, whatever they may do. */
  const [asked, setAsked] = useState("");
  const [question, setQuestion] = useState<Question | null>(null);
  const camera = tree?.cameras.find((one) => one.id === chosen) ?? tree?.cameras[0] ?? null;
  const { data: rights, error } = useQuery({ ...cameraRightsQuery(camera?.id ?? ""), enabled: camera !== null });
  const cameras = useMemo(() => cameraChoices(tree?.cameras ?? []), [tree]);
  const everybody = useMemo(() => personChoices(people ?? []), [people]);
  const holders = rights?.people ?? [];
  const other = people?.find((one) => one.id === asked);
  const rows = holders.filter((one) => !other || one.person === other.id);
  // Who holds nothing is told as well, so that one can ask why not.
  const bare = rights && other && rows.length === 0 ? [{ ...other, person: other.id, actions: [] }] : [];
  return (
    <>
      <div className="row heldpick">
        <Chooser
          label={<Trans>Camera</Trans>}
          name="camera"
          value={camera?.id ?? ""}
          choices={cameras}
          onChange={setChosen}
        />
        <Chooser
          label={<Trans>Người</Trans>}
          name="asked"
          value={asked}
          choices={everybody}
          none={t`Mọi người có quyền`}
          onChange={setAsked}
        />
      </div>
      {error && <Problem error={error} />}
      <div className="tablebox">
        <table className="tbl held">
          <thead>
            <tr>
              <th>{t`Ai`}</th>
              {phone ? (
                <th>{t`Được làm gì`}</th>
              ) : (
                ACTIONS.map(([action, words]) => (
                  <th key={action} className="mark">
                    {t(words)}
                  </th>
                ))
              )}
            </tr>
          </thead>
          <tbody>
            {camera &&
              [...rows, ...bare].map((one) => {
                const ask = (action: GrantAction) =>
                  setQuestion({
                    person: one.person,
                    personName: one.display_name,
                    camera: camera.id,
                    cameraName: camera.name,
                    action,
                  });
                return (
                  <tr key={one.person} data-person={one.name}>
                    <td className="strong">{one.display_name}</td>
                    {phone ? (
                      <td>
                        <ActButtons actions={one.actions} onAsk={ask} />
                      </td>
                    ) : (
                      ACTIONS.map(([action, words]) => {
                        const may = one.actions.includes(action);
                        const said = may
                          ? t`${one.display_name} được: ${t(words)}`
                          : t`${one.display_name} không được: ${t(words)}`;
                        return (
                          <td key={action} className="mark">
                            <button
                              type="button"
                              className="btn ghost s ico"
                              data-cell={action}
                              data-may={may}
                              title={t`${said}. Vì sao?`}
                              aria-label={t`${said}. Vì sao?`}
                              onClick={() => ask(action)}
                            >
                              {may ? <Check /> : <Minus className="t3" />}
                            </button>
                          </td>
                        );
                      })
                    )}
                  </tr>
                );
              })}
          </tbody>
        </table>
        {rights?.people.length === 0 && !other && (
          <p className="t2">
            <Trans>Lúc này không ai được làm gì với camera này.</Trans>
          </p>
        )}
      </div>
      {question && <Why question={question} onClose={() => setQuestion(null)} />}
    </>
  );
}

/** What a person can do, and with which cameras. */
export function OfPerson() {
  const { t } = useLingui();
  const { data: people } = useQuery(peopleQuery);
  const { data: tree } = useQuery(treeQuery);
  const [chosen, setChosen] = useState("");
  const [question, setQuestion] = useState<Question | null>(null);
  const person = people?.find((one) => one.id === chosen) ?? people?.[0] ?? null;
  const { data: rights, error } = useQuery({ ...personRightsQuery(person?.id ?? ""), enabled: person !== null });
  const everybody = useMemo(() => personChoices(people ?? []), [people]);
  const cameras = new Map((tree?.cameras ?? []).map((one) => [one.id, one]));
  return (
    <>
      <div className="row heldpick">
        <Chooser
          label={<Trans>Người</Trans>}
          name="person"
          value={person?.id ?? ""}
          choices={everybody}
          onChange={setChosen}
        />
      </div>
      {error && <Problem error={error} />}
      <div className="tablebox">
        <table className="tbl held">
          <thead>
            <tr>
              <th>{t`Được làm gì`}</th>
              <th>{t`Camera`}</th>
            </tr>
          </thead>
          <tbody>
            {(rights?.groups ?? []).map((group) => {
              const first = group.cameras[0];
              const known = first === undefined ? undefined : cameras.get(first);
              const names = group.cameras.slice(0, NAMED).map((id) => cameras.get(id)?.name ?? "");
              const more = group.cameras.length - names.length;
              return (
                <tr key={group.actions.join()} data-group={group.actions.join(" ")}>
                  <td>
                    <ActButtons
                      actions={group.actions}
                      onAsk={(action) =>
                        person &&
                        known &&
                        setQuestion({
                          person: person.id,
                          personName: person.display_name,
                          camera: known.id,
                          cameraName: known.name,
                          action,
                        })
                      }
                    />
                  </td>
                  <td>
                    <div className="strong">
                      <Trans>{group.cameras.length} camera</Trans>
                    </div>
                    <div className="t2">
                      {names.join(", ")}
                      {more > 0 && <Trans> và {more} camera nữa</Trans>}
                    </div>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
        {rights?.groups.length === 0 && (
          <p className="t2">
            <Trans>Lúc này người này không thấy camera nào.</Trans>
          </p>
        )}
      </div>
      {question && <Why question={question} onClose={() => setQuestion(null)} />}
    </>
  );
}

/** What may be done, each with its why. */
function ActButtons({ actions, onAsk }: { actions: readonly GrantAction[]; onAsk: (action: GrantAction) => void }) {
  const { t } = useLingui();
  return (
    <div className="row wrap">
      {ACTIONS.filter(([action]) => actions.includes(action)).map(([action, words]) => (
        <button key={action} type="button" className="btn ghost s" title={t`Vì sao?`} onClick={() => onAsk(action)}>
          {t(words)}
        </button>
      ))}
    </div>
  );
}
