// Runs before the first paint; the same key and values are in src/ui/theme.svelte.ts.
try {
  const chosen = localStorage.getItem("quickstocks.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; the system's theme serves then.
}
