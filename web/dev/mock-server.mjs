/**
 * A dev tool: stands in for khue while screens are being made. It speaks the
 * HTTP API and the media socket of docs/design/0001-spine.md and
 * 0003-ways-to-watch.md from clips that loop, and has a camera for each state
 * a tile can show. It proves nothing about khue; the tests that count run the
 * real program. `mock-ways.mjs` has the ways to watch beside the socket, `mock-places.mjs`
 * the organisations, sites and lists of cameras, `mock-rights.mjs` agreements,
 * rules, and what waits for somebody.
 *
 *   node dev/mock-server.mjs [--port 8787] [--pictures DIR] [--empty] [--small]
 *
 * Users: admin / quan-tri-12 · trucban / truc-ban-12 · moi / mot-lan (must choose) ·
 * haibuoc / hai-buoc-12 (code 123456, or MATM-OTLA-N234) · chuadat / chua-dat-12
 * (administrator who must set it up). Every code is 123456, and wrong for who begins.
 * `PUT /mock/confirm` makes every sign-in one that must confirm that it is them.
 * With web/dist built, it serves the client too, under the policy khue has.
 * `PUT /mock/rules` with some of the terms of the rules makes them so, as `mock-rights.mjs` says.
 * `PUT /mock/disk` with `{"full": true}` or `{"unreadable_files": 3}` spoils its disk.
 */
import { createHash, randomUUID } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { WebSocketServer } from "ws";
import { encode, encodeSound, FPS, FRAME_US, fragment, stills } from "./clip.mjs";
import { fold, makePlaces, organisations, sites } from "./mock-places.mjs";
import { makeRights } from "./mock-rights.mjs";
import { makeWays, readToken, writeToken } from "./mock-ways.mjs";

const { values: options } = parseArgs({
  options: {
    port: { type: "string", default: "8787" },
    pictures: { type: "string" },
    empty: { type: "boolean", default: false },
    small: { type: "boolean", default: false },
  },
});
const DIST = fileURLToPath(new URL("../dist", import.meta.url));
const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const now = () => Date.now() * 1000;
const MIN = 60_000_000;
/** Recording of all cameras began three hours before the start, on the grid of frames. */
const BEGAN = Math.floor((now() - 180 * MIN) / 10_000_000) * 10_000_000;

console.log("encoding clips…");
const pictures = options.pictures
  ? readdirSync(options.pictures)
      .filter((f) => f.endsWith(".png"))
      .map((f) => join(options.pictures, f))
  : [];
const SIZES = options.small
  ? { main: { width: 640, height: 360, gop: 50 }, sub: { width: 320, height: 180, gop: 25 } }
  : { main: { width: 1280, height: 720, gop: 50 }, sub: { width: 640, height: 360, gop: 25 } };

/** The two streams of a camera; of the second set also as H.265. */
async function encodeBoth(how) {
  const [main, sub] = await Promise.all(["main", "sub"].map((role) => encode({ ...SIZES[role], ...how })));
  const { width, height, gop } = SIZES.sub;
  const pictures = await stills({ width, drawnHeight: height, height: 180, gop, ...how });
  return { main, sub: { ...sub, stills: pictures } };
}
const clips = [];
for (let i = 0; i < (options.small ? 1 : 4); i++)
  clips.push(
    await encodeBoth({ picture: pictures.length > 0 ? pictures[i % pictures.length] : undefined, hue: i * 90 }),
  );
const newer = { picture: pictures[0], hue: 200, coding: "h265" };
const h265 = await encodeBoth(newer);
const sound = await encodeSound();

/** What is on record of a camera of which nobody said anything. */
const UNSAID = {
  owner: null,
  investor: null,
  operator: null,
  maintainer: null,
  purposes: [],
  legal_basis: null,
  heading_deg: null,
  tilt_deg: null,
  height_m: null,
  fov_deg: null,
  link_kind: null,
  life_cycle: "in_service",
  life_cycle_since: null,
  notice_sign: null,
  notice_sign_reason: null,
};
const camera = (number, name, site, state, extra = {}) => ({
  id: `c${number}`,
  number,
  name,
  site,
  make: "simcam",
  clip: number % clips.length,
  state: { reason: null, since_us: BEGAN, ...state },
  may: { live: true, playback: true, export: true },
  /** `h264`, `h265` (both streams), `h265-main`, `h265-only` (no sub-stream). */
  coding: "h264",
  sound: false,
  transport: "auto",
  url: `rtsp://192.168.10.${number % 250}/main`,
  user: "admin",
  lag_us: 0,
  clock_offset_us: null,
  inherited_until: null,
  ...extra,
  particulars: {
    ...UNSAID,
    purposes: ["traffic"],
    legal_basis: "319/QĐ-UBND, 19/1/2024, UBND Thành phố",
    ...extra.particulars,
  },
});
const recording = { kind: "recording" };
const cameras = options.empty
  ? []
  : [
      camera(112, "PTZ toàn cảnh", "s1", recording),
      camera(113, "Hướng Đinh Tiên Hoàng", "s1", recording, { clock_offset_us: 182_300_000 }),
      camera(114, "Hướng Tràng Tiền", "s1", recording, {
        lag_us: 4_200_000,
        clock_offset_us: -25_200_400_000,
        may: { live: true, playback: true, export: false },
      }),
      // Since yesterday, whatever the hour: words with a date are the longest.
      camera(115, "Hướng Hàng Bài", "s1", { kind: "faulty", reason: "unreachable", since_us: now() - 25 * 60 * MIN }),
      camera(131, "Cổng chính", "s2", recording, { clock_offset_us: -40_000, sound: true }),
      camera(132, "Lối xe tải", "s2", recording, { sound: true, deaf: true }),
      camera(133, "Bãi gửi xe", "s2", { kind: "faulty", reason: "wrong_credentials", since_us: now() - 3 * MIN }),
      camera(134, "Lối thoát hiểm", "s2", { kind: "connecting", since_us: now() - 6_000_000 }),
      camera(201, "Sảnh đón", "s3", recording),
      camera(202, "Sân ga 1", "s3", recording, {
        inherited_until: "2027-02-27",
        particulars: { purposes: [], legal_basis: null },
        may: { live: false, playback: false, export: false },
      }),
      camera(203, "Nhà xe nhân viên", "s3", { kind: "disabled" }),
      camera(211, "Cửa soát vé", "s3", recording, { coding: "h265-main", sound: true, soundCodec: "ulaw" }),
      camera(212, "Hầm đường bộ", "s3", recording, { coding: "h265" }),
      camera(213, "Kho hành lý", "s3", recording, { coding: "h265-only" }),
    ];
