// The parts of script/bench smpp, one function each: what is set up, what runs, what counts.

import { freePorts } from "../peers/shared/ports.js";
import { Kannel } from "./kannel.js";
import { API_KEY, QUESTION, end, median, note, pause, smppChannel, startPeer, waitedSeconds } from "./lab.js";

// Our template's wording; kannel says the same.
const ANSWER = "Classic and gold: first year free, and the next after 6 purchases. Platinum: CNY 800 a year, also payable with points.";
const CAMPAIGN = "Your statement is ready: open the app, Credit card - Statements. Reply 9 to stop these messages.";
const NOBODY = ["--numbers", 0]; // no customers ask

function sound(result, what) {
  if (!result.bound || result.bad || result.unanswered || result.lost || result.posts?.refused || result.posts?.broken) {
    throw new Error(`${what}: ${JSON.stringify(result)}`);
  }
  return result;
}

/** The arguments of smsc-load that post to our API. */
function posts(address, fields, connections = 64) {
  const head = `POST /v1/messages HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${API_KEY}\r\nContent-Type: application/json\r\n`;
  const body = JSON.stringify({ to: "+{number}", ...fields });
  return ["--post-port", address.split(":")[1], "--post", head, "--post-body", body, "--post-connections", connections];
}

// ---- answered ----

function askers(window, { seconds }) {
  return ["--text", QUESTION, "--rate", 0, "--window", window, "--numbers", 50_000, "--seconds", seconds, "--warmup", 2, "--linger", 20];
}

export async function answered(lab, window, options) {
  const peer = await startPeer(askers(window, options));
  await lab.startGateway([smppChannel("sms-main", peer.ports[0], ", window: 1000, inbound_max: 2000")]);
  const before = await lab.used();
  const result = sound(await peer.result, "answered");
  const used = lab.perMessage(before, await lab.used(), result.answered);
  return { per_s: result.answered_per_s, cpu_us: used.gateway_us + used.redis_us, ...used, p50_ms: result.p50_ms, p99_ms: result.p99_ms };
}

export async function kannelAnswered(lab, window, options) {
  const peer = await startPeer(askers(window, options));
  const kannel = new Kannel(lab.dir, { answer: ANSWER, store: "file" });
  try {
    await kannel.start(peer.ports[0]);
    const before = kannel.cpu();
    const result = sound(await peer.result, "kannel answered");
    return {
      per_s: result.answered_per_s,
      cpu_us: ((kannel.cpu() - before) * 1e6) / result.answered,
      p50_ms: result.p50_ms,
      p99_ms: result.p99_ms,
    };
  } finally {
    await kannel.stop();
  }
}

export async function paced(lab, { seconds }) {
  const peer = await startPeer(["--text", QUESTION, "--rate", 1000, "--seconds", seconds, "--warmup", 2]);
  await lab.startGateway([smppChannel("sms-main", peer.ports[0], ", window: 1000")]);
  await lab.command("CONFIG", "SET", "latency-monitor-threshold", 1);
  const waited = () => [peer, lab.gateway, lab.redis].reduce((sum, p) => sum + waitedSeconds(p.pid), 0);
  await pause(2000);
  await lab.command("LATENCY", "RESET");
  const before = waited();
  await pause(seconds * 1000 - 500);
  const waited_ms = ((waited() - before) * 1000) / (seconds - 0.5);
  const fsync = /aof-fsync-always\n\d+\n\d+\n(\d+)/.exec(await lab.command("LATENCY", "LATEST"));
  return { ...sound(await peer.result, "paced"), waited_ms, fsync_ms: Number(fsync?.[1] ?? 0) };
}

// ---- out by API ----

function throughApi(result, cpu) {
  const { posts } = sound(result, "api");
  if (posts.settled !== posts.accepted) throw new Error(`api: accepted ${posts.accepted}, submitted ${posts.settled}`);
  return { per_s: posts.settled_per_s, cpu_us: (cpu * 1e6) / posts.settled, messages: posts.settled, p50_ms: posts.p50_ms, answer_p50_ms: posts.answer_p50_ms };
}

