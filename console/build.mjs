// Builds the console: node console/build.mjs --out DIR. Types are checked apart (npm run types).
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = dirname(fileURLToPath(import.meta.url));
const at = process.argv.indexOf("--out");
const out = at > 0 ? process.argv[at + 1] : undefined;
if (!out) {
  console.error("usage: node console/build.mjs --out DIR");
  process.exit(2);
}

mkdirSync(out, { recursive: true });
await build({
  entryPoints: { console: join(here, "src/main.tsx") },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["chrome100", "firefox100", "safari15.4"],
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
});
for (const file of ["index.html", "favicon.svg"]) copyFileSync(join(here, file), join(out, file));

const size = (file) => gzipSync(readFileSync(join(out, file)), { level: 9 }).length;
const js = size("console.js");
const css = size("console.css");
console.log(`console: ${js + css} bytes gzipped (script ${js}, style ${css})`);
