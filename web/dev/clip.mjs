/**
 * Ten seconds of H.264 or H.265 and of AAC, made by the ffmpeg program, as
 * access units; and the few boxes that make fragments of them. Only for
 * `mock-server.mjs`.
 *
 * The lower edge of each picture holds its number in the clip as ten squares,
 * white for 1, so that a test can tell which frame it looks at.
 */
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const FPS = 25;
export const CLIP_FRAMES = 250;
export const FRAME_US = 1_000_000 / FPS;

/** How a moment of a clip is numbered: the n-th picture, or the n-th frame of sound. */
const pictureUs = (n) => n * FRAME_US;
const SOUND_HZ = 48_000;
const SOUND_FRAME = 1024;
const soundUs = (n) => Math.round((n * SOUND_FRAME * 1e6) / SOUND_HZ);

/** Encodes pictures: a test picture, or a still that is slowly panned. */
export async function encode({ width, height, gop, picture, hue, coding = "h264" }) {
  const coder = {
    h264: [
      ...["-c:v", "libx264", "-profile:v", "high", "-preset", "veryfast", "-b:v", width > 1000 ? "2500k" : "500k"],
      ...["-g", String(gop), "-keyint_min", String(gop), "-sc_threshold", "0", "-bf", "0"],
      ...["-x264-params", "aud=1:repeat-headers=1"],
    ],
    h265: [
      ...["-c:v", "libx265", "-preset", "ultrafast", "-b:v", width > 1000 ? "1500k" : "300k", "-x265-params"],
      `aud=1:repeat-headers=1:keyint=${gop}:min-keyint=${gop}:scenecut=0:bframes=0:open-gop=0:log-level=error`,
    ],
  }[coding];
  const format = coding === "h265" ? "hevc" : "h264";
  const bytes = await run("ffmpeg", [...drawn({ width, height, picture, hue }), ...coder, "-f", format, "-"]);
  const kind = coding === "h265" ? H265 : H264;
  const units = accessUnits(bytes, kind);
  const { codec, entry } = kind.entry(units[0].nals, width, height);
  return {
    kind: "pictures",
    width,
    height,
    gop,
    codec,
    timeOf: pictureUs,
    init: init({ width, height, entry }),
    frames: units.map((unit) => sample(unit, kind)),
  };
}

/** Encodes a tone that swells and fades, as AAC. Its length is a whole number of frames, a little over ten seconds. */
export async function encodeSound() {
  const tone = "sine=frequency=440:sample_rate=48000,tremolo=f=1:d=0.6";
  const args = ["-hide_banner", "-loglevel", "error", "-f", "lavfi", "-i", tone, "-t", "10.2", "-ac", "1"];
  const bytes = await run("ffmpeg", [...args, "-c:a", "aac", "-b:a", "64k", "-f", "adts", "-"]);
  const frames = [];
  for (let at = 0; at + 7 <= bytes.length; ) {
    const length = ((bytes[at + 3] & 3) << 11) | (bytes[at + 4] << 3) | (bytes[at + 5] >> 5);
    const head = bytes[at + 1] & 1 ? 7 : 9;
    frames.push({ key: true, bytes: bytes.subarray(at + head, at + length) });
    at += length;
  }
  const description = (tag, ...parts) => {
    const body = Buffer.concat(parts);
    return Buffer.concat([u8(tag, body.length), body]);
  };
  // AAC-LC, 48 kHz, one channel.
  const config = description(5, u8(0x11, 0x88));
  const decoder = description(4, u8(0x40, 0x15, 0, 0, 0), u32(64_000, 64_000), config);
  const esds = full("esds", 0, 0, description(3, u16(1), u8(0), decoder, description(6, u8(2))));
  const entry = box("mp4a", Buffer.alloc(6), u16(1), Buffer.alloc(8), u16(1, 16), u32(0, SOUND_HZ * 0x10000), esds);
  return {
    kind: "sound",
    width: 0,
    height: 0,
    // About two seconds stand in a fragment of the past.
    gop: 94,
    codec: "mp4a.40.2",
    timeOf: soundUs,
    init: init({ width: 0, height: 0, entry, sound: true }),
    frames,
  };
}

/** Returns the keyframes of a clip as JPEG, in order. */
export async function stills({ height, gop, ...how }) {
  const pick = `select='not(mod(n\\,${gop}))',scale=-2:${height}`;
  const args = drawn({ ...how, height: how.drawnHeight, also: pick });
  const bytes = await run("ffmpeg", [...args, "-vsync", "0", "-c:v", "mjpeg", "-q:v", "5", "-f", "image2pipe", "-"]);
  const out = [];
  let start = 0;
  for (let i = 2; i + 1 < bytes.length; i++)
    if (bytes[i] === 0xff && bytes[i + 1] === 0xd9) {
      out.push(bytes.subarray(start, i + 2));
      start = i + 2;
    }
  return out;
}