export async function api(lab, { seconds }) {
  const [port] = await freePorts(1);
  const channels = (smsc) => [smppChannel("sms-main", smsc, ", window: 1000")];
  await lab.startGateway(channels(port));
  const peer = await startPeer([
    ...["--port", port, ...NOBODY, "--seconds", seconds, "--warmup", 0, "--linger", 60],
    ...posts(lab.ready.public, { text: ANSWER, lane: "confirmation" }),
  ]);
  const before = await lab.used();
  const result = await peer.result;
  const used = await lab.used();
  const { gateway_us, redis_us, fcalls } = lab.perMessage(before, used, result.posts.settled);
  return { ...throughApi(result, used.gateway + used.redis - before.gateway - before.redis), gateway_us, redis_us, fcalls };
}

export async function kannelApi(lab, immediate, { seconds }) {
  const [port] = await freePorts(1);
  const kannel = new Kannel(lab.dir, { answer: ANSWER, store: "none", immediate });
  try {
    await kannel.start(port);
    const before = kannel.cpu();
    const peer = await startPeer(["--port", port, ...NOBODY, "--seconds", seconds, "--warmup", 0, "--linger", 60, ...kannel.posts(), "--post-connections", 64]);
    return throughApi(await peer.result, kannel.cpu() - before);
  } finally {
    await kannel.stop();
  }
}

// ---- kill -9 ----

const KILLS = 10;

export async function crash(lab) {
  const peer = await startPeer([
    ...["--text", QUESTION, "--rate", 0, "--window", 400, "--numbers", 1_000_000, "--once"],
    ...["--seconds", KILLS * 3 + 2, "--warmup", 0, "--linger", 60],
  ]);
  const channels = [smppChannel("sms-main", peer.ports[0], ", window: 1000, inbound_max: 2000, reconnect_least: 100 ms")];
  await lab.startGateway(channels);
  for (let i = 0; i < KILLS; i++) {
    await pause(1000 + Math.random() * 1000);
    await end(lab.gateway, "SIGKILL");
    await lab.startGateway(channels);
  }
  const result = await peer.result;
  note(`crash: ${JSON.stringify(result)}`);
  if (result.back_ms.length !== KILLS) throw new Error(`${result.back_ms.length} of ${KILLS} kills were under load`);
  return { lost: result.lost, doubled: result.doubled, doubled_unknown: result.doubled_unknown, back_ms: Math.max(...result.back_ms) };
}

// ---- a million in the lanes ----

/** Posts count messages while no SMSC is there. */
async function fill(lab, count, fields) {
  const peer = await startPeer([
    ...["--operators", 0, ...NOBODY, "--seconds", 3600, "--warmup", 0, "--linger", 5, "--post-count", count],
    ...posts(lab.ready.public, { text: CAMPAIGN, lane: "campaign", ...fields }),
  ]);
  const { posts: done } = await peer.result;
  if (done.accepted !== count) throw new Error(`filled ${done.accepted} of ${count}: ${JSON.stringify(done)}`);
  return done;
}

async function usedMemory(lab) {
  return Number(/used_memory:(\d+)/.exec(await lab.command("INFO", "memory"))[1]);
}

export async function queued(lab, { queued: count, seconds }) {
  const [port] = await freePorts(1);
  await lab.startGateway([smppChannel("sms-main", port, ", window: 1000")]);
  const before = await usedMemory(lab);
  const filled = await fill(lab, count, {});
  const bytes = ((await usedMemory(lab)) - before) / count;
  note(`queued: ${JSON.stringify(filled)}; ${bytes.toFixed(0)} octets each`);
  const peer = await startPeer([
    ...["--port", port, ...NOBODY, "--seconds", Math.max(seconds, 6), "--warmup", 2, "--linger", 5],
    ...posts(lab.ready.public, { text: ANSWER, lane: "reply" }, 16),
    ...["--post-rate", 100, "--post-first", 8617700000000],
  ]);
  const result = await peer.result;
  note(`interactive: ${JSON.stringify(result)}`);
  if (result.submits - result.posts.settled >= count) throw new Error("the campaign was over before the measured time");
  if (result.posts.settled !== result.posts.accepted) throw new Error("an interactive message did not leave");
  return { queued_bytes: Math.round(bytes), interactive_p99_ms: Number(result.posts.p99_ms.toFixed(1)), campaign_per_s: Math.round(result.submits_per_s) };
}