const cameraOf = (id) => cameras.find((c) => c.id === id);
const rolesOf = (c) => (c.coding === "h265-only" ? ["main"] : ["main", "sub"]);
/** The recorded form of one of a camera's streams. */
const clipOf = (c, role) => {
  if (role === "sound") return sound;
  const newer = c.coding === "h265" || (c.coding !== "h264" && role === "main");
  return (newer ? h265 : clips[c.clip])[role];
};
/** Returns what is sent for an op, or the code of its refusal. */
/** What a device says of itself: one lens, or a recorder with several. */
function surveyed(host, count, clock_offset_us) {
  const found = {
    ptz: count === 1 ? "proved" : "absent",
    relays: "absent",
    analytics: "failed",
    recording: "worked_around",
  };
  const names = "clock identity network profiles streams snapshot ptz imaging events relays analytics recording";
  const features = names.split(" ").map((feature) => ({ feature, found: found[feature] ?? "proved", words: null }));
  const stream = (path, codec, width, height) => ({
    urls: [`rtsp://${host}/${path}`],
    codec,
    width,
    height,
    fps: 25,
  });
  const channels = Array.from({ length: count }, (_, at) => ({
    name: count === 1 ? "MainStream" : `Channel${at + 1}`,
    main: stream(`ch${at + 1}/main`, "H265", 2560, 1440),
    sub: stream(`ch${at + 1}/sub`, "H264", 640, 360),
  }));
  return {
    url: `http://${host}/onvif/device_service`,
    make: "Hãng Mẫu",
    model: count === 1 ? "IPC-2K" : "NVR-4",
    firmware: "V5.7.3 build 230512",
    serial: "MB0123456789",
    macs: ["02:00:5e:00:53:01"],
    clock_offset_us,
    certificate: null,
    channels,
    features,
  };
}

function formOf(c, role, form) {
  const clip = clipOf(c, role);
  if (!clip) return { refused: "not_found" };
  const codec = role === "sound" ? (c.soundCodec ?? clip.codec) : clip.codec;
  if (!form || (form === "h264" && codec.startsWith("avc1")) || (form === "aac" && codec.startsWith("mp4a")))
    return { clip, codec, from: null };
  if (!ways.settings.worker) return { refused: "no_worker" };
  if (ways.settings.convert !== "ok") return { refused: ways.settings.convert };
  const made = role === "sound" ? sound : clips[c.clip][role];
  return { clip: made, codec: made.codec, from: codec };
}
/** Where nothing was recorded, minutes before the start. */
const GAPS = [
  { from: 150, to: 141, reason: "crashed" },
  { from: 40, to: 37, reason: "unreachable" },
  { from: 6, to: 5, reason: "disk_too_slow" },
].map((g) => ({ from_us: BEGAN + (180 - g.from) * MIN, to_us: BEGAN + (180 - g.to) * MIN, reason: g.reason }));
const gapsOf = (c) => [
  ...(c.number % 2 === 0 ? GAPS : GAPS.slice(0, 1)),
  ...(c.state.kind === "recording"
    ? []
    : [{ from_us: c.state.since_us, to_us: null, reason: c.state.reason ?? "stopped" }]),
];
const rowOf = (c, user) => ({
  id: c.id,
  number: c.number,
  name: c.name,
  site: c.site,
  make: c.make,
  class: c.class ?? "ordinary",
  inherited_until: c.inherited_until,
  sound: c.sound,
  streams: rolesOf(c).map((role) => {
    const { width, height, codec } = clipOf(c, role);
    return { id: `${c.id}-${role}`, role, width, height, codec };
  }),
  state: c.state,
  may: {
    ...(user.role !== "operator" ? { live: false, playback: false, export: false } : c.may),
    sound: user.role === "operator" && c.sound && !c.deaf,
    override: grants.some((one) => one.terms.subject.id === user.id && one.terms.actions.includes("override")),
    share: user.role === "administrator",
    configure: user.role === "administrator",
  },
});