/** What ffmpeg is told of the pictures themselves. */
function drawn({ width, height, picture, hue, also }) {
  const bits = Array.from({ length: 10 }, (_, bit) => {
    const x = Math.round((width / 12) * (bit + 1));
    const side = Math.round(width / 20);
    const box = `drawbox=x=${x}:y=${height - side}:w=${side}:h=${side}:t=fill`;
    return `${box}:color=black,${box}:color=white:enable='mod(floor(n/${2 ** bit})\\,2)'`;
  }).join(",");
  const source = picture
    ? ["-loop", "1", "-framerate", String(FPS), "-i", picture]
    : ["-f", "lavfi", "-i", `testsrc2=size=${width}x${height}:rate=${FPS}`];
  const move = picture
    ? `scale=${Math.round(width * 1.12)}:-2,crop=${width}:${height}:x='(iw-ow)/2*(1+sin(2*PI*t/10))':y='(ih-oh)/2'`
    : `hue=h=${hue}`;
  const filters = picture && process.env.KHUE_MOCK_CLEAN ? move : `${move},${bits}`;
  const limit = also ? ["-t", String(CLIP_FRAMES / FPS)] : ["-frames:v", String(CLIP_FRAMES)];
  const shown = also ? `${filters},${also},format=yuvj420p` : `${filters},format=yuv420p`;
  return ["-hide_banner", "-loglevel", "error", ...source, ...limit, "-vf", shown];
}

/** Where drawn clips are kept: all that they are is in the arguments, and each file of tests needs the same ones. */
const KEPT = fileURLToPath(new URL("../node_modules/.cache/khue-clips", import.meta.url));

/** Runs a program, or returns what it gave before to the same arguments. A picture on disk may have changed since. */
async function run(program, args) {
  if (args.includes("-loop")) return await runNow(program, args);
  const file = join(
    KEPT,
    createHash("sha256")
      .update(JSON.stringify([program, args]))
      .digest("hex"),
  );
  try {
    return readFileSync(file);
  } catch {
    // Not made yet.
  }
  const bytes = await runNow(program, args);
  mkdirSync(KEPT, { recursive: true });
  // Whole or not at all: another may look for it at this moment.
  const part = `${file}.${randomUUID()}`;
  writeFileSync(part, bytes);
  renameSync(part, file);
  return bytes;
}

function runNow(program, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
    const parts = [];
    child.stdout.on("data", (part) => parts.push(part));
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(Buffer.concat(parts)) : reject(new Error(`${program} ended with ${code}`)),
    );
  });
}

/** What differs between the codings: the kinds of NAL units, and what a sample entry says. */
const H264 = {
  typeOf: (nal) => nal[0] & 31,
  delimiter: 9,
  isKey: (type) => type === 5,
  isPicture: (type) => [1, 5, 6].includes(type),
  entry(nals, width, height) {
    const sps = nals.find((n) => (n[0] & 31) === 7);
    const pps = nals.find((n) => (n[0] & 31) === 8);
    const head = u8(1, sps[1], sps[2], sps[3], 0xff, 0xe1);
    const avcC = box("avcC", head, u16(sps.length), sps, u8(1), u16(pps.length), pps);
    const codec = `avc1.${[1, 2, 3].map((i) => sps[i].toString(16).padStart(2, "0")).join("")}`;
    return { codec, entry: box("avc1", ...visual(width, height), avcC) };
  },
};
const H265 = {
  typeOf: (nal) => (nal[0] >> 1) & 63,
  delimiter: 35,
  isKey: (type) => type >= 16 && type <= 21,
  isPicture: (type) => type <= 31 || type === 39,
  entry(nals, width, height) {
    const sets = [32, 33, 34].map((type) => nals.filter((n) => H265.typeOf(n) === type));
    // Profile, tier and level stand after the header and one byte, free of emulation prevention.
    const plain = [...sets[1][0]].filter((v, i, all) => !(v === 3 && all[i - 1] === 0 && all[i - 2] === 0));
    const ptl = plain.slice(3, 15);
    const arrays = sets.map((set, i) =>
      Buffer.concat([u8(0x80 | (32 + i)), u16(set.length), ...set.flatMap((n) => [u16(n.length), n])]),
    );
    const hvcC = box("hvcC", u8(1, ...ptl, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 3), ...arrays);
    const flags = Buffer.from(ptl.slice(1, 5)).readUInt32BE();
    const reversed = Number.parseInt([...flags.toString(2).padStart(32, "0")].reverse().join(""), 2);
    const constraints = ptl.slice(5, 11).map((v) => v.toString(16).toUpperCase());
    while (constraints.length > 0 && constraints.at(-1) === "0") constraints.pop();
    const tier = ptl[0] & 0x20 ? "H" : "L";
    const codec = ["hvc1", ptl[0] & 31, reversed.toString(16), `${tier}${ptl[11]}`, ...constraints].join(".");
    return { codec, entry: box("hvc1", ...visual(width, height), hvcC) };
  },
};

