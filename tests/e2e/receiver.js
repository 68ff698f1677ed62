// An HTTP server of somebody else's that the gateway calls: it keeps what came, may hang, and may be gone for a while.

import { once } from "node:events";
import http from "node:http";

export class Receiver {
  /** take(request, body) gives the status to answer with, or undefined to say nothing. */
  constructor(take) {
    this.take = take;
  }

  async start(port = 0) {
    this.server = http.createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const status = this.take(request, Buffer.concat(chunks).toString());
      if (status !== undefined) response.writeHead(status).end();
    });
    this.server.listen(port, "127.0.0.1");
    await once(this.server, "listening");
    this.port = this.server.address().port;
    return this;
  }

  async stop() {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, "close");
  }
}
