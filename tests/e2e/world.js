// A whole posthouse for one story: a real Redis, the real gateway, simulated operator and WeChat platform on real sockets,
// all on ports the system chose, in a directory of their own that goes when the story ends (its logs stay in
// out/stories/ when the story failed). Nothing here sleeps: everything waits for an event, under a deadline.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { AgentClient, VisitorClient } from "./clients.js";
import { PATIENCE_MS } from "../peers/shared/patience.js";
import { startSmsc } from "../peers/smsc/main.js";
import { startWechat } from "../peers/wechat/main.js";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BUILT = path.join(ROOT, process.env.BUILD ?? "build");
const POSTHOUSE = path.join(BUILT, "bin", "posthouse");
// One for all stories with the demonstration catalogue: what one has trained the next need not. Other catalogues would push it out.
const CACHE = path.join(BUILT, "stories-cache");
const PASSWORD = "relay-station";
export const SITE = "http://site.example"; // the origin of a page that nobody serves
const API_KEY = "story-key-0123456789abcdef";
export const POWERLESS_KEY = "powerless-key-0123456789"; // has no scope

/** Resolves to what probe gives as soon as it is truthy; rejects after ms, saying what was waited for. */
export async function until(what, probe, ms = PATIENCE_MS) {
  const deadline = Date.now() + ms;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

function deadline(promise, ms, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${ms} ms for ${what}`)), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** A program that runs until it is ended; its output is kept. */
class Program {
  constructor(name, command, args, options) {
    this.name = name;
    this.output = "";
    this.child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    this.exited = once(this.child, "exit").then(([code, signal]) => ({ code, signal }));
    this.ended = false;
    this.exited.then(() => (this.ended = true));
    this.stdout = "";
    this.child.stdout.on("data", (data) => ((this.stdout += data), (this.output += data)));
    this.child.stderr.on("data", (data) => (this.output += data));
    this.child.stdin.on("error", () => {});
  }

  get pid() {
    return this.child.pid;
  }

  async end(signal = "SIGTERM", ms = PATIENCE_MS) {
    if (!this.ended) this.child.kill(signal);
    return deadline(this.exited, ms, `${this.name} to end after ${signal}`);
  }
}

class Redis {
  constructor(dir) {
    this.dir = dir;
    this.socket = path.join(dir, "redis.sock");
  }

  async start() {
    this.program = new Program("redis", "redis-server", [
      ...["--port", "0", "--unixsocket", this.socket, "--dir", this.dir],
      ...["--appendonly", "yes", "--appendfsync", "always", "--save", ""],
    ]);
    await until("redis to accept connections", () => {
      if (this.program.ended) throw new Error(`redis-server ended: ${this.program.output}`);
      return /ready to accept connections/i.test(this.program.output);
    });
  }

  /** A command by redis-cli; its answer as text. */
  async command(...args) {
    const cli = new Program("redis-cli", "redis-cli", ["-s", this.socket, ...args]);
    await once(cli.child, "close"); // it may exit before we have read all that it said
    return cli.stdout.trim();
  }

  stop(signal = "SIGTERM") {
    return this.program.end(signal);
  }
}

class Gateway {
  constructor(world, name) {
    this.world = world;
    this.name = name;
    this.configFile = path.join(world.dir, `${name}.yaml`);
  }

  async start() {
    await writeFile(this.configFile, this.world.config(this));
    this.program = new Program(this.name, POSTHOUSE, ["run", this.configFile], { cwd: this.world.dir });
    this.world.programs.push(this.program);
    const ready = await until(`${this.name} to be ready`, () => {
      if (this.program.ended) throw new Error(`${this.name} ended: ${this.program.output.slice(-2000)}`);
      return this.program.stdout.split("\n").find((line) => line.startsWith("{"));
    });
    this.ready = JSON.parse(ready);
    // A node that starts again keeps its addresses, as it would have them in a real configuration.
    this.publicAddress = this.ready.public;
    this.internalAddress = this.ready.internal;
    return this;
  }

  get url() {
    return `http://${this.publicAddress}`;
  }

  get internalUrl() {
    return `http://${this.internalAddress}`;
  }

  get log() {
    return this.world.programs.filter((p) => p.name === this.name).map((p) => p.output).join("");
  }

  kill() {
    return this.program.end("SIGKILL");
  }

  stop() {
    return this.program.end("SIGTERM");
  }

  async restart(signal = "SIGTERM") {
    await this.program.end(signal);
    return this.start();
  }

  async metrics() {
    return (await fetch(`${this.internalUrl}/metrics`)).text();
  }
}

