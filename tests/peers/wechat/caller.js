// Calling the gateway: one callback is tried three times, five seconds each (docs/protocols/wechat.md, 5). Every try
// carries the same message under a fresh signature, and a late answer to an earlier try counts for nothing.

import http from "node:http";
import https from "node:https";

const ANSWER_LIMIT = 1024 * 1024;

export class Caller {
  #agents = { "http:": new http.Agent({ keepAlive: true }), "https:": new https.Agent({ keepAlive: true }) };

  /** One request. Resolves to {status, headers, body, ms} or {error, ms}; never rejects. */
  once(url, { method = "POST", query = {}, body = "", headers = {}, timeoutMs = 5000 }) {
    const target = new URL(url);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) target.searchParams.append(name, value);
    const started = Date.now();
    return new Promise((resolve) => {
      const settle = (outcome) => {
        clearTimeout(timer);
        resolve({ ...outcome, ms: Date.now() - started });
      };
      const octets = Buffer.from(body);
      const type = method === "POST" ? { "content-type": "text/xml", "content-length": octets.length } : {};
      const lib = target.protocol === "https:" ? https : http;
      const request = lib.request(target, {
        method,
        agent: this.#agents[target.protocol],
        headers: { "user-agent": "Mozilla/4.0", accept: "*/*", ...type, ...headers },
      });
      const timer = setTimeout(() => {
        settle({ error: "timeout" });
        request.destroy();
      }, timeoutMs);
      request.on("response", (response) => collect(response, settle));
      request.on("error", (err) => settle({ error: err.code ?? err.message }));
      request.end(method === "POST" ? octets : undefined);
    });
  }

  /** Up to `tries` requests, `gapMs` apart, until one is answered 200. `make()` makes each request. */
  async deliver(url, make, { tries = 3, timeoutMs = 5000, gapMs = 5000, sleep, onTry = () => {} }) {
    let outcome;
    for (let n = 1; n <= tries; n++) {
      const started = Date.now();
      onTry(n);
      outcome = await this.once(url, { ...make(), timeoutMs });
      outcome.tries = n;
      onTry(n, outcome);
      if (outcome.status === 200) return outcome;
      if (n < tries) await sleep(Math.max(0, gapMs - (Date.now() - started)));
    }
    return { ...outcome, lost: true };
  }

  close() {
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }
}

function collect(response, settle) {
  const chunks = [];
  let size = 0;
  response.on("data", (chunk) => {
    size += chunk.length;
    if (size > ANSWER_LIMIT) response.destroy();
    else chunks.push(chunk);
  });
  response.on("end", () =>
    settle({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks) }),
  );
  response.on("error", (err) => settle({ error: err.code ?? err.message }));
  response.on("aborted", () => settle({ error: "aborted" }));
}
