// The echo server of tests/peers/echo, and raw sockets to speak with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { PATIENCE_MS } from "../peers/shared/patience.js";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
const program = path.join(root, process.env.BUILD ?? "build", "bin", "echo_server");

/** Starts one; it stops with the test. settings: ECHO_HEAD_MS and the like. */
export async function echoServer(t, settings = {}) {
  if (!existsSync(program)) throw new Error(`${program} is not built`);
  const child = spawn(program, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...settings } });
  const said = [];
  child.stderr.on("data", (data) => said.push(String(data)));
  const [line] = await once(child.stdout, "data");
  const stop = async () => {
    if (child.exitCode !== null) return child.exitCode;
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    return code;
  };
  t.after(stop);
  return { port: Number(String(line)), child, stop, said: () => said.join("") };
}

/** A socket that collects what comes. read(n): exactly n octets; until(text); end(): all up to the peer's end. */
export async function raw(t, port, options = {}) {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, ...options });
  let got = Buffer.alloc(0);
  let ended = false;
  let wake = () => {};
  socket.on("data", (data) => { got = Buffer.concat([got, data]); wake(); });
  socket.on("end", () => { ended = true; wake(); });
  socket.on("error", (error) => { ended = error; wake(); });
  t.after(() => socket.destroy());
  await once(socket, "connect");
  socket.setNoDelay(true);

  /** Waits until take() gives something that is not undefined; fails after ms. */
  async function wait(take, what, ms = PATIENCE_MS) {
    const end = Date.now() + ms;
    for (;;) {
      const found = take();
      if (found !== undefined) return found;
      if (ended) throw new Error(`${what}: the peer ended after ${JSON.stringify(String(got.subarray(0, 300)))}`);
      const left = end - Date.now();
      if (left <= 0) throw new Error(`${what}: not within ${ms} ms, got ${JSON.stringify(String(got.subarray(0, 300)))}`);
      await new Promise((resolve) => { wake = resolve; setTimeout(resolve, left); });
    }
  }
  const cut = (n) => { const head = got.subarray(0, n); got = got.subarray(n); return head; };

  return {
    socket,
    write: (data) => socket.write(data),
    read: (n) => wait(() => (got.length >= n ? cut(n) : undefined), `${n} octets`),
    until: (text) => wait(() => {
      const at = got.indexOf(text);
      return at < 0 ? undefined : cut(at + text.length);
    }, JSON.stringify(text)),
    async end(ms) {
      await wait(() => (ended ? true : undefined), "the end", ms);
      if (ended !== true) throw ended;
      return cut(got.length);
    },
    /** One HTTP answer: { status, headers, body }. */
    async answer({ head = false } = {}) {
      const text = String(await this.until("\r\n\r\n"));
      const [first, ...lines] = text.trimEnd().split("\r\n");
      const headers = Object.fromEntries(lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }));
      const length = head ? 0 : Number(headers["content-length"] ?? 0);
      const body = length ? String(await this.read(length)) : "";
      return { status: Number(first.split(" ")[1]), headers, body };
    },
  };
}
