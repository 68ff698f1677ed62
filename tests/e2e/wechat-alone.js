// The simulated WeChat platform with a gateway that says "success" to every callback.

import { once } from "node:events";
import http from "node:http";
import { startWechat } from "../peers/wechat/main.js";

export async function wechatAlone(t, options = {}) {
  const gateway = http.createServer((req, res) => {
    req.resume();
    req.on("end", () => res.end("success"));
  });
  await once(gateway.listen(0, "127.0.0.1"), "listening");
  const wechat = await startWechat({
    mode: "plain",
    callback: `http://127.0.0.1:${gateway.address().port}/`,
    ...options,
  });
  t.after(async () => {
    await wechat.close();
    gateway.closeAllConnections();
    await new Promise((done) => gateway.close(done));
  });
  return wechat;
}
