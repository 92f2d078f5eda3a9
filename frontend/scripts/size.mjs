// Prints the size of each output, gzipped, and fails when one is over its budget.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const folder = fileURLToPath(new URL("../../custom_components/vtrack_nvr/frontend/", import.meta.url));
const budget = {
  "vtrack-nvr.js": 100,
  "vtrack-nvr-card.js": 3,
  "vtrack-nvr-hls.js": 120,
  "vtrack-nvr-pages.js": 50,
  "version.txt": 1,
};
let failed = false;
for (const name of readdirSync(folder)) {
  const size = gzipSync(readFileSync(folder + name), { level: 9 }).length / 1024;
  const bar = budget[name];
  const fits = bar !== undefined && size <= bar;
  failed ||= !fits;
  console.log(`${fits ? "✓" : "✗"} ${name}: ${size.toFixed(1)} KB gzipped, budget ${bar ?? "none: not an expected output"}`);
}
process.exit(failed ? 1 : 0);
