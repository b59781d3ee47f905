// npm's ws: every message goes to all clients (/) or back to its sender (/echo). node ws.js PORT
// With BENCH_TLS_CERT and BENCH_TLS_KEY it speaks TLS; with BENCH_DEFLATE=1 it agrees to permessage-deflate.
"use strict";
const { createServer: createHttp } = require("node:http");
const { createServer: createHttps } = require("node:https");
const { readFileSync } = require("node:fs");
const { WebSocketServer } = require("ws");

const { BENCH_TLS_CERT: cert, BENCH_TLS_KEY: key, BENCH_DEFLATE: deflate } = process.env;
const server = cert ? createHttps({ cert: readFileSync(cert), key: readFileSync(key) }) : createHttp();
const sockets = new WebSocketServer({ server, perMessageDeflate: deflate === "1" });

sockets.on("connection", (socket, request) => {
  if (request.url === "/echo") {
    socket.on("message", (data, binary) => socket.send(data, { binary }));
    return;
  }
  socket.on("message", (data, binary) => {
    for (const client of sockets.clients) client.send(data, { binary });
  });
});
server.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
