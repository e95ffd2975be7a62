/**
 * Which frame stands on the screen: the browser tells the media time of each
 * frame it presents, and the buffer knows what wall time that is.
 */
import type { MediaBuffer } from "./mse";

/** Calls `onShown` with the wall time of each frame presented, until the returned function is called. */
export function watchShown(
  video: HTMLVideoElement,
  buffer: () => MediaBuffer | null,
  onShown: (wallUs: number) => void,
): () => void {
  return watchFrames(video, (_nowMs, frame) => {
    const media = buffer();
    if (media && media.baseUs !== null) onShown(media.wallOf(frame.mediaTime));
  });
}

/** For browsers that do not tell of frames: some times a second, where the playhead is. */
function watchTime(
  video: HTMLVideoElement,
  onFrame: (nowMs: number, frame: VideoFrameCallbackMetadata) => void,
): () => void {
  const tell = () => {
    const { currentTime: mediaTime, videoWidth: width, videoHeight: height } = video;
    const now = performance.now();
    onFrame(now, { mediaTime, width, height, presentationTime: now, expectedDisplayTime: now, presentedFrames: 0 });
  };
  video.addEventListener("timeupdate", tell);
  return () => video.removeEventListener("timeupdate", tell);
}

/** Calls `onFrame` with what the browser says of each frame presented, until the returned function is called. */
export function watchFrames(
  video: HTMLVideoElement,
  onFrame: (nowMs: number, frame: VideoFrameCallbackMetadata) => void,
): () => void {
  if (!("requestVideoFrameCallback" in video)) return watchTime(video, onFrame);
  let handle = 0;
  const next = () => {
    handle = video.requestVideoFrameCallback((nowMs, frame) => {
      onFrame(nowMs, frame);
      next();
    });
  };
  next();
  return () => video.cancelVideoFrameCallback(handle);
}
