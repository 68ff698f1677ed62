// script/bench spine: what the main path reaches, on a real Redis at appendfsync always. The questions come from
// tests/peers/smsc-load (C, on the gateway's own codec), which measures from deliver_sm to the reply's submit_sm.
//
//   answered_per_s      most answered a second, each durable: deliver_sm in, deliver_sm_resp and submit_sm out
//   p50_ms, p99_ms      deliver_sm to submit_sm at 1,000 a second
//   rss_mb              resident memory of the gateway at rest
//   idle_chats_mb       what 10,000 idle web chats add to it
//   ready_ms            from exec to ready, the best of five
//   ready_cold_ms       the first of them, which trains the matcher; the others find it kept
//   fcalls_per_message  Redis functions called for each answered message

import { once } from "node:events";
import net from "node:net";
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { Lab, QUESTION, note, smppChannel, startPeer, until } from "./lab.js";

const SITE = "http://site.example";
const CHATS = 10_000;
const { values: options } = parseArgs({ options: { seconds: { type: "string", default: "8" } } });

class Bench extends Lab {
  start(smppPort) {
    return this.startGateway([
      smppChannel("sms-main", smppPort, ", window: 1000"),
      `  - {name: bank-web, connector: webchat, origins: ['${SITE}'], token_secret: {env: BENCH_TOKEN}, identity_secret: {env: BENCH_TOKEN}, connections_per_address: 0, tokens_per_minute: 0}`,
    ]);
  }

  /** The load peer on a port of its own, with a gateway bound to it; resolves to what it measured. */
  async load(args) {
    const peer = await startPeer(["--text", QUESTION, ...args]);
    await this.start(peer.ports[0]);
    const before = await this.used();
    const result = await peer.result;
    const after = await this.used();
    await this.stopGateway();
    if (result.unanswered || result.bad) throw new Error(`the load peer: ${JSON.stringify(result)}`);
    return { ...result, ...this.perMessage(before, after, result.answered) };
  }
}

/** An idle chat as cheap as this process can hold it: a bare socket that shook hands and said hello. */
async function openChat(address, token) {
  const [host, port] = address.split(":");
  const socket = net.connect(Number(port), host);
  await once(socket, "connect");
  socket.write(
    `GET /webchat/bank-web/ws HTTP/1.1\r\nHost: ${address}\r\nOrigin: ${SITE}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString("base64")}\r\nSec-WebSocket-Protocol: posthouse.webchat.v1\r\n\r\n`,
  );
  let text = "";
  socket.on("data", (data) => (text = (text + data.toString("latin1")).slice(-4000)));
  await until("the handshake", () => /^HTTP\/1.1 101/.test(text));
  socket.write(maskedText(JSON.stringify({ type: "hello", v: 1, token, since: 0, lang: "en" })));
  await until("ready", () => /"ready"/.test(text));
  return socket;
}

function maskedText(text) {
  const body = Buffer.from(text);
  const head = Buffer.from([0x81, 0x80 | 126, body.length >> 8, body.length & 255, 0, 0, 0, 0]);
  return Buffer.concat([head, body]); // a mask of zeros is a mask
}

async function token(address) {
  const response = await fetch(`http://${address}/webchat/bank-web/token`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: SITE },
    body: "{}",
  });
  const body = await response.json();
  if (response.status !== 200) throw new Error(`token: ${response.status} ${JSON.stringify(body)}`);
  return body.token;
}

// Each chat is another visitor's; limits per address are off, as behind a proxy.
async function idleChats(bench) {
  await bench.start(9);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const rss = bench.rssMb();
  const sockets = [];
  await Promise.all(
    Array.from({ length: 100 }, async () => {
      while (sockets.length < CHATS) {
        const at = sockets.push(null) - 1;
        sockets[at] = await openChat(bench.ready.public, await token(bench.ready.public));
      }
    }),
  );
  const more = bench.rssMb() - rss;
  for (const socket of sockets) socket.destroy();
  await bench.stopGateway();
  return { rss, more };
}

const bench = new Bench();
await bench.open();
try {
  const ready = [];
  for (let i = 0; i < 5; i++) {
    ready.push((await bench.start(9)).ready_ms);
    await bench.stopGateway();
  }
  note(`ready after ${ready.join(", ")} ms`);
  const paced = await bench.load(["--rate", "1000", "--seconds", options.seconds]);
  note(`at 1,000 a second: ${JSON.stringify(paced)}`);
  // Other customers: the same text from the same number over a new session may be a resend.
  const full = await bench.load(["--first", "8613900000000", "--rate", "0", "--window", "400", "--seconds", options.seconds]);
  note(`as fast as it goes: ${JSON.stringify(full)}`);
  const chats = await idleChats(bench);
  console.log(
    JSON.stringify({
      answered_per_s: Math.round(full.answered_per_s),
      p50_ms: paced.p50_ms,
      p99_ms: paced.p99_ms,
      rss_mb: Number(chats.rss.toFixed(1)),
      idle_chats_mb: Number(chats.more.toFixed(1)),
      ready_ms: Math.min(...ready),
      ready_cold_ms: ready[0],
      fcalls_per_message: Number(full.fcalls.toFixed(2)),
      gateway_us: Math.round(full.gateway_us),
      redis_us: Math.round(full.redis_us),
    }),
  );
} finally {
  await bench.close();
}
