// script/bench smpp: SMS at the speed of the machine, Debian's kannel beside us in the same run, on the same simulated SMSC.
//
//   answered_per_s       SMS in, each answered from a template and durable (appendfsync always)
//   kannel_answered_per_s  the same by kannel with its file store and a fixed text
//   cpu_us, kannel_cpu_us  CPU time of an answered SMS: gateway and Redis; bearerbox and smsbox
//   p50_ms, p99_ms       deliver_sm to the reply's submit_sm at 1,000 a second
//   paced_waited_ms      for how long peer, gateway and Redis together waited for a core meanwhile, in each second
//   paced_fsync_ms       the longest that Redis waited for the disk meanwhile, 0 where that was below 1
//   api_per_s            POST /v1/messages by 64 clients, each durable, until the submit_sm of the last
//   kannel_api_per_s     sendsms by 64 clients, nothing stored
//   lost, doubled        kill -9 at full load, ten times: acknowledged and never answered; answered twice although the
//                        first answer was settled
//   back_ms              from the kill to the next deliver_sm_resp, the longest of ten
//   queued_bytes         what a queued message of a campaign of a million costs in Redis
//   interactive_p99_ms   post to submit_sm of lane reply while that campaign is sent
//   others_share         24 operators, one down, one throttling, one slow, one mute: submits of the other 20 against all healthy
//   far_per_s            submits a second to an SMSC 20 ms away, window 1,000 over 4 binds
//
//   --seconds N          measured time of each part (6)
//   --rounds N           ours and kannel's runs alternate so many times, the median counts (3)
//   --queued N           messages of the campaign (1000000)
//   --only A,B           answered, paced, api, crash, queued, others, far

import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { Lab, median, note, smppChannel, until } from "./lab.js";
import * as parts from "./smpp-parts.js";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "6" },
    rounds: { type: "string", default: "3" },
    queued: { type: "string", default: "1000000" },
    only: { type: "string", default: "answered,paced,api,crash,queued,others,far" },
  },
});
const options = { seconds: Number(values.seconds), rounds: Number(values.rounds), queued: Number(values.queued) };

const trained = await mkdtemp(path.join(tmpdir(), "posthouse-trained-"));

/**
 * A gateway that does not find its matcher kept answers by a quick one and trains beside its work, for seconds of a core.
 * That belongs to the first start after an edit, not to a message: so one gateway trains for all that are measured.
 */
async function train() {
  const lab = await new Lab().open(trained);
  try {
    await lab.startGateway([smppChannel("nobody", 1)]);
    await until("the matcher", async () => (await readdir(trained)).length, 120_000);
  } finally {
    await lab.close();
  }
}

/** A fresh lab for the work, so that one part's messages do not weigh on the next. */
async function inLab(work) {
  const lab = await new Lab().open(trained);
  try {
    return await work(lab);
  } finally {
    await lab.close();
  }
}

const round = (value, digits = 0) => Number(value.toFixed(digits));

/** Ours and kannel's in turn; the best of several settings of each, the median of the rounds. */
async function sideBySide(name, ours, theirs) {
  const found = { ours: new Map(), kannel: new Map() };
  for (let i = 0; i < options.rounds; i++) {
    for (const [who, variants] of Object.entries({ ours, kannel: theirs })) {
      for (const [label, work] of Object.entries(variants)) {
        const result = await inLab(work);
        note(`${name}, ${who} (${label}): ${JSON.stringify(result)}`);
        found[who].set(label, [...(found[who].get(label) ?? []), result]);
      }
    }
  }
  const best = (results) =>
    [...results.values()]
      .map((all) => ({ per_s: median(all.map((r) => r.per_s)), cpu_us: median(all.map((r) => r.cpu_us)) }))
      .sort((a, b) => b.per_s - a.per_s)[0];
  return { ours: best(found.ours), kannel: best(found.kannel) };
}

const work = {
  async answered() {
    const variants = (fn) => Object.fromEntries([200, 1000].map((w) => [`window ${w}`, (lab) => fn(lab, w, options)]));
    const { ours, kannel } = await sideBySide("answered", variants(parts.answered), variants(parts.kannelAnswered));
    return {
      answered_per_s: round(ours.per_s),
      kannel_answered_per_s: round(kannel.per_s),
      answered_vs_kannel: round(ours.per_s / kannel.per_s, 2),
      cpu_us: round(ours.cpu_us),
      kannel_cpu_us: round(kannel.cpu_us),
      cpu_vs_kannel: round(ours.cpu_us / kannel.cpu_us, 2),
    };
  },
  async paced() {
    const all = [];
    for (let i = 0; i < options.rounds; i++) {
      all.push(await inLab((lab) => parts.paced(lab, options)));
      note(`paced: ${JSON.stringify(all.at(-1))}`);
    }
    const of = (key) => round(median(all.map((r) => r[key])), 2);
    return { p50_ms: of("p50_ms"), p99_ms: of("p99_ms"), paced_waited_ms: of("waited_ms"), paced_fsync_ms: of("fsync_ms") };
  },
  async api() {
    const { ours, kannel } = await sideBySide(
      "api",
      { durable: (lab) => parts.api(lab, options) },
      {
        "answers after bearerbox": (lab) => parts.kannelApi(lab, false, options),
        "answers at once": (lab) => parts.kannelApi(lab, true, options),
      },
    );
    return {
      api_per_s: round(ours.per_s),
      kannel_api_per_s: round(kannel.per_s),
      api_vs_kannel: round(ours.per_s / kannel.per_s, 2),
      api_cpu_us: round(ours.cpu_us),
      kannel_api_cpu_us: round(kannel.cpu_us),
    };
  },
  crash: () => inLab((lab) => parts.crash(lab, options)),
  queued: () => inLab((lab) => parts.queued(lab, options)),
  others: () => parts.others(inLab, options),
  far: () => inLab((lab) => parts.far(lab, options)),
};

const wanted = values.only.split(",");
for (const name of wanted) if (!work[name]) throw new Error(`no part ${name}: ${Object.keys(work).join(", ")}`);
const figures = {};
try {
  await train();
  for (const name of wanted) {
    const begun = Date.now();
    Object.assign(figures, await work[name]());
    note(`${name}: ${((Date.now() - begun) / 1000).toFixed(0)} s`);
  }
} finally {
  await rm(trained, { recursive: true });
}
console.log(JSON.stringify(figures));
