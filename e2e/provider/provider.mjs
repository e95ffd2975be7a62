/**
 * A real OpenID Connect provider of this test's own, with four people:
 *
 *   node provider.mjs '{"redirect_uri", "client_secret", "port"}'
 *
 * It says where it is on standard output and ends with standard input. Who comes
 * with a `login_hint` is let in as that person at once; who comes without is shown
 * a page with the names. All of the protocol is the library's.
 */
import { createServer } from "node:http";
import Provider from "oidc-provider";

const { redirect_uri, client_secret, port = 0 } = JSON.parse(process.argv[2]);

/** What is true of each: `amr` is by what they prove themselves here. */
const PEOPLE = {
  hong: { name: "Nguyễn Thị Hồng", groups: ["truc-ban"], amr: ["pwd"] },
  lan: { name: "Trần Thị Lan", groups: ["kiem-tra"], amr: ["pwd", "otp"] },
  quantri: { name: "Lê Văn Quản", groups: ["quan-tri"], amr: ["pwd", "otp"] },
  khach: { name: "Khách", groups: [], amr: ["pwd"] },
};
/** What somebody has become since: `PUT /people/NAME` changes it. */
const people = structuredClone(PEOPLE);

/** Names change hands; what the provider means somebody by does not. */
const OF = "subject-of-";

const server = createServer();
await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "khue",
      client_secret,
      redirect_uris: [redirect_uri],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  cookies: { keys: ["for this test alone"] },
  claims: { openid: ["sub", "amr"], profile: ["name", "preferred_username", "groups"] },
  features: { devInteractions: { enabled: false } },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  pkce: { required: () => true },
  findAccount: (_, sub) => {
    const id = sub.replace(OF, "");
    const { name, groups, username = id } = people[id];
    return { accountId: sub, claims: () => ({ sub, name, groups, preferred_username: username }) };
  },
  ttl: Object.fromEntries(["AccessToken", "Grant", "IdToken", "Interaction", "Session"].map((kind) => [kind, 600])),
  // Nobody is asked whether khue may know who they are: it is their employer's.
  loadExistingGrant: async (ctx) => {
    const { client, session } = ctx.oidc;
    const grant = new ctx.oidc.provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope("openid profile");
    await grant.save();
    return grant;
  },
});
// What a test goes wrong by is told by the test.
provider.on("server_error", (_, error) => console.error(error));

const page = (uid) => `<!doctype html><meta charset="utf-8"><title>Provider</title>${Object.keys(people)
  .map((id) => `<p><a id="${id}" href="/interaction/${uid}?as=${id}">${id}</a></p>`)
  .join("")}`;

const oidc = provider.callback();
server.on("request", async (request, response) => {
  const url = new URL(request.url, issuer);
  if (request.method === "PUT" && url.pathname.startsWith("/people/")) {
    let body = "";
    for await (const chunk of request) body += chunk;
    Object.assign(people[url.pathname.split("/")[2]], JSON.parse(body));
    return response.end();
  }
  if (!url.pathname.startsWith("/interaction/")) return oidc(request, response);
  const { params, uid } = await provider.interactionDetails(request, response);
  const id = url.searchParams.get("as") ?? params.login_hint;
  if (!id) return response.setHeader("content-type", "text/html").end(page(uid));
  const result = people[id]
    ? { login: { accountId: OF + id, amr: people[id].amr, remember: false } }
    : { error: "access_denied" };
  await provider.interactionFinished(request, response, result);
});

console.log(`listening ${issuer}`);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
