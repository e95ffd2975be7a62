/**
 * A dev tool, part of `mock-server.mjs`: the other ways to watch, as
 * docs/design/0003-ways-to-watch.md has them. Thumbnails, WHEP, HLS, and names
 * and passwords for RTSP.
 *
 * The mock speaks no WebRTC of its own: a page at `/mock/peer`, opened in any
 * browser, answers the offers. `PUT /mock/ways` with some of `SETTINGS` makes
 * things go wrong.
 */
import { randomUUID } from "node:crypto";
import { FRAME_US, fragment } from "./clip.mjs";

/** How things are unless somebody says otherwise. */
const SETTINGS = {
  whep: true,
  worker: true,
  /** What becomes of a conversion: `ok`, `busy`, `no_worker`. */
  convert: "ok",
  /** What becomes of an offer: `peer`, `dead` (an answer to which nothing connects), `unsupported`. */
  answer: "peer",
  /** Live sound: `ok`, or `dry` (it stops). */
  sound: "ok",
  /** How far the server's clock was set back; live alone knows of it. */
  back_s: 0,
  /** How long a media token lives. */
  token_s: 300,
};

/** A token of the mock is no secret, but goes where a real one goes: into a header. */
export const writeToken = (holds) => Buffer.from(JSON.stringify(holds)).toString("base64url");
export const readToken = (token) => JSON.parse(Buffer.from(token, "base64url").toString());

