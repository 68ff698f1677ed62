// Builds the console: node console/build.mjs --out DIR. Types are checked apart (npm run types).
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
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
// Chunks bear their content's hash in their names: those of the build before would stay for ever.
for (const file of readdirSync(out)) if (/-[A-Z0-9]{8}\.js$/.test(file)) rmSync(join(out, file));
const { metafile } = await build({
  entryPoints: { console: join(here, "src/main.tsx"), knowledge: join(here, "src/knowledge/style.css") },
  outdir: out,
  bundle: true,
  splitting: true,
  metafile: true,
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
const sum = (files) => files.reduce((n, file) => n + size(file), 0);
const outputs = Object.fromEntries(Object.entries(metafile.outputs).map(([path, o]) => [basename(path), o]));
/** A script and what it imports at once. */
const needs = (file, all = new Set()) => {
  all.add(file);
  for (const i of outputs[file].imports) if (i.kind === "import-statement" && !all.has(basename(i.path))) needs(basename(i.path), all);
  return all;
};
const desk = [...needs("console.js")];
const js = sum(desk);
const css = size("console.css");
/** What one source brings that the desk has not loaded yet. */
const late = (source) => {
  const file = Object.keys(outputs).find((f) => outputs[f].entryPoint?.endsWith(source));
  return sum([...needs(file)].filter((f) => !desk.includes(f)));
};
const sizes = { desk: js + css, login: late("views/login.tsx"), dialogs: late("views/dialogs.tsx"), answers: late("knowledge/page.tsx") + size("knowledge.css") };
console.log(`console: ${sizes.desk} bytes gzipped (script ${js}, style ${css}); later: log-in ${sizes.login}, dialogs ${sizes.dialogs}, answers ${sizes.answers}`);
// For whoever holds them to their budgets.
writeFileSync(join(out, "sizes.json"), `${JSON.stringify(sizes)}\n`);
