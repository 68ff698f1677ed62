// script/bench answers: how right and how quick the answers are. Every directory of labelled sets (NAME/train.tsv,
// NAME/dev.tsv) is trained on train and measured on dev by posthouse evaluate; nothing else of them is read.
//
//   --data DIRECTORY   where the sets are; ../shared/data/autoanswer beside the repository by default
//   --only NAME,...    some of them
//
// Printed: sets.NAME as posthouse evaluate says it; demo, the demonstration catalogue on questions kept apart; with 150
// answers query_p50_us, query_p99_us and model_bytes (clinc150); retrain_s and stall_ms, training and calibrating 10,000 samples
// on the pool's thread while the loop asks each millisecond, and the same without training; search_* over 100,000 entries.

import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { parseArgs, promisify } from "node:util";

const run = promisify(execFile);
const { values: options } = parseArgs({
  options: { data: { type: "string", default: "../shared/data/autoanswer" }, only: { type: "string" } },
});
const bin = path.join(process.env.BUILD ?? "build", "bin");

async function json(program, args) {
  const { stdout } = await run(path.join(bin, program), args, { maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

/** The names of the sets that are there; an empty list says so. */
function sets() {
  if (!existsSync(options.data)) {
    process.stderr.write(`there is no ${options.data}: give --data; only what needs no set is measured\n`);
    return [];
  }
  const wanted = options.only?.split(",");
  return readdirSync(options.data)
    .filter((name) => existsSync(path.join(options.data, name, "train.tsv")) && (!wanted || wanted.includes(name)))
    .sort();
}

const file = (name, split) => path.join(options.data, name, `${split}.tsv`);
const result = { sets: {} };
for (const name of sets()) {
  const dev = file(name, "dev");
  result.sets[name] = await json("posthouse", ["evaluate", file(name, "train"), dev, "--dev", dev]);
}
result.demo = await json("posthouse", ["evaluate", "templates/content", "tests/vectors/questions.tsv"]);
const large = result.sets.clinc150;
if (large) {
  result.query_p50_us = large.p50_us;
  result.query_p99_us = large.p99_us;
  result.model_bytes = large.model_bytes;
  Object.assign(result, await json("answers-bench", ["retrain", file("clinc150", "train"), "10000"]));
}
Object.assign(result, await json("answers-bench", ["lookup", "100000"]));
process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
