// What every simulator's command line does alike: read options from one table (which is also --help),
// start, print one JSON line with the real addresses when ready, end cleanly on SIGTERM and SIGINT.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { pathToFileURL } from "node:url";

/** True when the module was started by node itself and not imported by a test. */
export function isMain(meta) {
  return Boolean(process.argv[1]) && meta.url === pathToFileURL(process.argv[1]).href;
}

/**
 * Runs `start(options)` with options from `table`: {flag: [default, "what it is"]}. A number as the
 * default makes the option a number, a boolean makes it a switch.
 */
export async function runMain(name, table, start, announce) {
  let options;
  try {
    options = read(table);
  } catch (err) {
    console.error(`${name}: ${err.message} (--help lists the options)`);
    process.exit(2);
  }
  if (!options) return void console.log(help(name, table));
  try {
    const running = await start(options);
    console.log(JSON.stringify({ ready: name, pid: process.pid, ...announce(running) }));
    const stop = () => running.close().then(() => process.exit(0));
    process.once("SIGTERM", stop);
    process.once("SIGINT", stop);
  } catch (err) {
    console.error(`${name}: ${err.message}`);
    process.exit(1);
  }
}

function read(table) {
  const spec = { help: { type: "boolean", default: false } };
  for (const [flag, [initial]] of Object.entries(table)) {
    spec[flag] = { type: typeof initial === "boolean" ? "boolean" : "string" };
  }
  const { values } = parseArgs({ options: spec, strict: true });
  if (values.help) return null;
  const options = {};
  for (const [flag, [initial]] of Object.entries(table)) {
    options[camel(flag)] = typed(flag, values[flag] ?? initial, initial);
  }
  return options;
}

function typed(flag, given, initial) {
  // --password @FILE reads a secret from a file, so that it is not seen in the list of processes.
  const value =
    typeof given === "string" && given.startsWith("@") ? readFileSync(given.slice(1), "utf8").trim() : given;
  if (typeof initial !== "number") return value;
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0) throw new Error(`--${flag} wants a whole number`);
  return number;
}

function camel(flag) {
  return flag.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
}

function help(name, table) {
  const rows = Object.entries(table).map(([flag, [initial, what]]) => {
    const value = initial === "" || initial === false ? "" : ` (${initial})`;
    return `  --${flag.padEnd(20)} ${what}${value}`;
  });
  return [`${name}: options (a value @FILE is read from that file)`, ...rows].join("\n");
}
