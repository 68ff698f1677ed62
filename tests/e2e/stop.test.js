// A node that is told to stop at once while threads of its pool still work for it: it waits for them, and ends well.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until, world } from "./world.js";

/** Two signals: the second one says not to drain. */
async function stopAtOnce(node) {
  node.program.child.kill("SIGTERM");
  await until("the drain", () => /event=node.drain /.test(node.log));
  node.program.child.kill("SIGTERM");
  return node.program.exited;
}

test("a node that reads its templates anew when it is told to stop ends well", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  w.gateway.program.child.kill("SIGHUP");
  await until("the signal", () => /event=node.signal signal=HUP/.test(w.gateway.log));
  assert.deepEqual(await stopAtOnce(w.gateway), { code: 0, signal: null });
});

test("a node that checks passwords when it is told to stop ends well", async (t) => {
  const w = await world(t, { channels: ["sms"], agents: ["mei"] });
  const logIns = Array.from({ length: 8 }, () =>
    fetch(`${w.gateway.url}/console/api/login`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: w.gateway.url },
      body: JSON.stringify({ user: "mei", password: "relay-station" }),
    }).catch(() => undefined),
  );
  await Promise.race(logIns); // the others are on the pool's threads
  assert.deepEqual(await stopAtOnce(w.gateway), { code: 0, signal: null });
  await Promise.all(logIns);
});
