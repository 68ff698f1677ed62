// Ports for programs that must be told one before they listen, or that listen on the same one again.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";

const LEAST = 10_000;
/** From here on the system takes ports for connections, and may do so between our look and the program's start. */
const EPHEMERAL = Number(readFileSync("/proc/sys/net/ipv4/ip_local_port_range", "utf8").split(/\s+/)[0]);

async function isFree(port) {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch {
    return false;
  }
  server.close();
  await once(server, "close");
  return true;
}

/** So many ports of 127.0.0.1 that nobody listens on now and no connection will get by itself. */
export async function freePorts(count) {
  const ports = new Set();
  while (ports.size < count) {
    const port = LEAST + Math.floor(Math.random() * (EPHEMERAL - LEAST));
    if (!ports.has(port) && (await isFree(port))) ports.add(port);
  }
  return [...ports];
}