export function makeWays({ began, now, clipOf, cameraOf, gapsOf, fail }) {
  const settings = { ...SETTINGS };
  const offers = [];
  const peers = [];
  const answers = new Map();
  const whep = new Map();
  const hls = new Map();
  const secrets = [];
  /** What was asked for, for tests: `GET /mock/asked`. */
  const asked = [];

  const bearer = (request, action) => {
    try {
      const token = readToken(/^Bearer (.+)$/.exec(request.headers.authorization ?? "")[1]);
      return token.actions.includes(action) && token.expires_us > now() ? token : null;
    } catch {
      return null;
    }
  };
  const forbidden = () => fail(403, "forbidden", "the token does not allow this");

  function thumbnail(request, id, query) {
    const token = bearer(request, "playback");
    if (token?.camera !== id) return forbidden();
    if (!settings.worker) return fail(503, "no_worker", "khue-decode is not installed here");
    const camera = cameraOf(id);
    const at = Number(query.get("at_us"));
    const recorded =
      at >= began && at <= now() && !gapsOf(camera).some((g) => at >= g.from_us && at < (g.to_us ?? now()));
    if (!recorded) return fail(404, "nothing_recorded", "nothing was recorded by then");
    const { stills, gop } = clipOf(camera, "sub");
    const key = Math.floor((at - began) / FRAME_US / gop);
    return {
      status: 200,
      raw: stills[key % stills.length],
      headers: { "content-type": "image/jpeg", "x-khue-wall-us": String(began + key * gop * FRAME_US) },
    };
  }

  async function openWhep(request, query, sdp) {
    const token = bearer(request, "live");
    if (!token) return forbidden();
    if (!settings.whep) return fail(404, "not_found", "whep is not served here");
    const camera = cameraOf(token.camera);
    const clip = clipOf(camera, query.get("role"));
    if (settings.answer === "unsupported" || (!clip.codec.startsWith("avc1") && !/H265/i.test(sdp)))
      return fail(406, "unsupported", "the stream cannot go this way");
    const id = randomUUID();
    const answered = new Promise((resolve) => answers.set(id, resolve));
    offers.push({
      id,
      sdp,
      dead: settings.answer === "dead",
      sound: token.actions.includes("sound"),
      name: camera.name,
    });
    peers.shift()?.();
    const answer = await answered;
    whep.set(id, { camera: camera.id });
    return {
      status: 201,
      text: answer,
      headers: { "content-type": "application/sdp", location: `/api/v1/whep/${id}` },
    };
  }

  function openHls({ token, role }) {
    let held = null;
    try {
      held = readToken(token);
    } catch {}
    if (!held?.actions.includes("live")) return forbidden();
    const id = randomUUID();
    const key = randomUUID();
    hls.set(id, { camera: held.camera, role, key });
    return {
      status: 201,
      body: { id, url: `/api/v1/hls/${id}/index.m3u8` },
      headers: { "set-cookie": `khue-hls=${key}; Path=/api/v1/hls/${id}/; HttpOnly; SameSite=Strict` },
    };
  }

  /** A playlist or a piece of one, made at the moment. */
  function hlsFile(request, id, name) {
    const held = hls.get(id);
    if (!held || !(request.headers.cookie ?? "").includes(held.key)) return fail(404, "not_found", "no such playlist");
    const clip = clipOf(cameraOf(held.camera), held.role);
    const lasts = clip.gop * FRAME_US;
    const text = (lines) => ({
      status: 200,
      text: `${lines.join("\n")}\n`,
      headers: { "content-type": "application/vnd.apple.mpegurl", "cache-control": "no-store" },
    });
    if (name === "index.m3u8")
      return text([
        "#EXTM3U",
        `#EXT-X-STREAM-INF:BANDWIDTH=3000000,CODECS="${clip.codec}",RESOLUTION=${clip.width}x${clip.height}`,
        "media.m3u8",
      ]);
    if (name === "media.m3u8") {
      const last = Math.floor((now() - began) / lasts) - 1;
      const first = last - 5;
      const lines = ["#EXTM3U", "#EXT-X-VERSION:7", `#EXT-X-TARGETDURATION:${Math.ceil(lasts / 1e6)}`];
      lines.push(`#EXT-X-MEDIA-SEQUENCE:${first}`, '#EXT-X-MAP:URI="init.mp4"');
      for (let n = first; n <= last; n++) {
        const at = new Date((began + n * lasts) / 1000).toISOString();
        lines.push(`#EXT-X-PROGRAM-DATE-TIME:${at}`, `#EXTINF:${lasts / 1e6},`, `${n}.m4s`);
      }
      return text(lines);
    }
    const headers = { "content-type": "video/mp4" };
    if (name === "init.mp4") return { status: 200, raw: clip.init, headers };
    const n = Number.parseInt(name, 10);
    return { status: 200, raw: fragment(clip, n * lasts, n * clip.gop, clip.gop), headers };
  }

  function secret(user, body) {
    const camera = cameraOf(body.camera);
    if (!camera?.may.live || user.role !== "operator") return fail(403, "forbidden", "you may not see this camera");
    const id = randomUUID();
    const name = `k${id.slice(0, 8)}`;
    const made_us = now();
    const expires_us = body.days ? made_us + body.days * 86_400e6 : null;
    const { label, case: number = null } = body;
    secrets.push({ id, owner: user.id, camera: camera.id, label, case: number, user: name, made_us, expires_us });
    const urls = ["main", "sub"].map((role) => `rtsp://127.0.0.1:8554/cameras/${camera.number}/${role}`);
    return { status: 201, body: { id, user: name, password: randomUUID().replaceAll("-", "").slice(0, 20), urls } };
  }

  return {
    settings,
    sessionWays: () => ({ whep: settings.whep, worker: settings.worker }),

    /** Answers a request of a person who is signed in; null for what is no matter of this file. */
    async answer(request, path, query, body, user) {
      const { method } = request;
      if (/^\/(whep|hls)/.test(path) && method !== "GET") asked.push({ method, path, query: String(query) });
      const still = /^\/cameras\/([^/]+)\/thumbnail$/.exec(path);
      if (still) return thumbnail(request, still[1], query);
      if (path === "/whep" && method === "POST") return openWhep(request, query, body);
      const stream = /^\/whep\/([^/]+)(\/token)?$/.exec(path);
      if (stream) {
        if (!whep.has(stream[1])) return fail(404, "not_found", "no such stream");
        if (method === "DELETE") whep.delete(stream[1]);
        return { status: 204 };
      }
      if (path === "/hls" && method === "POST") return openHls(body);
      const list = /^\/hls\/([^/]+)(?:\/(.+))?$/.exec(path);
      if (list) {
        if (method === "GET") return hlsFile(request, list[1], list[2]);
        if (!hls.has(list[1])) return fail(404, "not_found", "no such playlist");
        if (method === "DELETE") hls.delete(list[1]);
        return { status: 204 };
      }
      if (path === "/stream-secrets" && method === "POST") return secret(user, body);
      if (path === "/stream-secrets")
        return {
          status: 200,
          body: { secrets: secrets.filter((s) => s.owner === user.id).map(({ owner, ...s }) => s) },
        };
      const one = /^\/stream-secrets\/([^/]+)$/.exec(path);
      if (one) {
        const at = secrets.findIndex((s) => s.id === one[1] && s.owner === user.id);
        if (at < 0) return fail(404, "not_found", "no such secret");
        secrets.splice(at, 1);
        return { status: 204 };
      }
      return null;
    },

    /** Answers what only tests and the peer page ask; null for the rest. */
    async backstage(method, path, body, response) {
      if (path === "/mock/ways" && method === "PUT") {
        Object.assign(settings, SETTINGS, body);
        asked.length = 0;
        return { status: 204 };
      }
      if (path === "/mock/asked") return { status: 200, body: asked };
      if (path === "/mock/peer") return { status: 200, text: PEER, headers: { "content-type": "text/html" } };
      if (path === "/mock/offers") {
        if (offers.length === 0) {
          await new Promise((resolve) => {
            peers.push(resolve);
            // A page that was closed waits for nothing more.
            response.once("close", () => {
              if (peers.includes(resolve)) peers.splice(peers.indexOf(resolve), 1);
              resolve();
            });
          });
          if (response.destroyed) return { status: 204 };
        }
        return { status: 200, body: offers.shift() ?? null };
      }
      if (path.startsWith("/mock/answers/")) {
        answers.get(path.slice("/mock/answers/".length))?.(body.sdp);
        return { status: 204 };
      }
      return null;
    },
  };
}

