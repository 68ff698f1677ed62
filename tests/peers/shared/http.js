// The HTTP face that all simulators share: a table of routes, static files under a strict content
// security policy, and server-sent events for their pages. Loopback tools for one person or one test,
// so there is no login; a JSON content type is demanded on every change, which keeps other web sites
// (that a person may have open in the same browser) from driving a simulator by a plain form.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".json": "application/json; charset=utf-8",
};
const BODY_LIMIT = 12 * 1024 * 1024; // one image of 10 MB and its multipart frame
const SLOW_READER = 4 * 1024 * 1024;
const SHARED = fileURLToPath(new URL("./public/", import.meta.url));

/** An answer other than 200 with JSON: throw it anywhere below a route. */
export class HttpError extends Error {
  constructor(status, detail, extra = {}) {
    super(detail);
    this.status = status;
    this.extra = extra;
  }
}

/**
 * Serves `routes` ([method, path with :names, handler, {any}]) and the files below `root`; /shared/ is
 * common to all pages. A handler gets {req, params, query, raw, json()} and returns a value (sent as
 * JSON), undefined (204) or {status, headers, body}. `any` waives the JSON content type.
 * `page(html, req, url)` may fill in a page. Resolves to {port, url, viewers, publish(type, data), close()}.
 */
export async function serve({ host = "127.0.0.1", port = 0, root, routes = [], hello, csp, page }) {
  const table = routes.map(compile);
  const viewers = new Set();
  const server = createServer((req, res) => {
    answer(req, res).catch((err) => fail(res, err));
  });

  async function answer(req, res) {
    const url = new URL(req.url, "http://local");
    if (req.method === "GET" && url.pathname === "/api/stream") return stream(req, res);
    for (const route of table) {
      const params = route.match(req.method, url.pathname);
      if (params) return run(route, req, res, url, params);
    }
    if (req.method !== "GET" && req.method !== "HEAD") throw new HttpError(404, "no such route");
    return file(req, res, url);
  }

  async function run(route, req, res, url, params) {
    const raw = await body(req);
    const plain = (req.headers["content-type"] ?? "").split(";")[0].trim();
    if (req.method !== "GET" && !route.any && plain !== "application/json") {
      throw new HttpError(415, "send application/json");
    }
    const json = () => parse(raw);
    send(res, await route.handler({ req, params, query: url.searchParams, raw, json }));
  }

  function stream(req, res) {
    res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    if (hello) write(res, "hello", hello());
    viewers.add(res);
    req.on("close", () => viewers.delete(res));
  }

  function publish(type, data) {
    for (const res of viewers) {
      // A page that reads too slowly is cut; the browser comes back and gets a whole new picture.
      if (res.writableLength > SLOW_READER) res.destroy();
      else write(res, type, data);
    }
  }

  async function file(req, res, url) {
    const path = url.pathname;
    const [base, rest] = path.startsWith("/shared/") ? [SHARED, path.slice(7)] : [root, path];
    const name = normalize(rest === "/" ? "/index.html" : decodeURIComponent(rest));
    if (!base || name.includes("..") || name.includes("\0")) throw new HttpError(404, "no such file");
    let bytes = await readFile(join(base, name)).catch(() => {
      throw new HttpError(404, "no such file");
    });
    if (page && name.endsWith(".html")) bytes = page(bytes.toString("utf8"), req, url);
    res.writeHead(200, {
      "content-type": TYPES[extname(name)] ?? "application/octet-stream",
      "content-security-policy": csp ?? "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cache-control": "no-cache",
    });
    res.end(bytes);
  }

  const heartbeat = setInterval(() => viewers.forEach((res) => res.write(": still here\n\n")), 15000);
  heartbeat.unref();
  await listen(server, port, host);
  return {
    port: server.address().port,
    url: `http://${host}:${server.address().port}`,
    publish,
    get viewers() {
      return viewers.size;
    },
    close: () => shut(server, viewers, heartbeat),
  };
}

function compile([method, path, handler, { any = false } = {}]) {
  const names = [];
  const source = path.replace(/:(\w+)/g, (_, name) => {
    names.push(name);
    return "([^/]+)";
  });
  const pattern = new RegExp(`^${source}$`);
  const match = (m, p) => {
    const found = m === method && pattern.exec(p);
    return found && Object.fromEntries(names.map((n, i) => [n, decodeURIComponent(found[i + 1])]));
  };
  return { match, handler, any };
}

async function body(req) {
  const chunks = [];
  let size = 0;
  for await (const chunk of req) {
    size += chunk.length;
    if (size > BODY_LIMIT) throw new HttpError(413, "the body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(raw) {
  if (raw.length === 0) return {};
  try {
    return JSON.parse(raw.toString("utf8"));
  } catch (err) {
    throw new HttpError(400, `not JSON: ${err.message}`);
  }
}

function send(res, value) {
  if (value === undefined) return void res.writeHead(204).end();
  if (value && typeof value === "object" && "body" in value && "status" in value) {
    return void res.writeHead(value.status, value.headers).end(value.body);
  }
  const bytes = JSON.stringify(value);
  res.writeHead(200, { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" });
  res.end(bytes);
}

function fail(res, err) {
  const status = err instanceof HttpError ? err.status : 500;
  if (res.headersSent) return void res.destroy();
  res.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  res.end(JSON.stringify({ error: err.message, ...err.extra }));
}

function write(res, type, data) {
  res.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
}

/** Listens, or rejects with one sentence that names the port. */
export function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once("error", (err) =>
      reject(new Error(`cannot listen on ${host}:${port}: ${err.code ?? err.message}`)),
    );
    server.listen(port, host, resolve);
  });
}

function shut(server, viewers, heartbeat) {
  clearInterval(heartbeat);
  for (const res of viewers) res.destroy();
  return new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