class World {
  constructor(options) {
    this.options = { channels: ["sms", "wechat", "web"], agents: [], wechatMode: "safe", extra: "", ...options };
    this.programs = [];
    this.clients = [];
  }

  async start() {
    this.dir = await mkdtemp(path.join(tmpdir(), "posthouse-story-"));
    this.redis = new Redis(this.dir);
    await this.redis.start();
    // A story may bring an SMSC of its own: smscPort.
    if (this.has("sms") && !this.options.smscPort) this.smsc = await startSmsc({ systemId: "posthouse", password: "secret", ...this.options.smsc });
    if (this.has("wechat")) this.wechat = await startWechat({ mode: this.options.wechatMode, ...this.options.wechat });
    this.gateway = new Gateway(this, "node-1");
    await this.gateway.start();
    if (this.has("wechat")) this.wechat.setCallback(`${this.gateway.url}/wechat/bank-wechat`);
    for (const id of this.options.agents) await this.addUser(id);
    if (this.has("sms") && this.options.awaitBind !== false) {
      await until("the bind", async () => (await this.channel("sms-main"))?.state === "up");
    }
    return this;
  }

  has(channel) {
    return this.options.channels.includes(channel);
  }

  /** Another node on the same Redis. */
  async addNode(name) {
    const node = new Gateway(this, name);
    return node.start();
  }

  config(gateway) {
    const secret = (value) => `{env: ${this.secretName(value)}}`;
    const lines = [
      `node:\n  name: ${gateway.name}\n  drain: 2 s`,
      `listen:\n  public: ${gateway.publicAddress ?? "127.0.0.1:0"}\n  internal: ${gateway.internalAddress ?? "127.0.0.1:0"}`,
      `redis:\n  address: unix:${this.redis.socket}`,
      `log:\n  level: ${process.env.STORY_LOG ?? "info"}`,
      `assets:\n  console: ${path.join(BUILT, "assets/console")}\n  widget: ${path.join(BUILT, "assets/widget")}`,
      `templates:\n  directory: ${this.options.templates ?? path.join(ROOT, "templates/content")}\n  cache: ${this.options.templates ? path.join(this.dir, "cache") : CACHE}${this.options.templatesExtra ?? ""}`,
      `desk:\n  default_queue: general\n  capacity: 6${this.options.desk ?? ""}`,
      `api:\n  keys:\n    - name: story\n      key: ${secret(API_KEY)}\n      scopes: [calls, messages, conversations, channels, templates, verifications]\n    - name: nothing\n      key: ${secret(POWERLESS_KEY)}\n      scopes: []${this.options.keys?.map((k) => `\n    - name: ${k.name}\n      key: ${secret(k.key)}\n      scopes: [${k.scopes}]`).join("") ?? ""}`,
      `calls:\n  channel: sms-main\n  rules:\n    - disposition: card_reissue\n      template: call.card_reissue\n    - disposition: "*"\n      template: call.ended`,
      this.options.extra,
      "channels:",
    ];
    if (!this.has("sms")) lines.splice(lines.indexOf(lines.find((l) => l.startsWith("calls:"))), 1);
    if (this.has("sms")) {
      lines.push(
        `  - name: sms-main\n    connector: smpp\n    host: 127.0.0.1\n    port: ${this.options.smscPort ?? this.smsc.smppPort}\n    system_id: posthouse\n    password: ${secret("secret")}\n    short_codes: ["95500"]\n    default_country: "86"${this.options.smppExtra ?? ""}`,
      );
    }
    if (this.has("wechat")) {
      const a = this.wechat.account;
      lines.push(
        `  - name: bank-wechat\n    connector: wechat\n    appid: ${a.appid}\n    secret: ${secret(a.secret)}\n    token: ${secret(a.token)}\n    aes_key: ${secret(a.aesKey)}\n    mode: ${this.options.wechatMode}\n    api_base: ${this.wechat.httpUrl.replace(/\/$/, "")}${this.options.wechatExtra ?? ""}`,
      );
    }
    if (this.has("web")) {
      const origins = [SITE, ...(this.options.origins ?? [])].map((o) => `"${o}"`).join(", ");
      lines.push(
        `  - name: bank-web\n    connector: webchat\n    origins: [${origins}]\n    token_secret: ${secret("0123456789abcdef0123456789abcdef")}\n    identity_secret: ${secret("fedcba9876543210fedcba9876543210")}${this.options.webExtra ?? ""}`,
      );
    }
    return `${lines.filter(Boolean).join("\n")}\n`;
  }

