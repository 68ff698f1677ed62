// node tests/peers/console-server/main.js [--dir out/console] [--port 0]: a desk to try the console with.
// A customer of the open conversations says something now and then; log in as mei, "correct horse".
import { startConsoleServer } from "./server.js";
import { busyDesk, CATALOGUE, USERS } from "./scenario.js";

const arg = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : otherwise;
};
const desk = busyDesk();
const server = await startConsoleServer({ dir: arg("dir", "out/console"), port: Number(arg("port", "0")), desk, users: USERS, catalogue: CATALOGUE });
const timer = setInterval(() => {
  const open = [...desk.conversations.values()].filter((c) => c.state === "assigned");
  const c = open[Math.floor(Math.random() * open.length)];
  if (c) desk.customerSays(c, `还在吗？现在是 ${new Date().toLocaleTimeString()}`);
}, 5000);
console.log(`console: ${server.url} (mei / correct horse, tom / battery staple)`);
process.on("SIGINT", () => {
  clearInterval(timer);
  void server.close().then(() => process.exit(0));
});
