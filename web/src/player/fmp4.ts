/**
 * When the frames of a fragment are shown: reads `moof` boxes, nothing else.
 *
 * Frame stepping and "the frame that stood on the screen at this moment" need
 * every frame's time, and the browser tells only of those it showed. All our
 * tracks have a timescale of 1,000,000, so a media time is microseconds.
 */

export interface FrameTimes {
  /** Media times of the frames, rising, µs. */
  shownUs: number[];
  /** Where the last of them ends, µs. */
  endUs: number;
}

/** Returns the times of all frames in `bytes`; null if that is no fragment. */
export function frameTimes(bytes: Uint8Array): FrameTimes | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shownUs: number[] = [];
  let endUs = Number.NEGATIVE_INFINITY;
  for (const moof of boxes(view, 0, view.byteLength)) {
    if (moof.type !== "moof") continue;
    for (const traf of boxes(view, moof.start, moof.end)) {
      if (traf.type !== "traf") continue;
      const end = readTraf(view, traf, shownUs);
      if (end === null) return null;
      endUs = Math.max(endUs, end);
    }
  }
  if (shownUs.length === 0) return null;
  shownUs.sort((a, b) => a - b);
  return { shownUs, endUs };
}

interface Box {
  type: string;
  start: number;
  end: number;
}

/** Yields the boxes between two offsets; stops at the first that does not fit. */
function* boxes(view: DataView, from: number, to: number): Generator<Box> {
  let at = from;
  while (at + 8 <= to) {
    let size = view.getUint32(at);
    let header = 8;
    if (size === 1) {
      if (at + 16 > to) return;
      size = Number(view.getBigUint64(at + 8));
      header = 16;
    } else if (size === 0) size = to - at;
    if (size < header || at + size > to) return;
    const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));
    yield { type, start: at + header, end: at + size };
    at += size;
  }
}

/** Adds the frames of a `traf`; returns where its last one ends, or null where it is cut short. */
function readTraf(view: DataView, traf: Box, shownUs: number[]): number | null {
  let defaultDuration = 0;
  let decode = 0;
  let end = Number.NEGATIVE_INFINITY;
  try {
    for (const box of boxes(view, traf.start, traf.end)) {
      const flags = view.getUint32(box.start) & 0xff_ffff;
      if (box.type === "tfhd") {
        // track_ID, then optional fields in the order of their flags.
        const at = box.start + 8 + (flags & 0x01 ? 8 : 0) + (flags & 0x02 ? 4 : 0);
        if (flags & 0x08) defaultDuration = view.getUint32(at);
      } else if (box.type === "tfdt") {
        decode =
          view.getUint8(box.start) === 1 ? Number(view.getBigUint64(box.start + 4)) : view.getUint32(box.start + 4);
      } else if (box.type === "trun") {
        const version = view.getUint8(box.start);
        const count = view.getUint32(box.start + 4);
        let at = box.start + 8 + (flags & 0x01 ? 4 : 0) + (flags & 0x04 ? 4 : 0);
        for (let i = 0; i < count; i++) {
          let duration = defaultDuration;
          if (flags & 0x100) {
            duration = view.getUint32(at);
            at += 4;
          }
          if (flags & 0x200) at += 4;
          if (flags & 0x400) at += 4;
          let shift = 0;
          if (flags & 0x800) {
            shift = version === 0 ? view.getUint32(at) : view.getInt32(at);
            at += 4;
          }
          if (at > box.end) return null;
          shownUs.push(decode + shift);
          end = Math.max(end, decode + shift + duration);
          decode += duration;
        }
      }
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return end;
}
