/**
 * Ten seconds of H.264, made by the ffmpeg program, as access units; and the
 * few boxes that make fragments of them. Only for `mock-server.mjs`.
 *
 * The lower edge of each picture holds its number in the clip as ten squares,
 * white for 1, so that a test can tell which frame it looks at.
 */
import { spawn } from "node:child_process";

export const FPS = 25;
export const CLIP_FRAMES = 250;
export const FRAME_US = 1_000_000 / FPS;

/** Encodes a clip: a test picture, or a still that is slowly panned. */
export async function encode({ width, height, gop, picture, hue }) {
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
  const args = [
    "-hide_banner",
    "-loglevel",
    "error",
    ...source,
    "-vf",
    `${filters},format=yuv420p`,
    "-frames:v",
    String(CLIP_FRAMES),
  ];
  const coder = [
    "-c:v",
    "libx264",
    "-profile:v",
    "high",
    "-preset",
    "veryfast",
    "-b:v",
    width > 1000 ? "2500k" : "500k",
  ];
  const shape = [
    "-g",
    String(gop),
    "-keyint_min",
    String(gop),
    "-sc_threshold",
    "0",
    "-bf",
    "0",
    "-x264-params",
    "aud=1:repeat-headers=1",
  ];
  const bytes = await run("ffmpeg", [...args, ...coder, ...shape, "-f", "h264", "-"]);
  const units = accessUnits(bytes);
  const nals = units[0].nals;
  const sps = nals.find((n) => (n[0] & 31) === 7);
  const pps = nals.find((n) => (n[0] & 31) === 8);
  const codec = `avc1.${[1, 2, 3].map((i) => sps[i].toString(16).padStart(2, "0")).join("")}`;
  return { width, height, gop, codec, init: init(width, height, sps, pps), frames: units.map(sample) };
}

function run(program, args) {
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

function accessUnits(bytes) {
  const starts = [];
  for (let i = 0; i + 3 < bytes.length; i++)
    if (bytes[i] === 0 && bytes[i + 1] === 0 && bytes[i + 2] === 1) starts.push(i + 3);
  const units = [];
  starts.forEach((start, k) => {
    let end = k + 1 < starts.length ? starts[k + 1] - 3 : bytes.length;
    while (end > start && bytes[end - 1] === 0) end--;
    const nal = bytes.subarray(start, end);
    if ((nal[0] & 31) === 9) units.push({ nals: [] });
    else units.at(-1).nals.push(nal);
  });
  return units;
}

function sample({ nals }) {
  const key = nals.some((n) => (n[0] & 31) === 5);
  const parts = nals.filter((n) => [1, 5, 6].includes(n[0] & 31)).flatMap((n) => [u32(n.length), n]);
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

function init(width, height, sps, pps) {
  const avcC = box(
    "avcC",
    u8(1, sps[1], sps[2], sps[3], 0xff, 0xe1),
    u16(sps.length),
    sps,
    u8(1),
    u16(pps.length),
    pps,
  );
  const visual = [
    Buffer.alloc(6),
    u16(1),
    Buffer.alloc(16),
    u16(width, height),
    u32(0x480000, 0x480000, 0),
    u16(1),
    Buffer.alloc(32),
    u16(24, 0xffff),
  ];
  const stbl = box(
    "stbl",
    full("stsd", 0, 0, u32(1), box("avc1", ...visual, avcC)),
    ...["stts", "stsc", "stco"].map((type) => full(type, 0, 0, u32(0))),
    full("stsz", 0, 0, u32(0, 0)),
  );
  const dinf = box("dinf", full("dref", 0, 0, u32(1), full("url ", 0, 1)));
  const minf = box("minf", full("vmhd", 0, 1, u16(0, 0, 0, 0)), dinf, stbl);
  const mdhd = full("mdhd", 0, 0, u32(0, 0, 1_000_000, 0), u16(0x55c4, 0));
  const hdlr = full("hdlr", 0, 0, u32(0), Buffer.from("vide"), Buffer.alloc(12), u8(0));
  const tkhd = full("tkhd", 0, 3, u32(0, 0, 1, 0, 0, 0, 0), u16(0, 0, 0, 0), UNITY, u32(width << 16, height << 16));
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

/** Makes one fragment of frames that begin at a media time. */
export function fragment(mediaUs, frames) {
  const sizes = frames.map((f) => u32(FRAME_US, f.bytes.length, f.key ? 0x02000000 : 0x01010000));
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
