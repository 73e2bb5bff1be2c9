// Runs before the first paint; src/ui/settings.svelte.ts writes the same key.
try {
  const kept = JSON.parse(localStorage.getItem("quickstocks.settings") ?? "{}");
  const { dataset } = document.documentElement;
  if (kept.theme === "light" || kept.theme === "dark") dataset.theme = kept.theme;
  if (kept.density === "compact") dataset.density = "compact";
  if (kept.reducedMotion === true) dataset.motion = "reduced";
} catch {
  // Storage may be forbidden; the system's theme serves then.
}