const users = [
  { id: "u1", name: "admin", display_name: "Quản trị", role: "administrator", password: "quan-tri-12" },
  { id: "u2", name: "trucban", display_name: "Trực ban 02", role: "operator", password: "truc-ban-12" },
  { id: "u4", name: "kiemtra", display_name: "Kiểm tra", role: "auditor", password: "kiem-tra-12" },
  { id: "u3", name: "moi", display_name: "Nguyễn Văn Mới", role: "operator", password: "mot-lan", must: true },
  { id: "u5", name: "haibuoc", display_name: "Trần Thị Hai", role: "operator", password: "hai-buoc-12", totp: now() },
  {
    id: "u6",
    name: "chuadat",
    display_name: "Lê Quản Trị",
    role: "administrator",
    password: "chua-dat-12",
    owes: true,
  },
];
/** `PUT /mock/sign-in`: another installation that says who one is, and with what word it leads back. */
let signInWays = { oidc: null, word: "" };
const signIns = new Map();
const recovery = () => Array.from({ length: 10 }, (_, i) => `7KMQ-XF3D-9TR${"ABCDEFGHJK"[i]}`);
const apiTokens = [
  {
    id: "t1",
    name: "Bản đồ của phường",
    scopes: ["cameras:read", "status:read"],
    made_us: now() - 20 * 86_400e6,
    expires_us: now() + 70 * 86_400e6,
    used_us: now() - 3 * MIN,
    user: users[1],
  },
];
const MUST_CONFIRM = fail(403, "confirm_it_is_you", "confirm that it is you first");
/** What a person does with how they get in. */
function accountAnswer(method, path, body, signIn, headers) {
  const { user } = signIn;
  const right = body?.code?.replace(/\s/g, "") === "123456";
  const wrong = fail(400, "wrong_code", "the code is wrong or was used already", { field: "code" });
  const deviceRow = ([id, s]) => ({
    id,
    opened_us: s.opened_us,
    seen_us: s.opened_us,
    address: "10.0.0.7",
    agent: s.agent ?? headers["user-agent"] ?? "",
    this: s === signIn,
  });
  const devicesOf = (one) => [...signIns].filter(([, s]) => s.user === one && !s.asked).map(deviceRow);
  if (path === "/session/second-factor" && method === "POST") {
    if (!right && body.code !== "MATM-OTLA-N234") return wrong;
    signIn.asked = false;
    return { status: 200, body: sessionOf(signIn) };
  }
  if (path === "/session/confirm") {
    if (body.password !== undefined && body.password !== user.password)
      return fail(400, "wrong_password", "the current password is wrong", { field: "password" });
    if (body.code !== undefined && !right) return wrong;
    signIn.mustConfirm = false;
    return { status: 204 };
  }
  if (path === "/session/second-factor" && method === "GET")
    return {
      status: 200,
      body: { totp_since_us: user.totp ?? null, recovery_codes: user.totp ? 9 : 0, required: user.id === "u6" },
    };
  if (path.startsWith("/session/second-factor") && signIn.mustConfirm && method !== "PUT") return MUST_CONFIRM;
  if (path === "/session/second-factor") {
    user.totp = null;
    return { status: 204 };
  }
  if (path.endsWith("/recovery-codes")) return { status: 200, body: { recovery_codes: recovery() } };
  if (path.endsWith("/totp") && method === "POST") {
    const dark = (x, y) =>
      (x * 7 + y * 13 + x * y) % 3 === 0 || (x < 7 && y < 7) || (x > 25 && y < 7) || (x < 7 && y > 25);
    let path = "";
    for (let y = 0; y < 33; y++) for (let x = 0; x < 33; x++) if (dark(x, y)) path += `M${x + 4} ${y + 4}h1v1h-1z`;
    const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    return { status: 200, body: { secret, uri: `otpauth://totp/Khu%C3%AA:${user.name}`, qr_size: 41, qr_path: path } };
  }
  if (path.endsWith("/totp")) {
    if (!right) return wrong;
    user.totp = now();
    user.owes = false;
    return { status: 200, body: { recovery_codes: recovery() } };
  }
  if (path === "/api-tokens" && method === "GET")
    return {
      status: 200,
      body: { tokens: apiTokens.filter((one) => one.user === user).map(({ user: _, ...row }) => row) },
    };
  if (path === "/api-tokens") {
    if (signIn.mustConfirm) return MUST_CONFIRM;
    const { name, scopes, days } = body;
    const expires_us = now() + days * 86_400e6;
    const row = { id: randomUUID(), name, scopes, made_us: now(), expires_us, used_us: null };
    apiTokens.unshift({ ...row, user });
    return { status: 201, body: { id: row.id, token: "khue_Zb4mT0q7Yw2xVn8RkP5sLd1HcGfJ3aQe9UiOo6tXyBE", expires_us } };
  }
  if (path.startsWith("/api-tokens/"))
    apiTokens.splice(
      apiTokens.findIndex((one) => one.id === path.split("/")[2]),
      1,
    );
  if (path === "/devices" && method === "GET") return { status: 200, body: { devices: devicesOf(user) } };
  if (path === "/devices") for (const [id, s] of signIns) if (s.user === user && s !== signIn) signIns.delete(id);
  if (path.startsWith("/devices/")) signIns.delete(path.split("/")[2]);
  const other = /^\/people\/([^/]+)\/(devices|second-factor)$/.exec(path);
  const whose = users.find((one) => one.id === other?.[1]);
  if (other?.[2] === "devices") return { status: 200, body: { devices: devicesOf(whose) } };
  if (other) {
    if (signIn.mustConfirm) return MUST_CONFIRM;
    if (!whose.totp) return fail(404, "not_found", "there is no such second factor");
    whose.totp = null;
  }
  return { status: 204 };
}
const holds = [];
/** How the disk is; a `PUT /mock/disk` of some of it makes it so. */
const disk = { used_bytes: 41e9, ceiling_bytes: 100e9, free_bytes: 212e9, full: false, unreadable_files: 0 };
const exportsMade = new Map();
/** What tokens were asked for since the rules were last changed; `GET /mock/tokens` tells. */
let tokensAsked = [];
let failures = 0;

function fail(status, code, message, extra = {}) {
  return { status, body: { code, message, ...extra } };
}

const ways = makeWays({ began: BEGAN, now, clipOf, cameraOf, gapsOf, fail });

const places = makePlaces({
  cameras,
  rowOf,
  add: (number, name, site, url) =>
    cameras.push(camera(number, name, site, { kind: "disabled" }, { url, recording: false })),
  fail,
});

/** The envelope for emergencies, and whose account it opens. */
const envelope = { secret: "ABCDE23456", opened: [] };
const SEALED = { id: "u-sealed", name: "khancap", display_name: "Tài khoản khẩn cấp", role: "administrator" };

/** Who there is; a password that was told is another each time. */
function peopleAnswer(method, path, body, asker) {
  if (asker.role !== "administrator") return fail(403, "forbidden", "people are managed by administrators");
  const row = ({ id, name, display_name, role, must, organisation = null, signatory = false, active = true }) => ({
    id,
    name,
    display_name,
    role,
    has_password: !must,
    single_sign_on: name === "lan",
    organisation,
    signatory,
    active,
  });
  const invited = (one) => {
    Object.assign(one, { must: true, password: `MOT-LAN-${randomUUID().slice(0, 4).toUpperCase()}` });
    for (const [id, s] of signIns) if (s.user === one) signIns.delete(id);
    return { person: row(one), one_time_password: one.password };
  };
  if (path === "/people" && method === "GET")
    return { status: 200, body: { people: users.map(row).sort((a, b) => (a.name < b.name ? -1 : 1)) } };
  if (path === "/people") {
    const name = body.name.trim().toLowerCase();
    if (!/^[a-z0-9._@-]{1,64}$/.test(name)) return fail(400, "invalid", "a name has letters a-z", { field: "name" });
    if (users.some((one) => one.name === name)) return fail(409, "taken", "the name is taken", { field: "name" });
    const added = { id: randomUUID(), name, display_name: body.display_name, role: body.role };
    added.organisation = body.organisation ?? null;
    users.push(added);
    return { status: 201, body: invited(added) };
  }
  const [, , id, act] = path.split("/");
  const one = users.find((other) => other.id === id);
  if (one === asker) return fail(409, "in_use", "nobody changes themselves");
  if (!one) return fail(404, "not_found", "there is no such person");
  if (act === "one-time-password") return { status: 200, body: invited(one) };
  if (method === "PATCH") {
    Object.assign(one, body);
    if (body.active === false) for (const [key, s] of signIns) if (s.user === one) signIns.delete(key);
    return { status: 200, body: row(one) };
  }
  for (const [key, s] of signIns) if (s.user === one) signIns.delete(key);
  users.splice(users.indexOf(one), 1);
  return { status: 204 };
}

