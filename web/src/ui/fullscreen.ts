/**
 * The whole page without the browser around it. The page, not a part of it:
 * dialogs, menus and toasts stand beside the screens, and would not be seen.
 * What then gives way to the pictures is said in `desk/frame.css`.
 */
export const mayFullScreen = (): boolean => document.fullscreenEnabled;

export function toggleFullScreen(): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else void document.documentElement.requestFullscreen();
}