// ---- 24 operators ----

const OPERATORS = 24;
const SICK = ["20:down", "21:throttle=0", "22:latency=2000", "23:mute"];

/** Posts go to all 24 in turn, at a rate or as they are answered; what the first 20 take a second. */
async function operators(lab, habits, rate, { seconds }) {
  const ports = await freePorts(OPERATORS);
  const names = ports.map((_, i) => `op${String(i).padStart(2, "0")}`);
  await lab.startGateway(ports.map((port, i) => smppChannel(names[i], port, ", window: 100, response_timeout: 5 s")));
  const peer = await startPeer([
    ...["--operators", OPERATORS, "--port", ports.join(","), ...habits.flatMap((h) => ["--habit", h])],
    ...[...NOBODY, "--seconds", seconds, "--warmup", 3, "--linger", 0, "--post-channels", OPERATORS, "--post-rate", rate],
    ...posts(lab.ready.public, { text: ANSWER, lane: "confirmation", channel: "{channel}" }),
  ]);
  const { operators: all, posts: made } = await peer.result;
  const per_s = all.slice(0, OPERATORS - SICK.length).reduce((sum, o) => sum + o.submits_in, 0) / seconds;
  note(`others (${habits.join(" ") || "all healthy"}, ${rate ? `${rate} posts/s` : "full load"}): ${per_s}/s over 20; ${JSON.stringify(made)}`);
  return per_s;
}

/**
 * Two ways, and the worse counts. At full load the sick ones' part of the machine is free for the others, so that hides
 * some of the harm; at seven tenths of it, it does not: there the others must get all that is posted to them. A share is of
 * two runs one after the other: the machine is seldom the same for all the minutes that the rounds take.
 */
export async function others(inLab, options) {
  const measure = (habits, rate) => inLab((lab) => operators(lab, habits, rate, options));
  const pair = async (rate) => {
    const healthy = await measure([], rate);
    const sick = await measure(SICK, rate);
    return { healthy, sick, share: sick / healthy };
  };
  const full = [];
  const paced = [];
  for (let i = 0; i < options.rounds; i++) {
    full.push(await pair(0));
    const least = Math.min(...full.map((p) => p.healthy));
    paced.push(await pair(Math.round((least * OPERATORS * 0.7) / (OPERATORS - SICK.length))));
  }
  const share = (pairs) => median(pairs.map((p) => p.share));
  return {
    others_share: Number(Math.min(share(full), share(paced)).toFixed(3)),
    others_full_share: Number(share(full).toFixed(3)),
    others_per_s: Math.round(median(full.map((p) => p.sick))),
  };
}

// ---- far away ----

export async function far(lab, { seconds }) {
  const warmup = 1;
  const count = (seconds + warmup + 1) * 40_000; // more than can be sent meanwhile
  const [port] = await freePorts(1);
  await lab.startGateway([smppChannel("sms-main", port, ", window: 250, binds: 4")]);
  await fill(lab, count, {});
  const peer = await startPeer(["--port", port, ...NOBODY, "--habit", "0:latency=20", "--seconds", seconds, "--warmup", warmup, "--linger", 0]);
  const before = await lab.used();
  const result = await peer.result;
  const used = lab.perMessage(before, await lab.used(), result.submits);
  note(`far: ${JSON.stringify({ ...result, ...used })}`);
  if (result.submits >= count) throw new Error("the lanes were empty before the measured time was over");
  return { far_per_s: Math.round(result.submits_per_s), far_cpu_us: Math.round(used.gateway_us + used.redis_us) };
}
