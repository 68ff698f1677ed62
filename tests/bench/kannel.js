// Debian's kannel beside us: bearerbox and smsbox as a careful operator would set them up for speed. Log level 3 and -v 4
// (its debug output halves its speed), no access log, a large window, one fixed answer without HTTP. Everything it writes goes
// into a directory of its own.

import { mkdir, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import path from "node:path";
import { freePorts } from "../peers/shared/ports.js";
import { cpuSeconds, end, run, until } from "./lab.js";

const SECRET = "bench";

const group = (name, values) => [`group = ${name}`, ...Object.entries(values).map(([k, v]) => `${k} = ${v}`), ""].join("\n");

function accepts(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("connect", () => (socket.destroy(), resolve(true)));
    socket.on("error", () => resolve(false));
  });
}

export class Kannel {
  /** answer: the text of every reply; store: none or file; immediate: HTTP answers before bearerbox has it. */
  constructor(dir, { answer, store = "file", window = 1000, immediate = false }) {
    Object.assign(this, { dir: path.join(dir, "kannel"), answer, store, window, immediate });
  }

  config(smscPort) {
    const core = {
      "admin-port": this.adminPort,
      "admin-password": SECRET,
      "smsbox-port": this.boxPort,
      "box-allow-ip": '"127.0.0.1"',
      "log-file": `"${this.dir}/bearerbox.log"`,
      "log-level": 3,
    };
    if (this.store !== "none") Object.assign(core, { "store-type": this.store, "store-location": `"${this.dir}/store"` });
    const smsc = {
      smsc: "smpp",
      "smsc-id": "load",
      host: "127.0.0.1",
      port: smscPort,
      "transceiver-mode": "true",
      "smsc-username": "posthouse",
      "smsc-password": "secret",
      "system-type": '""',
      "max-pending-submits": this.window,
      "reconnect-delay": 1,
      "source-addr-ton": 0,
      "source-addr-npi": 1,
      "dest-addr-ton": 1,
      "dest-addr-npi": 1,
    };
    const box = {
      "bearerbox-host": "127.0.0.1",
      "sendsms-port": this.httpPort,
      "global-sender": "95500",
      "log-file": `"${this.dir}/smsbox.log"`,
      "log-level": 3,
      ...(this.immediate ? { "immediate-sendsms-reply": "true" } : {}),
    };
    return [
      group("core", core),
      group("smsc", smsc),
      group("smsbox", box),
      group("sms-service", { keyword: "default", text: JSON.stringify(this.answer), "max-messages": 3, concatenation: "true" }),
      group("sendsms-user", { username: SECRET, password: SECRET, "max-messages": 3, concatenation: "true" }),
    ].join("\n");
  }

  async start(smscPort) {
    await rm(this.dir, { recursive: true, force: true });
    await mkdir(this.dir, { recursive: true });
    [this.adminPort, this.boxPort, this.httpPort] = await freePorts(3);
    const file = path.join(this.dir, "kannel.conf");
    await writeFile(file, this.config(smscPort));
    this.bearerbox = run("bearerbox", ["-v", "4", file], { cwd: this.dir });
    await this.listens("bearerbox", this.boxPort);
    this.smsbox = run("smsbox", ["-v", "4", file], { cwd: this.dir });
    await this.listens("smsbox", this.httpPort);
  }

  listens(name, port) {
    return until(name, () => {
      if (this[name].exitCode !== null) throw new Error(`${name}: ${this[name].err}${this[name].out}`);
      return accepts(port);
    });
  }

  cpu() {
    return cpuSeconds(this.bearerbox.pid) + cpuSeconds(this.smsbox.pid);
  }

  /** The arguments of smsc-load that post messages to it. */
  posts() {
    const query = `username=${SECRET}&password=${SECRET}&from=95500&to={number}&text=${encodeURIComponent(this.answer).replaceAll("%20", "+")}`;
    return ["--post-port", this.httpPort, "--post", `GET /cgi-bin/sendsms?${query} HTTP/1.1\r\nHost: bench\r\n`];
  }

  async stop() {
    for (const box of [this.smsbox, this.bearerbox]) {
      if (!box) continue;
      const slow = setTimeout(() => box.kill("SIGKILL"), 5000);
      await end(box);
      clearTimeout(slow);
    }
  }
}
