// Debian's kannel (bearerbox and smsbox) as a peer: the real one, to record what it answers to a request and what it tells
// by dlr-url, so that ours can be compared with it line by line. Ports are chosen by the system; everything it writes lies
// in a directory of its own.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { freePorts } from "../shared/ports.js";

const BEARERBOX = "/usr/sbin/bearerbox";
const SMSBOX = "/usr/sbin/smsbox";
const START_MS = 15_000;

/** Whether it is here at all. */
export const kannelInstalled = () => existsSync(BEARERBOX) && existsSync(SMSBOX);

async function reachable(port) {
  const socket = net.connect(port, "127.0.0.1");
  try {
    await Promise.race([once(socket, "connect"), once(socket, "error").then(([err]) => Promise.reject(err))]);
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function until(what, probe) {
  const deadline = Date.now() + START_MS;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${START_MS} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function configuration({ dir, admin, boxes, sendsms, smscs, users }) {
  const group = (name, fields) =>
    [`group = ${name}`, ...Object.entries(fields).map(([key, value]) => `${key} = ${value}`), ""].join("\n");
  return [
    group("core", {
      "admin-port": admin,
      "admin-password": "admin",
      "admin-interface": "127.0.0.1",
      "smsbox-port": boxes,
      "smsbox-interface": "127.0.0.1",
      "log-file": `"${dir}/bearerbox.log"`,
      "log-level": 0,
      "dlr-storage": "internal",
    }),
    ...smscs.map((fields) => group("smsc", fields)),
    group("smsbox", {
      "bearerbox-host": "127.0.0.1",
      "sendsms-port": sendsms,
      "sendsms-interface": "127.0.0.1",
      "log-file": `"${dir}/smsbox.log"`,
      "log-level": 0,
    }),
    ...users.map((fields) => group("sendsms-user", fields)),
    group("sms-service", { keyword: "default", text: '"none"', "max-messages": 0 }),
  ].join("\n");
}

/** An smsc group that binds to a simulated SMSC. */
export const smppGroup = (port, more = {}) => ({
  smsc: "smpp",
  "smsc-id": "sms-main",
  host: "127.0.0.1",
  port,
  "transceiver-mode": 1,
  "smsc-username": "posthouse",
  "smsc-password": "secret",
  "system-type": '""',
  "source-addr-autodetect": "yes",
  ...more,
});

/**
 * Starts it with groups of smsc and sendsms-user, each an object of the fields in its configuration. Resolves to
 * {url, status(), close()}; url is that of /cgi-bin/sendsms.
 */
export async function startKannel({ smscs, users }) {
  const dir = await mkdtemp(path.join(tmpdir(), "kannel-"));
  const [admin, boxes, sendsms] = await freePorts(3);
  const file = path.join(dir, "kannel.conf");
  await writeFile(file, configuration({ dir, admin, boxes, sendsms, smscs, users }));
  const programs = [];
  const start = (command) => {
    const child = spawn(command, [file], { cwd: dir, stdio: "ignore" });
    child.exited = once(child, "exit");
    programs.push(child);
  };
  const status = async () =>
    (await fetch(`http://127.0.0.1:${admin}/status.txt?password=admin`).catch(() => undefined))?.text() ?? "";
  const close = async () => {
    for (const child of programs.reverse()) {
      child.kill("SIGKILL");
      await child.exited;
    }
    await rm(dir, { recursive: true, force: true });
  };
  try {
    start(BEARERBOX);
    await until("bearerbox", () => reachable(boxes));
    start(SMSBOX);
    await until("smsbox", () => reachable(sendsms));
  } catch (err) {
    await close();
    throw err;
  }
  return { url: `http://127.0.0.1:${sendsms}/cgi-bin/sendsms`, dir, status, close };
}
