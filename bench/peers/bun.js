// Bun, which has uWebSockets inside: relays at / and echoes at /echo. bun bun.js PORT
// With BENCH_TLS_CERT and BENCH_TLS_KEY it speaks TLS; with BENCH_DEFLATE=1 it agrees to permessage-deflate.
const { BENCH_TLS_CERT: cert, BENCH_TLS_KEY: key, BENCH_DEFLATE: deflate } = process.env;

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  tls: cert ? { cert: Bun.file(cert), key: Bun.file(key) } : undefined,
  fetch(request, server) {
    const echoes = new URL(request.url).pathname === "/echo";
    return server.upgrade(request, { data: { echoes } }) ? undefined : new Response("WebSocket only", { status: 400 });
  },
  websocket: {
    perMessageDeflate: deflate === "1",
    backpressureLimit: 64 << 20,
    open(socket) {
      if (!socket.data.echoes) socket.subscribe("all");
    },
    message(socket, data) {
      if (socket.data.echoes) socket.send(data);
      else {
        socket.publish("all", data);
        socket.send(data);
      }
    },
  },
});
