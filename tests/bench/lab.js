// What the benchmarks share: a directory that goes, a real Redis at appendfsync always, the gateway, and smsc-load (C, on the
// gateway's own codec), which plays the operators and the HTTP clients and measures.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
export const BIN = path.join(ROOT, process.env.BUILD ?? "build", "bin");
export const QUESTION = "What is the annual fee of a credit card?";
export const API_KEY = "bench-key-0123456789abcdef";
const TOKEN = "0123456789abcdef0123456789abcdef";

export const note = (text) => process.stderr.write(`${text}\n`);
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

export function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  child.out = "";
  child.err = "";
  child.stdout.on("data", (data) => (child.out += data));
  child.stderr.on("data", (data) => (child.err = (child.err + data).slice(-20_000)));
  child.ended = once(child, "exit");
  return child;
}

export async function until(what, probe, ms = 20_000) {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await pause(10);
  }
}

export async function end(child, signal = "SIGTERM") {
  if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  await child.ended;
}

/** CPU time that the process has used so far, in seconds. */
export function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** For how long the process has waited for a core so far, in seconds. */
export function waitedSeconds(pid) {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ")[1]) / 1e9;
}

/** smsc-load with these arguments; `ports` when it listens, `result` when it is over. */
export async function startPeer(args) {
  const peer = run(path.join(BIN, "smsc-load"), args.map(String));
  await until("the load peer", () => {
    if (peer.exitCode) throw new Error(`smsc-load ${args.join(" ")}: ${peer.err.slice(0, 300)}`);
    return peer.out.includes("\n");
  });
  peer.ports = JSON.parse(peer.out.split("\n")[0]).ports;
  peer.result = peer.ended.then(() => JSON.parse(peer.out.trim().split("\n").at(-1)));
  return peer;
}

/** A channel of connector smpp, as a line of YAML. */
export function smppChannel(name, port, extra = "") {
  return `  - {name: ${name}, connector: smpp, host: 127.0.0.1, port: ${port}, system_id: posthouse, password: {env: BENCH_SECRET}, short_codes: ['95500'], default_country: '86', reconnect_most: 1 s${extra}}`;
}

/** Redis and a gateway. */
export class Lab {
  /** cache: where gateways keep their trained matchers; of the lab's own when there is none. */
  async open(cache) {
    this.dir = await mkdtemp(path.join(tmpdir(), "posthouse-bench-"));
    this.cache = cache ?? path.join(this.dir, "cache");
    this.socket = path.join(this.dir, "redis.sock");
    this.redis = run("redis-server", [path.join(ROOT, "deploy/redis.conf"), "--unixsocket", this.socket, "--dir", this.dir]);
    await until("redis", () => /ready to accept connections/i.test(this.redis.out));
    return this;
  }

  async close() {
    if (this.gateway) await end(this.gateway);
    if (this.redis) await end(this.redis);
    await rm(this.dir, { recursive: true, force: true });
  }

  /** What redis-cli answers. */
  async command(...args) {
    const cli = run("redis-cli", ["-s", this.socket, ...args]);
    await cli.ended;
    return cli.out.trim();
  }

  config(channels, { name = "bench", listen = "127.0.0.1:0", extra = [] } = {}) {
    return [
      `node: {name: ${name}}`,
      `listen: {public: '${listen}', internal: '127.0.0.1:0'}`,
      `redis: {address: 'unix:${this.socket}'}`,
      "log: {level: warn}",
      "api: {keys: [{name: bench, key: {env: BENCH_KEY}, scopes: [messages]}]}",
      `templates: {directory: ${path.join(ROOT, "templates/content")}, cache: ${this.cache}}`,
      ...extra,
      "channels:",
      ...channels,
      "",
    ].join("\n");
  }

  /** Starts (or starts again) the gateway; resolves to what it says when it is ready. */
  async startGateway(channels, options) {
    const file = path.join(this.dir, "bench.yaml");
    await writeFile(file, this.config(channels, options));
    const env = { ...process.env, BENCH_SECRET: "secret", BENCH_TOKEN: TOKEN, BENCH_KEY: API_KEY };
    this.gateway = run(path.join(BIN, "posthouse"), ["run", file], { env });
    const line = await until("the gateway", () => {
      if (this.gateway.exitCode !== null) throw new Error(this.gateway.err);
      return this.gateway.out.split("\n").find((l) => l.startsWith("{"));
    });
    this.ready = JSON.parse(line);
    return this.ready;
  }

  async stopGateway() {
    await end(this.gateway);
    this.gateway = undefined;
  }

  rssMb() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.gateway.pid}/status`, "utf8"))[1]) / 1024;
  }

  async metric(name) {
    const text = await (await fetch(`http://${this.ready.internal}/metrics`)).text();
    return Number(new RegExp(`^${name} (\\S+)`, "m").exec(text)?.[1]);
  }

  /** What gateway and Redis have used so far: seconds of CPU, and functions called. */
  async used() {
    return {
      gateway: cpuSeconds(this.gateway.pid),
      redis: cpuSeconds(this.redis.pid),
      fcalls: await this.metric("posthouse_redis_fcalls_total"),
    };
  }

  /** Per message, between two answers of used(). */
  perMessage(before, after, messages) {
    return {
      gateway_us: ((after.gateway - before.gateway) * 1e6) / messages,
      redis_us: ((after.redis - before.redis) * 1e6) / messages,
      fcalls: (after.fcalls - before.fcalls) / messages,
    };
  }
}
