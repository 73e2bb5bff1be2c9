// Fails when what a browser loads before it can draw is above the limit. Run after a build.

import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 80 * 1024;

const dist = new URL("../dist/", import.meta.url);
const page = readFileSync(new URL("index.html", dist), "utf8");
const files = [...page.matchAll(/<(?:script|link)\b[^>]*?\b(?:src|href)="\/([^"]+\.(?:js|css))"/g)].map((match) => match[1]);
const scripts = files.filter((file) => file.endsWith(".js"));
if (scripts.length < 2) throw new Error(`dist/index.html names ${scripts.length} scripts; expected the theme's and the program's`);

let total = 0;
for (const file of files) {
  const size = gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;
  if (file.endsWith(".js")) total += size;
  console.log(`${file}: ${(size / 1024).toFixed(1)} KiB gzip`);
}
console.log(`JavaScript before the first paint: ${(total / 1024).toFixed(1)} of ${LIMIT / 1024} KiB`);
if (total > LIMIT) {
  console.error("That is too much: load what is not needed at once with import().");
  process.exit(1);
}
