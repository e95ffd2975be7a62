/** People and cameras as choices among very many: what is typed finds them by all they are called. */
import type { CameraRow, PersonRow } from "../api/types";
import { fold } from "../lib/fold";
import type { Choice } from "../ui/Chooser";

export function personChoices(people: readonly PersonRow[]): Choice[] {
  return people.map((one) => ({
    id: one.id,
    text: one.display_name,
    more: one.name,
    folded: fold(`${one.display_name} ${one.name}`),
  }));
}

export function cameraChoices(cameras: readonly CameraRow[]): Choice[] {
  return cameras.map((one) => {
    const text = `${one.number} · ${one.name}`;
    return { id: one.id, text, folded: fold(text) };
  });
}