/** The page that answers offers: a drawn picture that moves, and a tone. */
const PEER = `<!doctype html><meta charset="utf-8"><title>peer</title><canvas width="640" height="360"></canvas>
<script>
const canvas = document.querySelector("canvas"), pen = canvas.getContext("2d");
let n = 0;
setInterval(() => {
  n++;
  pen.fillStyle = "#234"; pen.fillRect(0, 0, 640, 360);
  pen.fillStyle = "#fff"; pen.font = "64px sans-serif"; pen.fillText(String(n), 40, 120);
  pen.fillRect((n * 7) % 640, 200, 80, 80);
}, 40);
const picture = canvas.captureStream(25).getVideoTracks()[0];
const sounds = new AudioContext(), tone = sounds.createOscillator(), out = sounds.createMediaStreamDestination();
tone.connect(out); tone.start();
addEventListener("pointerdown", () => sounds.resume());
async function answer({ id, sdp, dead, sound }) {
  const peer = new RTCPeerConnection();
  await peer.setRemoteDescription({ type: "offer", sdp });
  for (const one of peer.getTransceivers()) {
    const video = one.receiver.track.kind === "video";
    if (!video && !sound) { one.stop?.(); continue; }
    one.direction = "sendonly";
    await one.sender.replaceTrack(video ? picture : out.stream.getAudioTracks()[0]);
  }
  await peer.setLocalDescription(await peer.createAnswer());
  if (peer.iceGatheringState !== "complete")
    await new Promise((done) => peer.addEventListener("icegatheringstatechange", () => peer.iceGatheringState === "complete" && done()));
  let text = peer.localDescription.sdp;
  if (dead) { text = text.replace(/a=candidate:.*\\r\\n/g, ""); peer.close(); }
  await fetch("/mock/answers/" + id, { method: "POST", body: JSON.stringify({ sdp: text }) });
}
(async () => {
  for (;;) {
    const offer = await (await fetch("/mock/offers")).json();
    if (offer) answer(offer).catch((error) => console.error(error));
  }
})();
</script>`;
