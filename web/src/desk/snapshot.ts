/**
 * The picture on the screen as a file: every pixel of the stream, and in a
 * strip below it, never over it, which camera and which moment it is of.
 */

import { fold } from "../lib/fold";
import { clockMillis, date } from "../lib/time";

/** How long a picture is waited for that belongs to its time. */
const LONGEST_WAIT_MS = 500;
/** Two media times this close are one: browsers round. */
const SAME_US = 1_000;

export interface Caption {
  number: number;
  name: string;
  wallUs: number;
  /** Whether the moment is an estimate: by WHEP and HLS pictures carry no time. */
  estimated: boolean;
  /** What kind of picture it is, in words: live, or of a recording. */
  kind: string;
  point: "," | ".";
}

/** `113-huong-dinh-tien-hoang-20261120-074218-240.png`. Pure. */
export function snapshotName({ number, name, wallUs }: Pick<Caption, "number" | "name" | "wallUs">): string {
  const plain = fold(name)
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 60);
  const day = date(wallUs).split("/").reverse().join("");
  const hour = clockMillis(wallUs).replaceAll(":", "").replace(",", "-");
  return [number, plain, `${day}-${hour}`]
    .filter((part) => part !== "")
    .join("-")
    .concat(".png");
}

/** What the strip says, at its left and its right end. Pure. */
export function captionWords({ number, name, wallUs, estimated, kind, point }: Caption): [string, string] {
  return [
    `${number} · ${name}`,
    `${estimated ? "≈ " : ""}${date(wallUs)} ${clockMillis(wallUs, point)} UTC+7 · ${kind}`,
  ];
}

/** Draws the picture that a video shows, with its strip. `captionOf` is asked once that picture is taken. */
export async function takeSnapshot(video: HTMLVideoElement, captionOf: () => Caption | null): Promise<File | null> {
  const picture = await toldPicture(video);
  try {
    return await drawn(video, picture, captionOf());
  } finally {
    if ("close" in picture) picture.close();
  }
}

async function drawn(
  { videoWidth: width, videoHeight: height }: HTMLVideoElement,
  picture: HTMLVideoElement | VideoFrame,
  caption: Caption | null,
): Promise<File | null> {
  if (width === 0 || !caption) return null;
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d")!;
  const size = Math.max(12, Math.round(height / 36));
  const style = getComputedStyle(document.documentElement);
  const font = `500 ${size}px ${style.getPropertyValue("--font-ui")}`;
  const words = captionWords(caption);
  pen.font = font;
  const room = width - 2 * size;
  const [left, right] = words.map((text) => pen.measureText(text).width) as [number, number];
  // Side by side where they fit, else below each other.
  const lines = left + right + 2 * size <= room ? 1 : 2;
  const strip = Math.round((lines * 1.5 + 0.5) * size);
  canvas.width = width;
  canvas.height = height + strip;
  pen.drawImage(picture, 0, 0, width, height);
  pen.fillStyle = style.getPropertyValue("--video-void");
  pen.fillRect(0, height, width, strip);
  pen.fillStyle = style.getPropertyValue("--video-text");
  pen.font = font;
  pen.textBaseline = "middle";
  pen.fillText(words[0], size, height + size, room);
  if (lines === 1) pen.fillText(words[1], width - size - right, height + size);
  else pen.fillText(words[1], size, height + 2.5 * size, room);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/png"));
  return blob && new File([blob], snapshotName(caption), { type: "image/png" });
}

/** Has the browser save a file. */
export function download(file: File): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * Returns a picture that is the one the video told of last, so that it and its
 * time belong together; what stands is taken as it is. A video that runs fast may
 * be further on when it tells of a frame: then another is waited for.
 */
function toldPicture(video: HTMLVideoElement): Promise<HTMLVideoElement | VideoFrame> {
  if (video.paused || !("requestVideoFrameCallback" in video)) return Promise.resolve(video);
  return new Promise((resolve) => {
    let handle = 0;
    const limit = setTimeout(() => {
      video.cancelVideoFrameCallback(handle);
      resolve(video);
    }, LONGEST_WAIT_MS);
    const next = () => {
      handle = video.requestVideoFrameCallback((_nowMs, { mediaTime }) => {
        const picture = pictureOf(video);
        if (picture && Math.abs(picture.timestamp - mediaTime * 1e6) > SAME_US) {
          picture.close();
          return next();
        }
        clearTimeout(limit);
        resolve(picture ?? video);
      });
    };
    next();
  });
}

/** The picture on the screen with its media time, where the browser gives it out so. */
function pictureOf(video: HTMLVideoElement): VideoFrame | null {
  try {
    return "VideoFrame" in window ? new VideoFrame(video) : null;
  } catch {
    return null;
  }
}