const grants = [
  {
    id: "g1",
    terms: {
      subject: { kind: "person", id: "u2" },
      scope: { kind: "all" },
      class: "ordinary",
      actions: ["live", "playback", "export", "ptz", "sound"],
      ptz_priority: 5,
      from_us: null,
      until_us: null,
      hours: null,
      basis: "Quyền khởi tạo của hệ thống",
    },
    given_by: null,
    given_at_us: BEGAN,
    pending: false,
    origin: "office",
    may_revoke: true,
  },
  {
    id: "g2",
    terms: {
      subject: { kind: "person", id: "u2" },
      scope: { kind: "site", id: "s3" },
      class: "ordinary",
      purposes: ["traffic"],
      permission_set: null,
      out_of: null,
      actions: ["live", "playback", "share", "override"],
      ptz_priority: 5,
      most_lines: 1080,
      playback_days: 30,
      from_us: null,
      until_us: null,
      hours: null,
      basis: "Phân công 31/PC-CATP",
    },
    given_by: "Quản trị",
    given_at_us: BEGAN,
    pending: false,
    origin: "office",
    may_revoke: true,
  },
];
/** As `GET /grants` tells them to whoever asks. */
const grantRow = (one, asker) => ({
  ...one,
  out_of_basis: grants.find((whole) => whole.id === one.terms.out_of)?.terms.basis ?? null,
  may_revoke: asker.role === "administrator" || one.by === asker.id,
});
const rights = makeRights({ now, began: BEGAN, cameras, users, grants, fail });

/** What somebody may do here: administrators arrange, operators watch by what was given. */
function heldBy(user) {
  if (user.role === "administrator") return ["see", "configure", "share", "plan"];
  if (user.role === "auditor") return [];
  const of = grants.filter((one) => one.terms.subject.id === user.id && !one.pending);
  const given = new Set(of.flatMap((one) => one.terms.actions));
  if (given.size > 0) given.add("see");
  return ["see", "live", "playback", "export", "ptz", "sound"].filter((one) => given.has(one));
}

function rightsAnswer(path, query, asker) {
  if (asker.role !== "administrator") return fail(403, "forbidden", "grants are given by administrators");
  const [, family, id] = path.split("/");
  if (family === "cameras") {
    const people = users.map((one) => {
      return { person: one.id, name: one.name, display_name: one.display_name, actions: heldBy(one) };
    });
    return { status: 200, body: { people: people.filter((one) => one.actions.length > 0) } };
  }
  const user = users.find((one) => one.id === (id ?? query.get("person")));
  if (!user) return fail(404, "not_found", "there is no such person");
  const actions = heldBy(user);
  if (family === "people") {
    const groups = actions.length > 0 ? [{ actions, cameras: cameras.map((one) => one.id) }] : [];
    return { status: 200, body: { groups } };
  }
  const action = query.get("action");
  const age = query.has("from_us") ? now() - Number(query.get("from_us")) : 0;
  const told = grants
    .filter((one) => one.terms.subject.id === user.id)
    .map((grant) => {
      const { actions, most_lines, playback_days } = grant.terms;
      const standing = () => {
        if (!actions.includes(action)) return "other_action";
        if (grant.pending) return "not_agreed";
        if (most_lines != null && Number(query.get("lines") ?? 0) > most_lines) return "too_fine";
        if (playback_days != null && action !== "live" && age > playback_days * 86_400e6) return "too_old";
        return "allows";
      };
      return { grant, standing: standing() };
    });
  const byRole = actions.includes(action) && user.role === "administrator";
  const allowed = byRole || told.some(({ standing }) => standing === "allows");
  const rules = {
    version: 1,
    case_after_hours: { playback: 24, export: 0, sound: 0 }[action] ?? null,
    approval_after_minutes: action === "export" ? 60 : null,
  };
  return { status: 200, body: { allowed, denied: allowed ? null : "no grant gives this", grants: told, rules } };
}

/** Grants, as administrators list, give, agree to and revoke them. */
function grantsAnswer(method, path, query, body, asker) {
  if (path === "/grants" && method === "GET") {
    const concerns = (one) =>
      asker.role === "administrator" || one.terms.subject.id === asker.id || one.by === asker.id;
    const asked = query.get("q")?.toLowerCase() ?? "";
    const whose = (one) => users.find((user) => user.id === one.terms.subject.id)?.display_name ?? "";
    const fits = (one) =>
      concerns(one) &&
      (query.get("pending") === null || String(Boolean(one.pending)) === query.get("pending")) &&
      `${whose(one)} ${one.terms.basis}`.toLowerCase().includes(asked);
    const all = grants.filter(fits).reverse();
    const most = Number(query.get("most") ?? 200);
    return {
      status: 200,
      body: {
        grants: all.slice(0, most).map((one) => grantRow(one, asker)),
        total: all.length,
        next: most < all.length ? most : null,
      },
    };
  }
  const whole = grants.find((one) => one.id === body?.out_of);
  const shares = whole?.terms.subject.id === asker.id && whole.terms.actions.includes("share");
  const own = grants.some((one) => path.split("/")[2] === one.id && one.by === asker.id);
  if (asker.role !== "administrator" && !shares && !own)
    return fail(403, "forbidden", "grants are given by administrators");
  if (path === "/grants") {
    if (body.hours && !/^[1-7]/.test(body.hours)) return fail(400, "invalid", "no hours", { field: "hours" });
    const pending = body.class === "defence";
    const followed = rights.setOf(body.permission_set);
    const bounds = followed ?? body;
    const given = {
      id: randomUUID(),
      terms: {
        ...body,
        actions: [...bounds.actions],
        most_lines: bounds.most_lines ?? null,
        playback_days: bounds.playback_days ?? null,
      },
      by: asker.id,
      given_by: asker.display_name,
      given_at_us: now(),
      pending,
      origin: body.out_of ? "grant" : "office",
    };
    grants.push(given);
    return { status: 201, body: grantRow(given, asker) };
  }
  const at = grants.findIndex((one) => path.split("/")[2] === one.id);
  if (at < 0) return fail(404, "not_found", "there is no such grant");
  if (method === "DELETE") {
    grants.splice(at, 1);
    return { status: 204 };
  }
  return fail(409, "taken", "somebody else agrees to what you gave", { field: "id" });
}

