/**
 * Being asked once more who one is: what cannot be undone is refused with
 * `confirm_it_is_you` where nobody proved themselves for a while. The request
 * waits here while somebody is asked, and is then sent again.
 */
import { createStore } from "../lib/store";

/** Ends the asking: whether the person proved themselves. */
type Answer = (proved: boolean) => void;

/** Whoever shows a dialog watches this; null while nobody is asked. */
export const asked = createStore<Answer | null>(null);

let asking: Promise<boolean> | null = null;

/** Asks, once for all requests that wait. */
function ask(): Promise<boolean> {
  asking ??= new Promise<boolean>((resolve) => {
    asked.set((proved) => {
      asked.set(null);
      asking = null;
      resolve(proved);
    });
  });
  return asking;
}

/** Sends a request; asks who one is where the answer says so, and sends it again. */
export async function fetchConfirmed(request: Request, send: (request: Request) => Promise<Response> = fetch) {
  // Its bytes, not a clone: the body of a clone is a stream, which what looks at requests cannot show.
  const bytes = await request.arrayBuffer();
  const whole = () => new Request(request, bytes.byteLength > 0 ? { body: bytes } : {});
  const response = await send(whole());
  if (response.status !== 403) return response;
  const form: unknown = await response
    .clone()
    .json()
    .catch(() => null);
  const code = typeof form === "object" && form !== null && "code" in form ? form.code : null;
  if (code !== "confirm_it_is_you" || !(await ask())) return response;
  return send(whole());
}
