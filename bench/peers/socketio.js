// socket.io: event "message" goes to all clients, event "echo" back to its sender. node socketio.js PORT
"use strict";
const { createServer } = require("node:http");
const { Server } = require("socket.io");

const server = createServer();
const io = new Server(server, { perMessageDeflate: false });
io.on("connection", (socket) => {
  socket.on("message", (data) => io.emit("message", data));
  socket.on("echo", (data) => socket.emit("echo", data));
});
server.listen({ host: "127.0.0.1", port: Number(process.argv[2]), backlog: 4096 });