/** Three hundred entries, one a minute, of all kinds. */
const audit = Array.from({ length: 300 }, (_, i) => {
  const acts = ["live", "playback", "sign_in", "export", "hold", "camera", "user", "sign_out"];
  const [act, camera] = [acts[i % acts.length], cameras[i % cameras.length]];
  const isSystem = i === 0;
  const refused = { live: "forbidden", sign_in: "wrong_sign_in" }[act];
  const by = users[i % 2 === 0 ? 1 : 0];
  return {
    n: i + 1,
    hash: String(i).padStart(64, "0"),
    at_us: BEGAN + i * MIN,
    act: isSystem ? "start" : act,
    refused: i % 11 === 10 && refused ? refused : null,
    who: isSystem ? null : { user: by.id, name: by.name },
    from: isSystem ? null : `10.0.0.${(i % 7) + 1}`,
    object:
      isSystem || act.startsWith("sign")
        ? null
        : act === "user"
          ? { kind: "user", id: by.id, name: "hong.nt" }
          : { kind: "camera", id: camera.id, name: `${camera.number} · ${camera.name}` },
    purpose: ["playback", "export"].includes(act) ? `Va chạm giao thông, hồ sơ ${i}/2026` : null,
    details:
      {
        live: { role: "sub", way: "mse" },
        user: { change: "added", role: "operator" },
        camera: { change: "changed", name: "Cổng → Cổng phụ" },
      }[act] ?? {},
  };
});
const said = (e) => fold([e.who?.name, e.object?.name, e.purpose, ...Object.values(e.details)].join(" "));
function auditPage(query) {
  const asked = (name) => query.get(name);
  const takes = (e) =>
    (!asked("act") || e.act === asked("act")) &&
    (!asked("refused") || e.refused) &&
    (!asked("user") || e.who?.user === asked("user")) &&
    (!asked("camera") || e.object?.id === asked("camera")) &&
    said(e).includes(fold(asked("q") ?? "")) &&
    (!asked("from_us") || e.at_us >= Number(asked("from_us"))) &&
    (!asked("to_us") || e.at_us < Number(asked("to_us")));
  const all = audit.filter(takes).reverse();
  const begin = Number((asked("next") ?? "1.0").split(".")[1]);
  const next = begin + 100 < all.length ? `1.${begin + 100}` : null;
  return { entries: all.slice(begin, begin + 100), next };
}

