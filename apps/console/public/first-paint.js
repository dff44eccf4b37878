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

// What the screen of the address reads first is asked for now, while its code is on its way; src/data/begun.ts takes it.
// The page says what that is: `data-open` for everybody, `data-own` for whoever is signed in in this tab. `data-code`: the
// files of the console that every screen needs, in their order.
(() => {
  const { path, open = "", own = "", code } = document.currentScript?.dataset ?? {};
  if (path === undefined) return;
  const given = location.pathname.split("/");
  const named = Object.fromEntries(path.split("/").map((part, index) => [part.slice(1), given[index]]));
  let who = {};
  try {
    who = JSON.parse(sessionStorage.getItem("corepool.identity")) || {};
  } catch {
    // A damaged or forbidden store: nobody is signed in.
  }
  const token = Date.parse(who.expiresAt) > Date.now() ? who.token : undefined;
  globalThis.corepoolBegun = new Map();
  const begin = (paths, authorization) => {
    for (const each of paths.split(" ").filter(Boolean)) {
      const url = location.origin + each.replace(/\{(\w+)\}/g, (_, name) => named[name]);
      const headers = { accept: "application/json", ...(authorization === undefined ? {} : { authorization }) };
      const response = fetch(url, { headers });
      // Whoever takes it hears of a failure; where nobody does, nobody need.
      response.catch(() => undefined);
      globalThis.corepoolBegun.set(url, { authorization, response });
    }
  };
  begin(open);
  if (token !== undefined) begin(own, `Bearer ${token}`);

  // The page shows its frame before the console's code has the processor. A tab in the background paints nothing.
  let waits = true;
  const run = async () => {
    if (!waits) return;
    waits = false;
    // One after another, so that whoever scrolls or taps meanwhile is not kept waiting for all of them.
    for (const file of code.split(" ")) {
      await import(file);
      await new Promise((resolve) => setTimeout(resolve));
    }
  };
  requestAnimationFrame(() => setTimeout(() => void run()));
  setTimeout(() => void run(), 1_000);
})();
