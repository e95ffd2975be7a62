import { expect, test } from "vitest";
import { asked, fetchConfirmed } from "./confirm";

const request = () => new Request("http://khue.test/api/v1/exports", { method: "POST", body: "{}" });
const refused = (code: string) => new Response(JSON.stringify({ code }), { status: 403 });

test("what waits for a confirmation is sent again after it, body and all, and several ask once", async () => {
  const sent: string[] = [];
  let confirmed = false;
  const send = async (one: Request) => {
    sent.push(await one.text());
    return confirmed ? new Response("done") : refused("confirm_it_is_you");
  };
  const both = Promise.all([fetchConfirmed(request(), send), fetchConfirmed(request(), send)]);
  await expect.poll(() => asked.get()).not.toBeNull();
  const first = asked.get();
  await expect.poll(() => sent.length).toBe(2);
  await new Promise((resolve) => setTimeout(resolve));
  expect(asked.get()).toBe(first);
  confirmed = true;
  first?.(true);
  expect((await both).map((one) => one.status)).toEqual([200, 200]);
  expect(sent).toEqual(["{}", "{}", "{}", "{}"]);
  expect(asked.get()).toBeNull();
});

test("who does not confirm is refused, and other refusals ask nothing", async () => {
  const waits = fetchConfirmed(request(), async () => refused("confirm_it_is_you"));
  await expect.poll(() => asked.get()).not.toBeNull();
  asked.get()?.(false);
  expect((await waits).status).toBe(403);
  expect((await fetchConfirmed(request(), async () => refused("forbidden"))).status).toBe(403);
  expect(asked.get()).toBeNull();
});
