// Puts the remembered theme and the density on <html> before the first paint.
// src/ui/appearance.ts changes them afterwards and owns the key.
(() => {
  let theme = null;
  try {
    theme = localStorage.getItem("khue.theme");
  } catch {
    // Storage may be forbidden; the default stands.
  }
  // A control room is dark until somebody says otherwise.
  document.documentElement.dataset.theme = theme === "light" ? "light" : "dark";
  if (matchMedia("(max-width: 720px)").matches) document.documentElement.dataset.density = "touch";
})();