  // Secrets come from the environment, as an operator may give them.
  secretName(value) {
    const name = `STORY_SECRET_${Buffer.from(value).toString("hex").slice(0, 40).toUpperCase()}`;
    process.env[name] = value;
    return name;
  }

  /** posthouse ARGS..., with input on standard input. */
  async posthouse(args, input = "") {
    const program = new Program("posthouse", POSTHOUSE, args, { cwd: this.dir });
    program.child.stdin.end(input);
    const { code } = await deadline(program.exited, PATIENCE_MS, `posthouse ${args.join(" ")}`);
    return { code, output: program.output };
  }

  async addUser(id, { role = "agent", capacity = 6, skills = "general", name, lang = "zh" } = {}) {
    const shown = name ?? id[0].toUpperCase() + id.slice(1);
    const args = ["--name", shown, "--role", role, "--capacity", String(capacity), "--skills", skills, "--lang", lang];
    const { code, output } = await this.posthouse(["user", "add", this.gateway.configFile, id, ...args], `${PASSWORD}\n`);
    if (code !== 0) throw new Error(`posthouse user add: ${output}`);
  }

  /** An agent's console, logged in and (unless away) available. */
  async agent(id, { available = true, node = this.gateway } = {}) {
    const client = await new AgentClient(id, () => node.url, PASSWORD).connect();
    this.clients.push(client);
    if (available) await client.request({ type: "presence", state: "available" });
    return client;
  }

  /** A visitor of the web site, with an open chat. */
  async visitor(options = {}) {
    const client = new VisitorClient(() => (options.node ?? this.gateway).url, "bank-web", SITE, options);
    this.clients.push(client);
    return client.connect();
  }

  /** A call of the HTTP API; resolves to {status, headers, body}. */
  async api(method, route, body, headers = {}) {
    const response = await fetch(`${this.gateway.url}${route}`, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      body: body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
  }

  /** What /readyz says of a channel. */
  async channel(name) {
    const response = await fetch(`${this.gateway.internalUrl}/readyz`).catch(() => undefined);
    const body = await response?.json().catch(() => undefined);
    return body?.channels?.find((c) => c.name === name);
  }

  async close(failed) {
    for (const client of this.clients) client.close();
    for (const program of this.programs) if (!program.ended) await program.end("SIGTERM").catch(() => program.end("SIGKILL"));
    await this.smsc?.close();
    await this.wechat?.close();
    if (this.redis.program && !this.redis.program.ended) await this.redis.stop("SIGKILL");
    if (failed) await this.keepLogs();
    await rm(this.dir, { recursive: true, force: true });
  }

  async keepLogs() {
    const to = path.join(ROOT, "out", "stories", path.basename(this.dir));
    await mkdir(to, { recursive: true });
    for (const [i, p] of this.programs.entries()) await writeFile(path.join(to, `${i}-${p.name}.log`), p.output);
    await cp(this.gateway.configFile, path.join(to, "config.yaml")).catch(() => {});
    console.error(`logs are in ${path.relative(ROOT, to)}`);
  }
}

/** A world that ends with the test t. STORY_KEEP=1 keeps its logs whatever happens, STORY_LOG=debug fills them. */
export async function world(t, options = {}) {
  const w = new World(options);
  let failed = true;
  t.after(() => w.close(failed || process.exitCode || process.env.STORY_KEEP));
  await w.start();
  failed = false;
  return w;
}
