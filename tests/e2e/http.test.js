// HTTP/1.1 of our listeners on the wire, with raw sockets: what is answered, what is refused, and what keeps its time.
import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import test from "node:test";
import { stopwatch } from "../peers/shared/patience.js";
import { echoServer, raw } from "./echo.js";

const HOST = "Host: a.example\r\n";
const HELLO = `GET /hello HTTP/1.1\r\n${HOST}\r\n`;
const post = (body, more = "") => `POST /echo HTTP/1.1\r\n${HOST}Content-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;
const server = await echoServer({ after: (stop) => test.after(stop) });
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function ask(t, text, options) {
  const c = await raw(t, server.port);
  c.write(text);
  return Object.assign(await c.answer(options), { c });
}

function isProblem(answer, status, code) {
  assert.equal(answer.status, status);
  assert.equal(answer.headers["content-type"], "application/problem+json");
  const problem = JSON.parse(answer.body);
  assert.equal(problem.status, status);
  assert.equal(typeof problem.title, "string");
  assert.equal(typeof problem.detail, "string");
  if (code) assert.equal(problem.code, code);
  assert.equal(answer.headers["x-content-type-options"], "nosniff");
}

test("an answer has what it must have", async (t) => {
  const a = await ask(t, HELLO);
  assert.equal(a.status, 200);
  assert.equal(a.body, "hello\n");
  assert.match(a.headers.date, /^(Sun|Mon|Tue|Wed|Thu|Fri|Sat), \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  assert.ok(Math.abs(Date.parse(a.headers.date) - Date.now()) < 3000);
  assert.equal(a.headers["x-content-type-options"], "nosniff");
  assert.equal(a.headers.connection, undefined);
});

test("HEAD is GET without its body", async (t) => {
  const a = await ask(t, `HEAD /hello HTTP/1.1\r\n${HOST}\r\n`, { head: true });
  assert.equal(a.status, 200);
  assert.equal(a.headers["content-length"], "6");
  a.c.write(HELLO); // and nothing of a body came before this one
  assert.equal((await a.c.answer()).body, "hello\n");
});

test("several requests in one segment are answered in order, slow ones too", async (t) => {
  const c = await raw(t, server.port);
  c.write(post("one") + `GET /later HTTP/1.1\r\n${HOST}\r\n` + post("two") + HELLO + `GET /later HTTP/1.1\r\n${HOST}\r\n`);
  for (const want of ["one", "later\n", "two", "hello\n", "later\n"]) assert.equal((await c.answer()).body, want);
});

test("a request octet by octet", async (t) => {
  const c = await raw(t, server.port);
  for (const octet of post("abc") + HELLO) {
    c.write(octet);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal((await c.answer()).body, "abc");
  assert.equal((await c.answer()).body, "hello\n");
});

test("chunked bodies, cut at every octet", async (t) => {
  const text = `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n`;
  const c = await raw(t, server.port);
  for (let i = 1; i < text.length; i++) {
    c.write(text.slice(0, i));
    await new Promise((resolve) => setImmediate(resolve));
    c.write(text.slice(i));
    assert.equal((await c.answer()).body, "abc0123456789");
  }
});

test("a body of the limit is taken, one octet more is not", async (t) => {
  const limit = 1 << 20;
  const a = await ask(t, post("x".repeat(limit)));
  assert.equal(a.body.length, limit);
  isProblem(await ask(t, `POST /echo HTTP/1.1\r\n${HOST}Content-Length: ${limit + 1}\r\n\r\n`), 413, "body_too_large");
  const chunk = `10000\r\n${"x".repeat(65536)}\r\n`;
  const c = await raw(t, server.port);
  c.write(`POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`);
  for (let i = 0; i < 17; i++) c.write(chunk);
  isProblem(await c.answer(), 413, "body_too_large");
});

test("paths", async (t) => {
  assert.equal((await ask(t, `GET /parts/a%20b/%E4%BD%A0 HTTP/1.1\r\n${HOST}\r\n`)).body, "a b|你");
  isProblem(await ask(t, `GET /parts/a%zz/b HTTP/1.1\r\n${HOST}\r\n`), 404, "not_found");
  isProblem(await ask(t, `GET /parts/a HTTP/1.1\r\n${HOST}\r\n`), 404, "not_found");
  isProblem(await ask(t, `GET /parts/a/b/c HTTP/1.1\r\n${HOST}\r\n`), 404, "not_found");
  isProblem(await ask(t, `GET /parts//b HTTP/1.1\r\n${HOST}\r\n`), 404, "not_found");
  isProblem(await ask(t, `GET /hello/ HTTP/1.1\r\n${HOST}\r\n`), 404, "not_found");
  assert.equal((await ask(t, `GET http://a.example/hello?x HTTP/1.1\r\n${HOST}\r\n`)).body, "hello\n");
  const a = await ask(t, `DELETE /hello HTTP/1.1\r\n${HOST}\r\n`);
  isProblem(a, 405, "method_not_allowed");
  assert.equal(a.headers.allow, "GET, HEAD");
});