async function answer(request, path, query, body) {
  const method = request.method;
  const signIn = signIns.get(/__Host-khue=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]);
  const user = signIn?.user;
  if (path === "/session" && method === "POST") {
    if (failures >= 5) {
      failures = 0;
      return fail(429, "locked_out", "too many attempts", { retry_after_s: 42 });
    }
    const found = users.find((u) => u.name === body.name && u.password === body.password && u.active !== false);
    if (!found) {
      failures++;
      return fail(401, "wrong_sign_in", "the name or the password is wrong");
    }
    failures = 0;
    const id = randomUUID();
    const agent = request.headers["user-agent"];
    signIns.set(id, { user: found, csrf: randomUUID(), opened_us: now(), asked: Boolean(found.totp), agent });
    return {
      status: 200,
      body: sessionOf(signIns.get(id)),
      headers: { "set-cookie": `__Host-khue=${id}; Path=/; HttpOnly; Secure; SameSite=Strict` },
    };
  }
  if (path === "/session/break-glass") {
    if (body.secret.replaceAll("-", "").toUpperCase() !== envelope.secret)
      return fail(401, "wrong_sign_in", "the secret opens nothing");
    envelope.secret = null;
    const ends_us = now() + 4 * 3600 * 1e6;
    envelope.opened.unshift({
      id: randomUUID(),
      opened_us: now(),
      ends_us,
      address: "10.0.0.9",
      reason: body.reason,
      reviewed: null,
    });
    const id = randomUUID();
    const agent = request.headers["user-agent"];
    signIns.set(id, { user: SEALED, csrf: randomUUID(), opened_us: now(), agent, way: "sealed" });
    return {
      status: 200,
      body: sessionOf(signIns.get(id)),
      headers: { "set-cookie": `__Host-khue=${id}; Path=/; HttpOnly; Secure; SameSite=Strict` },
    };
  }
  if (path === "/session/ways") return { status: 200, body: { oidc: signInWays.oidc, passkey: false } };
  if (path === "/session/oidc" && method === "POST") return { status: 200, body: { url: "/mock/provider" } };
  if (!user) return fail(401, "signed_out", "sign in first");
  if (path === "/session/passkeys") return { status: 200, body: { passkeys: [], can_add: false } };
  if (path === "/session/confirm/oidc") return { status: 200, body: { url: "/mock/provider?confirm" } };
  if (method !== "GET" && request.headers["x-khue-csrf"] !== signIn.csrf)
    return fail(403, "forged", "the csrf header is missing");
  if (signIn.asked && !["/session", "/session/second-factor"].includes(path))
    return fail(403, "second_factor_asked", "a code is asked for first");
  if (
    path === "/session/confirm" ||
    /^\/(session\/second-factor|devices|api-tokens)|^\/people\/[^/]+\/(devices|second-factor)/.test(path)
  )
    return accountAnswer(method, path, body, signIn, request.headers);
  const undoes = method === "DELETE" || method === "POST";
  if (signIn.mustConfirm && undoes && /^\/(exports$|people\/)/.test(path)) return MUST_CONFIRM;
  if (user.must && !["/session", "/session/password"].includes(path))
    return fail(403, "must_choose_password", "choose a password first");
  if (path === "/session" && method === "GET") return { status: 200, body: sessionOf(signIn) };
  if (path === "/session" && method === "DELETE") {
    for (const [id, s] of signIns) if (s === signIn) signIns.delete(id);
    return { status: 204 };
  }
  if (path === "/session/password") {
    if (body.current !== user.password)
      return fail(400, "wrong_password", "the present password is wrong", { field: "current" });
    if (body.new.length < 12)
      return fail(400, "weak_password", "a password has at least 12 characters", { field: "new" });
    user.password = body.new;
    user.must = false;
    return { status: 204 };
  }
  if (path === "/tree")
    return { status: 200, body: { organisations, sites, cameras: cameras.map((c) => rowOf(c, user)) } };
  if (path === "/status") {
    const count = (kind) => cameras.filter((c) => c.state.kind === kind).length;
    return {
      status: 200,
      body: {
        cameras: { recording: count("recording"), connecting: count("connecting"), faulty: count("faulty") },
        disk,
        synced_us: now() - 3e6,
      },
    };
  }
  if (path === "/media-tokens" && method === "POST") {
    const c = cameras.find((x) => x.id === body.camera);
    if (!c) return fail(404, "not_found", "no such camera");
    if (!c.may.live || user.role === "administrator") return fail(403, "forbidden", "you may not see this camera");
    if (body.actions.includes("sound") && (!c.sound || c.deaf))
      return fail(403, "forbidden", "the sound of this camera is not authorised");
    if (body.actions.includes("sound") && !body.case && rights.asksCase("sound"))
      return fail(400, "case_asked", "the rules ask for a case", { field: "case" });
    const expires_us = now() + ways.settings.token_s * 1e6;
    const { purpose, case: number } = body;
    tokensAsked.push({ camera: c.id, actions: body.actions, purpose: purpose ?? null, case: number ?? null });
    const token = writeToken({ camera: c.id, actions: body.actions, purpose, case: number ?? null, expires_us });
    return { status: 200, body: { token, expires_us } };
  }
  if (path === "/cameras/find") {
    const at = (host, name, hardware) => ({
      endpoint: `urn:uuid:${host}`,
      urls: [`http://${host}/onvif/device_service`],
      name,
      hardware,
      location: null,
      profiles: ["Streaming", "T"],
    });
    return { status: 200, body: [at("192.168.10.20", "Cổng bắc", "IPC-2K"), at("192.168.10.8", null, "NVR-4")] };
  }
  if (path === "/cameras/survey") {
    const ip = Number(/\.(\d+)(?:[:/]|$)/.exec(body.url)?.[1] ?? 0);
    const bad = { 1: "unreachable", 3: "wrong_credentials", 5: "elsewhere", 6: "protocol", 7: "device_locks_out" }[ip];
    if (bad) return fail(422, bad, `the device is ${bad}`, { field: bad === "wrong_credentials" ? "password" : "url" });
    const host = new URL(body.url).hostname;
    return { status: 200, body: surveyed(host, ip === 8 ? 4 : 1, ip === 9 ? 3_723_000_000 : 400_000) };
  }
  if (path === "/cameras/probe") {
    const ip = Number(/\.(\d+)[:/]/.exec(body.url)?.[1] ?? 0);
    const bad = {
      1: "unreachable",
      2: "refused",
      3: "wrong_credentials",
      4: "not_found",
      5: "unsupported",
      6: "protocol",
      7: "silent",
    }[ip];
    if (bad) return fail(422, bad, `the camera is ${bad}`, { field: bad === "wrong_credentials" ? "password" : "url" });
    return { status: 200, body: { codec: "avc1.640028", width: 1920, height: 1080, fps: 25 } };
  }
  if (path === "/cameras" && method === "POST") {
    body.number ??= Math.max(0, ...cameras.map((c) => c.number)) + 1;
    if (cameras.some((c) => c.number === body.number))
      return fail(409, "taken", "another camera has this number", { field: "number" });
    if (body.retention_days > 3650) return fail(400, "invalid", "give 1 to 3650 days", { field: "retention_days" });
    if (body.recording !== false && !body.particulars?.purposes?.length)
      return fail(400, "invalid", "a camera is recorded for a purpose", { field: "purposes" });
    const made = camera(
      body.number,
      body.name,
      body.site,
      { kind: "connecting", since_us: now() },
      {
        url: body.url,
        sound: body.sound ?? false,
        transport: body.transport ?? "auto",
        particulars: { ...UNSAID, ...body.particulars },
      },
    );
    cameras.push(made);
    return { status: 201, body: rowOf(made, user) };
  }
  const placed = places.answer(method, path, query, body, signIn, MUST_CONFIRM);
  if (placed) return placed;
  const watched = await ways.answer(request, path, query, body, user);
  if (watched) return watched;
  if (path === "/timelines") {
    const ids = query.get("cameras").split(",");
    const asked = cameras.filter((c) => ids.includes(c.id));
    const [from, to] = [Number(query.get("from_us")), Number(query.get("to_us"))];
    return { status: 200, body: { timelines: Object.fromEntries(asked.map((c) => [c.id, timeline(c, from, to)])) } };
  }
  const one = /^\/cameras\/([^/]+)$/.exec(path);
  if (one) {
    const c = cameras.find((x) => x.id === one[1]);
    if (!c) return fail(404, "not_found", "no such camera");
    if (method === "DELETE") {
      cameras.splice(cameras.indexOf(c), 1);
      return { status: 204 };
    }
    if (method === "PATCH") {
      Object.assign(c, { ...body, particulars: { ...c.particulars, ...body.particulars } });
      if (c.particulars.purposes.length > 0 && c.particulars.legal_basis) c.inherited_until = null;
    }
    const { clock_offset_us, url, user: name, transport, particulars } = c;
    const kept = { recording: c.recording ?? true, retention_days: c.retention_days ?? 30 };
    const detail = { clock_offset_us, url, user: name, transport, particulars, ...kept };
    return { status: 200, body: { ...rowOf(c, user), ...detail } };
  }
  if (path === "/exports" && method === "POST") {
    const c = cameras.find((x) => x.id === body.camera);
    if (!body.case && rights.asksCase("export"))
      return fail(400, "case_asked", "the rules ask for a case", { field: "case" });
    if (rights.asksApproval(body, user))
      return fail(403, "approval_asked", "the rules ask for a second person", { field: "approval" });
    const id = randomUUID();
    const name = `camera-${c.number}`;
    const sha256 = body.data_request ? createHash("sha256").update(id).digest("hex") : null;
    const bytes = exportFile(c, body);
    exportsMade.set(`${id}/${name}.mp4`, bytes);
    const { from_us, to_us } = body;
    if (sha256)
      rights.handedOver(body.data_request, { camera: c.id, from_us, to_us, sha256, size_bytes: bytes.length }, user);
    return {
      status: 201,
      body: {
        id,
        url: `/api/v1/exports/${id}/${name}.mp4`,
        name: `${name}.mp4`,
        from_us: body.from_us,
        to_us: body.to_us,
        frames: Math.floor((body.to_us - body.from_us) / FRAME_US),
        size_bytes: bytes.length,
        sha256,
      },
    };
  }
  if (path.endsWith("/rights") || path === "/explanations") return rightsAnswer(path, query, user);
  if (path.startsWith("/break-glass")) {
    if (user.role !== "administrator") return fail(403, "forbidden", "people are managed by administrators");
    if (method === "GET")
      return { status: 200, body: { sealed_us: envelope.secret ? BEGAN : null, opened: envelope.opened } };
    const one = envelope.opened.find((other) => path === `/break-glass/${other.id}/review`);
    if (!one) return fail(404, "not_found", "there is no such opened envelope");
    one.reviewed = { at_us: now(), by: user.display_name, note: body.note };
    return { status: 204 };
  }
  if (path === "/people" || path.startsWith("/people/")) return peopleAnswer(method, path, body, user);
  if (path === "/grants" || path.startsWith("/grants/")) return grantsAnswer(method, path, query, body, user);
  const ruled = rights.answer(method, path, body, user);
  if (ruled) return ruled;
  if (path === "/audit") {
    if (user.role !== "auditor") return fail(403, "forbidden", "the audit is read by auditors");
    return { status: 200, body: auditPage(query) };
  }
  if (path === "/holds" && method === "GET") return { status: 200, body: { holds } };
  if (path === "/holds" && method === "POST") {
    holds.push({ id: randomUUID(), ...body, by: user.display_name, made_us: now() });
    return { status: 201, body: holds.at(-1) };
  }
  if (path.startsWith("/holds/") && method === "DELETE") {
    holds.splice(
      holds.findIndex((h) => path.endsWith(h.id)),
      1,
    );
    return { status: 204 };
  }
  return fail(404, "not_found", "no such path");
}

