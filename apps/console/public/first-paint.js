// zod would compile parsers with `new Function`, which the page's policy forbids; even its trying is a violation.
globalThis.__zod_globalConfig = { jitless: true };

// Before the first paint: the theme, density and language that were chosen last, so that nothing flashes. A file of its
// own, because the page's policy allows no inline script. Kept in step with src/shell/preferences.ts by its test.
(() => {
  let saved = {};
  try {
    saved = JSON.parse(localStorage.getItem("corepool.preferences")) || {};
  } catch {
    // A damaged or forbidden store: the defaults stand.
  }
  const root = document.documentElement;
  if (saved.theme === "light" || saved.theme === "dark") root.dataset.theme = saved.theme;
  root.dataset.density = ["compact", "comfortable"].includes(saved.density) ? saved.density : "normal";
  const wanted = saved.locale || (navigator.language || "en").slice(0, 2);
  root.lang = wanted === "ko" ? "ko" : "en";
})();