test("after 404 and 405 the connection goes on, over the body of the request", async (t) => {
  const c = await raw(t, server.port);
  c.write(post("abc").replace("/echo", "/nowhere") + post("abc").replace("POST", "PUT") + HELLO);
  isProblem(await c.answer(), 404);
  isProblem(await c.answer(), 405);
  assert.equal((await c.answer()).body, "hello\n");
});

test("Expect: 100-continue", async (t) => {
  const head = `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n`;
  const c = await raw(t, server.port);
  c.write(head);
  assert.equal((await c.answer()).status, 100);
  c.write("abc");
  assert.equal((await c.answer()).body, "abc");
  c.write(`${head}def`); // it did not wait: no 100 is needed
  assert.equal((await c.answer()).body, "def");
  const d = await ask(t, head.replace("/echo", "/nowhere"));
  isProblem(d, 404);
  assert.equal(d.headers.connection, "close", "whether the body comes nobody knows");
  const e = await ask(t, head.replace("Content-Length: 3", "Content-Length: 99999999"));
  isProblem(e, 413);
  isProblem(await ask(t, head.replace("100-continue", "a miracle")), 417);
});

test("keep-alive and close, in 1.0 and 1.1", async (t) => {
  const close = await ask(t, `GET /hello HTTP/1.1\r\n${HOST}Connection: foo, Close\r\n\r\n`);
  assert.equal(close.headers.connection, "close");
  assert.equal((await close.c.end()).length, 0);
  const old = await ask(t, "GET /hello HTTP/1.0\r\n\r\n");
  assert.equal(old.headers.connection, "close");
  assert.equal((await old.c.end()).length, 0);
  const kept = await ask(t, "GET /hello HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
  assert.equal(kept.headers.connection, "keep-alive");
  kept.c.write("GET /hello HTTP/1.0\r\n\r\n");
  assert.equal((await kept.c.answer()).status, 200);
});

test("what would end differently for somebody else is refused, and the connection with it", async (t) => {
  const smuggled = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
  const wrong = [
    ["length and coding", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ["coding and length", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`],
    ["two lengths", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 3\r\n\r\nabc`],
    ["two equal lengths", `POST /echo HTTP/1.1\r\n${HOST}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`],
    ["blank before the colon", `POST /echo HTTP/1.1\r\n${HOST}Content-Length : 3\r\n\r\nabc`],
    ["bare LF", `GET /hello HTTP/1.1\n${HOST}\n`],
    ["bare LF in a field", `GET /hello HTTP/1.1\r\nHost: a\nX: y\r\n\r\n`],
    ["bare CR", `GET /hello HTTP/1.1\r\n${HOST}X: a\rY: b\r\n\r\n`],
    ["folded field", `POST /echo HTTP/1.1\r\n${HOST}Content-Length:\r\n 3\r\n\r\nabc`],
    ["NUL", `GET /hello HTTP/1.1\r\n${HOST}X: a\0b\r\n\r\n`],
    ["chunk without CRLF behind it", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3\r\nabcXX0\r\n\r\n`],
    ["chunk size ends in LF", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n`],
    ["negative chunk", `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n-1\r\n`],
  ];
  for (const [what, text] of wrong)
    await t.test(what, async (t) => {
      const c = await raw(t, server.port);
      c.write(text + smuggled);
      const a = await c.answer();
      isProblem(a, 400);
      assert.equal(a.headers.connection, "close");
      assert.equal((await c.end()).length, 0, "nothing behind it is answered");
    });
  await t.test("an unknown coding: 501", async (t) => {
    isProblem(await ask(t, `POST /echo HTTP/1.1\r\n${HOST}Transfer-Encoding: gzip, chunked\r\n\r\n`), 501);
  });
});

test("limits of the head", async (t) => {
  isProblem(await ask(t, `GET /${"x".repeat(70000)}`), 414, "target_too_long");
  isProblem(await ask(t, `GET /hello HTTP/1.1\r\n${HOST}X: ${"x".repeat(70000)}`), 431, "head_too_large");
  isProblem(await ask(t, `GET /hello HTTP/1.1\r\n${HOST}${"A: b\r\n".repeat(100)}\r\n`), 431);
  const a = await ask(t, `GET /hello HTTP/1.1\r\n${HOST}X: ${"x".repeat(16000)}\r\n\r\n`);
  assert.equal(a.status, 200);
  isProblem(await ask(t, `GET /hello HTTP/2.0\r\n${HOST}\r\n`), 505);
  isProblem(await ask(t, `BREW /hello HTTP/1.1\r\n${HOST}\r\n`), 501);
});

test("a peer that says that it has said all still gets its answers", async (t) => {
  const c = await raw(t, server.port);
  c.socket.end(`GET /later HTTP/1.1\r\n${HOST}\r\n${HELLO}`);
  assert.equal((await c.answer()).body, "later\n");
  assert.equal((await c.answer()).body, "hello\n");
  assert.equal((await c.end()).length, 0);
});

test("a peer that leaves before its answer does no harm", async (t) => {
  const c = await raw(t, server.port);
  c.write(`GET /later HTTP/1.1\r\n${HOST}\r\n`);
  await pause(5);
  c.socket.resetAndDestroy();
  await pause(60);
  assert.equal((await ask(t, HELLO)).status, 200);
});

test("time for the head, the body, and in between", async (t) => {
  const quick = await echoServer(t, { ECHO_HEAD_MS: "400", ECHO_BODY_MS: "400", ECHO_IDLE_MS: "400" });
  await t.test("a head that drips in: 408", async (t) => {
    const c = await raw(t, quick.port);
    const began = stopwatch();
    const drip = setInterval(() => c.write("x"), 50);
    t.after(() => clearInterval(drip));
    c.write("GET /hello HTTP/1.1\r\nX: ");
    isProblem(await c.answer(), 408, "request_timeout");
    assert.ok(began.had() < 3000);
  });
  await t.test("a body that does not come: 408", async (t) => {
    const c = await raw(t, quick.port);
    c.write(`POST /echo HTTP/1.1\r\n${HOST}Content-Length: 10\r\n\r\nabc`);
    isProblem(await c.answer(), 408, "request_timeout");
    assert.equal((await c.end()).length, 0);
  });
  await t.test("nothing at all is ended without a word", async (t) => {
    const c = await raw(t, quick.port);
    assert.equal((await c.end()).length, 0);
  });
  await t.test("nothing more after an answer is ended without a word", async (t) => {
    const c = await raw(t, quick.port);
    c.write(HELLO);
    await c.answer();
    assert.equal((await c.end()).length, 0);
  });
  await t.test("who asks again in time goes on", async (t) => {
    const patient = await echoServer(t, { ECHO_IDLE_MS: "2000" });
    const c = await raw(t, patient.port);
    for (let i = 0; i < 5; i++) {
      c.write(HELLO);
      assert.equal((await c.answer()).status, 200);
      await pause(500);
    }
  });
});

test("more connections than allowed: 503, and room again when one leaves", async (t) => {
  const small = await echoServer(t, { ECHO_CONNECTIONS: "2" });
  const a = await raw(t, small.port);
  const b = await raw(t, small.port);
  for (const c of [a, b]) {
    c.write(HELLO);
    assert.equal((await c.answer()).status, 200);
  }
  const over = await raw(t, small.port);
  const answer = await over.answer();
  isProblem(answer, 503, "unavailable");
  assert.ok(Number(answer.headers["retry-after"]) > 0);
  a.socket.destroy();
  over.socket.destroy();
  for (let status = 503; status !== 200;) {
    const again = await raw(t, small.port);
    again.write(HELLO);
    status = (await again.answer()).status;
    again.socket.destroy();
    await pause(10);
  }
});

test("SIGTERM with a request under way ends in order", async (t) => {
  const one = await echoServer(t);
  const c = await raw(t, one.port);
  c.write(`GET /later HTTP/1.1\r\n${HOST}\r\n`);
  await pause(5);
  assert.equal(await one.stop(), 0);
});

test("Node's own client, keep-alive, a hundred at once", async (t) => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  const one = (i) => new Promise((resolve, reject) => {
    const request = http.request({ agent, port: server.port, host: "127.0.0.1", method: "POST", path: "/echo" }, async (answer) => {
      const pieces = [];
      answer.on("data", (piece) => pieces.push(piece));
      await once(answer, "end");
      resolve(String(Buffer.concat(pieces)));
    });
    request.on("error", reject);
    request.end(`body ${i}`);
  });
  const bodies = await Promise.all(Array.from({ length: 100 }, (_, i) => one(i)));
  bodies.forEach((body, i) => assert.equal(body, `body ${i}`));
});
