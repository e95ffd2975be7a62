/**
 * A page that plays by WHEP with nothing but the browser's RTCPeerConnection, in
 * Debian's Chromium against the built program. Started by e2e/tests/whep.rs:
 *
 *   node whep-story.mjs '{"address","token","role"}'
 *
 * Tells as JSON what was decoded and what was seen: numbers burnt into the
 * pictures, in the order in which they were on screen.
 */
import assert from "node:assert/strict";
import { launch } from "./chromium.mjs";

const { address, token, role } = JSON.parse(process.argv[2]);
const PATIENCE = 120_000;

const browser = await launch();
const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, ignoreHTTPSErrors: true });
context.setDefaultTimeout(PATIENCE);
const page = await context.newPage();
const wrong = [];
page.on("pageerror", (error) => wrong.push(error.stack ?? String(error)));
// Any page of the origin will do; this one runs no script of ours.
await page.goto(`${address}/healthz`);

await page.evaluate(
  async ({ token, role }) => {
    const peer = new RTCPeerConnection();
    const video = document.createElement("video");
    [video.muted, video.autoplay, video.playsInline] = [true, true, true];
    document.body.replaceChildren(video);
    peer.addEventListener("track", (event) => {
      if (event.track.kind === "video") video.srcObject = new MediaStream([event.track]);
    });
    peer.addTransceiver("video", { direction: "recvonly" });
    peer.addTransceiver("audio", { direction: "recvonly" });
    await peer.setLocalDescription();
    const answer = await fetch(`/api/v1/whep?role=${role}`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/sdp" },
      body: peer.localDescription.sdp,
      credentials: "omit",
    });
    const sdp = await answer.text();
    if (answer.status !== 201) throw new Error(`${answer.status}: ${sdp}`);
    await peer.setRemoteDescription({ type: "answer", sdp });
    const numbers = [];
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    const look = () => {
      [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
      pen.drawImage(video, 0, 0);
      // The cells of the burnt-in number: columns 1 to 12 of rows 42 and 43 of 80 × 45.
      const cell = (column, row) => {
        const at = (of, n, size) => Math.floor(((n + 0.5) / of) * size);
        const [r, g, b] = pen.getImageData(at(80, column, canvas.width), at(45, row, canvas.height), 1, 1).data;
        return 0.299 * r + 0.587 * g + 0.114 * b > 128 ? 1 : 0;
      };
      const cells = [];
      for (const row of [42, 43]) for (let column = 1; column <= 12; column++) cells.push(cell(column, row));
      const legible = cells[0] === 1 && cells[1] === 0 && cells[22] === 0 && cells[23] === 1;
      if (legible) numbers.push(cells.slice(2, 22).reduce((number, bit) => number * 2 + bit, 0) >> 10);
      video.requestVideoFrameCallback(look);
    };
    video.requestVideoFrameCallback(look);
    window.story = { peer, video, numbers, at: answer.headers.get("location") };
  },
  { token, role },
);

/** What the browser itself says of what it has decoded. */
const stats = () =>
  page.evaluate(async () => {
    const { peer, video, numbers } = window.story;
    const all = [...(await peer.getStats()).values()];
    const inbound = all.find((one) => one.type === "inbound-rtp" && one.kind === "video");
    return {
      state: peer.connectionState,
      decoded: inbound?.framesDecoded ?? 0,
      keyframes: inbound?.keyFramesDecoded ?? 0,
      lost: inbound?.packetsLost ?? 0,
      delay_s: inbound?.jitterBufferDelay / inbound?.jitterBufferEmittedCount,
      codec: all.find((one) => one.id === inbound?.codecId)?.mimeType ?? null,
      width: video.videoWidth,
      height: video.videoHeight,
      seen: numbers.length,
    };
  });

/** Waits until as many frames are decoded and some are seen. */
async function until(decoded) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const now = await stats();
    if (now.decoded >= decoded && now.seen >= 25) return now;
    assert(Date.now() < end, `nothing is played: ${JSON.stringify(now)}`);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

const first = await until(50);
const second = await until(first.decoded + 75);
const numbers = await page.evaluate(() => window.story.numbers);
const ended = await page.evaluate(async (token) => {
  const headers = { authorization: `Bearer ${token}` };
  return (await fetch(window.story.at, { method: "DELETE", headers, credentials: "omit" })).status;
}, token);
// The farewell: DTLS and RTCP say that it is over, and the browser takes it.
await page.waitForFunction(() => ["closed", "failed", "disconnected"].includes(window.story.peer.connectionState));
assert.deepEqual(wrong, []);
console.log(JSON.stringify({ first, second, numbers, ended }));
await browser.close();