/** Another installation that lets everybody in as trucban, unless it is said how it ends. */
function provided(request, url) {
  const own = signIns.get(/__Host-khue=([^;]+)/.exec(request.headers.cookie ?? "")?.[1]);
  const confirms = url.searchParams.has("confirm");
  const word = confirms ? "confirmed" : signInWays.word;
  if (confirms && own) own.mustConfirm = false;
  if (word) return { status: 303, headers: { location: `/?sso=${word}` } };
  const id = randomUUID();
  const agent = request.headers["user-agent"];
  signIns.set(id, { user: users[1], csrf: randomUUID(), opened_us: now(), asked: false, agent, way: "provider" });
  const cookie = `__Host-khue=${id}; Path=/; HttpOnly; Secure; SameSite=Strict`;
  return { status: 303, headers: { location: "/", "set-cookie": cookie } };
}

function sessionOf({ user, csrf, asked, way = "password" }) {
  const { id, name, display_name, role, must, totp, owes } = user;
  const second_factor = asked ? "asked" : totp ? "set" : owes ? "required" : "none";
  return {
    user: {
      id,
      name,
      display_name,
      role,
      must_choose_password: Boolean(must),
      has_password: way !== "provider",
      has_passkey: false,
      has_totp: Boolean(totp),
      way,
      second_factor,
    },
    csrf,
    server_time_us: now(),
    version: "0.1.0-mock",
    demo: true,
    ways: ways.sessionWays(),
  };
}

function timeline(c, from, to) {
  const end = now() - 1_000_000;
  const gaps = gapsOf(c).map((g) => ({ ...g, to_us: g.to_us ?? end }));
  const runs = [];
  let at = BEGAN + 20 * MIN;
  for (const gap of gaps) {
    if (gap.from_us > at) runs.push({ from_us: at, to_us: gap.from_us });
    at = Math.max(at, gap.to_us);
  }
  if (at < end) runs.push({ from_us: at, to_us: end });
  const inside = (s) => s.to_us > from && s.from_us < to;
  return {
    runs: runs.filter(inside),
    gaps: gaps.filter((g) => inside(g) && g.from_us >= BEGAN + 20 * MIN),
    deleted: [{ from_us: BEGAN, to_us: BEGAN + 20 * MIN, rule: "age" }].filter(inside),
    first_us: BEGAN + 20 * MIN,
    last_us: end,
    synced_us: end - 3_000_000,
  };
}

function exportFile(c, { role, from_us, to_us }) {
  const clip = clipOf(c, role);
  const first = Math.floor((from_us - BEGAN) / FRAME_US / clip.gop) * clip.gop;
  const last = Math.ceil((to_us - BEGAN) / FRAME_US);
  return Buffer.concat([clip.init, fragment(clip, 0, first, Math.min(3000, last - first))]);
}

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  const bytes = Buffer.concat(parts);
  if (request.headers["content-type"] === "application/octet-stream") return bytes;
  const text = bytes.toString();
  if (/sdp|text\/plain/.test(request.headers["content-type"] ?? "") && !request.url.startsWith("/mock/")) return text;
  return text ? JSON.parse(text) : {};
}

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
  ".txt": "text/plain",
};

function send(response, { status, body, text, raw, headers = {} }) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(raw ?? text ?? (body === undefined ? "" : JSON.stringify(body)));
}

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  if (url.pathname.startsWith("/api/v1/exports/") && request.method === "GET") {
    const bytes = exportsMade.get(url.pathname.slice("/api/v1/exports/".length));
    response.writeHead(bytes ? 200 : 404, { "content-type": "video/mp4", "content-disposition": "attachment" });
    return response.end(bytes);
  }
  if (url.pathname.startsWith("/api/v1/")) {
    return send(response, await answer(request, url.pathname.slice(7), url.searchParams, await bodyOf(request)));
  }
  if (url.pathname.startsWith("/mock/")) {
    const body = request.method === "GET" ? {} : await bodyOf(request);
    const found = await ways.backstage(request.method, url.pathname, body, response);
    if (found) return send(response, found);
    if (url.pathname === "/mock/sign-in") signInWays = { oidc: null, word: "", ...body };
    if (url.pathname === "/mock/provider") return send(response, provided(request, url));
    if (url.pathname === "/mock/tokens") return send(response, { status: 200, body: tokensAsked });
    if (url.pathname === "/mock/rules") {
      rights.setRules(body);
      tokensAsked = [];
    }
    if (url.pathname === "/mock/disk") Object.assign(disk, body);
    if (url.pathname === "/mock/confirm") for (const s of signIns.values()) s.mustConfirm = true;
    return response.writeHead(204).end();
  }
  let file = join(DIST, normalize(url.pathname));
  if (!existsSync(file) || url.pathname === "/") file = join(DIST, "index.html");
  if (!existsSync(file)) return response.writeHead(404).end("no dist: npm run build, or use npm run dev");
  response.writeHead(200, {
    "content-type": TYPES[extname(file)] ?? "application/octet-stream",
    "content-security-policy": CSP,
    "cache-control": file.startsWith(join(DIST, "assets")) ? "public, max-age=31536000, immutable" : "no-cache",
  });
  response.end(readFileSync(file));
});