function accessUnits(bytes, kind) {
  const starts = [];
  for (let i = 0; i + 3 < bytes.length; i++)
    if (bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1) starts.push(i + 3);
  const units = [];
  starts.forEach((start, k) => {
    let end = k + 1 < starts.length ? starts[k + 1] - 3 : bytes.length;
    while (end > start && bytes[end - 1] === 0) end--;
    const nal = bytes.subarray(start, end);
    if (kind.typeOf(nal) === kind.delimiter) units.push({ nals: [] });
    else units.at(-1).nals.push(nal);
  });
  return units;
}

function sample({ nals }, kind) {
  const key = nals.some((n) => kind.isKey(kind.typeOf(n)));
  const parts = nals.filter((n) => kind.isPicture(kind.typeOf(n))).flatMap((n) => [u32(n.length), n]);
  return { key, bytes: Buffer.concat(parts) };
}

const u8 = (...v) => Buffer.from(v);
const u16 = (...v) => Buffer.concat(v.map((n) => u8((n >> 8) & 255, n & 255)));
function u32(...v) {
  const b = Buffer.alloc(4 * v.length);
  for (const [i, n] of v.entries()) b.writeUInt32BE(n >>> 0, 4 * i);
  return b;
}
function u64(n) {
  const b = Buffer.alloc(8);
  b.writeBigUInt64BE(BigInt(n));
  return b;
}
const box = (type, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([u32(body.length + 8), Buffer.from(type, "latin1"), body]);
};
const full = (type, version, flags, ...parts) => box(type, u32((version << 24) | flags), ...parts);
const UNITY = u32(0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000);

const visual = (width, height) => [
  Buffer.alloc(6),
  u16(1),
  Buffer.alloc(16),
  u16(width, height),
  u32(0x480000, 0x480000, 0),
  u16(1),
  Buffer.alloc(32),
  u16(24, 0xffff),
];

function init({ width, height, entry, sound = false }) {
  const stbl = box(
    "stbl",
    full("stsd", 0, 0, u32(1), entry),
    ...["stts", "stsc", "stco"].map((type) => full(type, 0, 0, u32(0))),
    full("stsz", 0, 0, u32(0, 0)),
  );
  const dinf = box("dinf", full("dref", 0, 0, u32(1), full("url ", 0, 1)));
  const head = sound ? full("smhd", 0, 0, u16(0, 0)) : full("vmhd", 0, 1, u16(0, 0, 0, 0));
  const minf = box("minf", head, dinf, stbl);
  const mdhd = full("mdhd", 0, 0, u32(0, 0, 1_000_000, 0), u16(0x55c4, 0));
  const hdlr = full("hdlr", 0, 0, u32(0), Buffer.from(sound ? "soun" : "vide"), Buffer.alloc(12), u8(0));
  const tkhd = full(
    "tkhd",
    0,
    3,
    u32(0, 0, 1, 0, 0, 0, 0),
    u16(0, 0, sound ? 0x100 : 0, 0),
    UNITY,
    u32(width << 16, height << 16),
  );
  const trak = box("trak", tkhd, box("mdia", mdhd, hdlr, minf));
  const mvhd = full(
    "mvhd",
    0,
    0,
    u32(0, 0, 1_000_000, 0, 0x10000),
    u16(0x100, 0),
    u32(0, 0),
    UNITY,
    Buffer.alloc(24),
    u32(2),
  );
  const mvex = box("mvex", full("trex", 0, 0, u32(1, 1, 0, 0, 0)));
  return Buffer.concat([
    box("ftyp", Buffer.from("iso6"), u32(0), Buffer.from("iso6cmfcavc1")),
    box("moov", mvhd, trak, mvex),
  ]);
}

/** Makes one fragment of the frames `first…first + count` of a clip; the first of them stands at a media time. */
export function fragment(clip, mediaUs, first, count) {
  const numbers = Array.from({ length: count }, (_, i) => first + i);
  const frames = numbers.map((n) => clip.frames[n % clip.frames.length]);
  const sizes = frames.map((f, i) => {
    const lasts = clip.timeOf(numbers[i] + 1) - clip.timeOf(numbers[i]);
    return u32(lasts, f.bytes.length, f.key ? 0x02000000 : 0x01010000);
  });
  const moof = (offset) =>
    box(
      "moof",
      full("mfhd", 0, 0, u32(1)),
      box(
        "traf",
        full("tfhd", 0, 0x20000, u32(1)),
        full("tfdt", 1, 0, u64(mediaUs)),
        full("trun", 0, 0x701, u32(frames.length, offset), ...sizes),
      ),
    );
  const length = moof(0).length;
  return Buffer.concat([moof(length + 8), box("mdat", ...frames.map((f) => f.bytes))]);
}