const sockets = new WebSocketServer({ server, path: "/api/v1/media" });
const channels = new Map();
let nextPast = 1000;

function header(kind, key, channel, wall) {
  const b = Buffer.alloc(16);
  b.writeUInt8(kind, 0);
  b.writeUInt8(key ? 1 : 0, 1);
  b.writeUInt32BE(channel, 4);
  b.writeBigInt64BE(BigInt(wall), 8);
  return b;
}

sockets.on("connection", (ws) => {
  const mine = new Map();
  const tell = (message) => ws.readyState === 1 && ws.send(JSON.stringify(message));
  const piece = (kind, key, channel, wall, bytes) =>
    ws.readyState === 1 && ws.send(Buffer.concat([header(kind, key, channel, wall), bytes]));
  const sendInit = (channel, { clip, codec, from }, origin) => {
    const { width, height } = clip;
    tell({ type: "init", channel, codec, width, height, origin_us: origin, converted_from: from });
    piece(1, false, channel, 0, clip.init);
  };
  const refuse = (message, code) =>
    tell({ type: "refused", ref: message.ref, channel: null, code, message: `the op was refused: ${code}` });

  function openLive(message, c) {
    const sent = formOf(c, message.role, message.form);
    if (sent.refused) return refuse(message, sent.refused);
    const { clip } = sent;
    const key = `${c.id}-${message.role}-${message.form ?? ""}`;
    if (!channels.has(key)) channels.set(key, channels.size + 1);
    const channel = channels.get(key);
    mine.get(channel)?.();
    tell({ type: "opened", ref: message.ref, channel });
    const state = { recording: "live", connecting: "connecting" }[c.state.kind] ?? "no_data";
    tell({ type: "state", channel, state, since_us: c.state.since_us, reason: c.state.reason });
    if (state !== "live") return mine.set(channel, () => undefined);
    sendInit(channel, sent, BEGAN);
    const passed = now() - c.lag_us - BEGAN;
    let next =
      clip.kind === "sound"
        ? Math.floor(passed / clip.timeOf(1)) - 10
        : Math.floor(passed / FRAME_US / clip.gop) * clip.gop;
    let [origin, back] = [BEGAN, 0];
    const timer = setInterval(
      () => {
        if (clip.kind === "sound" && ways.settings.sound === "dry") return;
        for (; BEGAN + clip.timeOf(next + 1) <= now() - c.lag_us; next++) {
          const { key } = clip.frames[next % clip.frames.length];
          if (key && back !== ways.settings.back_s * 1e6) {
            back = ways.settings.back_s * 1e6;
            origin = BEGAN + clip.timeOf(next) - back;
            sendInit(channel, sent, origin);
          }
          const at = BEGAN + clip.timeOf(next) - back;
          piece(2, key, channel, at, fragment(clip, at - origin, next, 1));
        }
      },
      1000 / FPS / 2,
    );
    mine.set(channel, () => clearInterval(timer));
  }

  function openPast(message, c) {
    const sent = formOf(c, message.role, message.form);
    if (sent.refused) return refuse(message, sent.refused);
    const { clip } = sent;
    const channel = nextPast++;
    const gopOf = (us) => {
      let n = Math.floor((us - BEGAN) / clip.timeOf(clip.gop));
      while (BEGAN + clip.timeOf((n + 1) * clip.gop) <= us) n++;
      return n;
    };
    const startOf = (n) => BEGAN + clip.timeOf(n * clip.gop);
    tell({ type: "opened", ref: message.ref, channel });
    // Segments of a minute, each with an origin of its own, as on disk.
    let origin = null;
    let n = gopOf(message.from_us);
    const run = { credit: message.credit };
    run.go = () => {
      while (run.credit > 0) {
        const at = startOf(n);
        const gap = [{ from_us: BEGAN - 1e12, to_us: BEGAN + 20 * MIN, reason: "unknown" }, ...gapsOf(c)].find(
          (g) => at >= g.from_us && at < (g.to_us ?? Number.POSITIVE_INFINITY),
        );
        if (gap) {
          tell({ type: "gap", channel, ...gap, to_us: gap.to_us ?? now() });
          if (gap.to_us === null) return end("caught_up");
          n = gopOf(gap.to_us);
          if (startOf(n) < gap.to_us) n++;
          continue;
        }
        if (startOf(n + 1) > now() - 200_000) return end("caught_up");
        const segment = Math.floor(at / MIN) * MIN;
        if (segment !== origin) {
          origin = segment;
          sendInit(channel, sent, origin);
        }
        piece(3, true, channel, at, fragment(clip, Math.max(at - origin, 0), n * clip.gop, clip.gop));
        n++;
        run.credit--;
      }
    };
    const end = (reason) => {
      mine.delete(channel);
      tell({ type: "end", channel, reason });
    };
    mine.set(channel, () => undefined);
    mine.get(channel).run = run;
    run.go();
  }

  ws.on("message", (data) => {
    const message = JSON.parse(data.toString());
    if (message.op === "ping")
      return tell({ type: "pong", sent: message.sent, now_us: now() - ways.settings.back_s * 1e6 });
    if (message.op === "live" || message.op === "past") {
      const token = readToken(message.token);
      const c = cameraOf(token.camera);
      if (!c) return refuse(message, "not_found");
      if (message.op === "past" && !token.case && rights.asksCase(message.from_us))
        return refuse(message, "case_asked");
      if (message.role === "sound" && !token.actions.includes("sound")) return refuse(message, "forbidden");
      return message.op === "live" ? openLive(message, c) : openPast(message, c);
    }
    const stop = mine.get(message.channel);
    if (message.op === "credit" && stop?.run) {
      stop.run.credit += message.fragments;
      stop.run.go();
    }
    if (message.op === "stop" && stop) {
      stop();
      mine.delete(message.channel);
      tell({ type: "end", channel: message.channel, reason: "stopped" });
    }
  });
  ws.on("close", () => {
    for (const stop of mine.values()) stop();
  });
});

server.listen(Number(options.port), "127.0.0.1", () =>
  console.log(`mock khue on http://127.0.0.1:${server.address().port}`),
);
