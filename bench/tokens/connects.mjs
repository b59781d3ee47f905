// Asks for WebSockets with a token, one TCP connection each, at a pace: node connects.mjs PORT TOKEN COUNT RATE
// Prints one line of JSON: how many got which status, and how long it took.
import net from 'node:net';

const [port, token, count, rate] = process.argv.slice(2).map((one, at) => (at === 1 ? one : Number(one)));
const request = `GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ${token}\r\n\r\n`;
const statuses = {};
let ended = 0;
const began = performance.now();

function connect() {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(request));
  const end = (status) => {
    socket.destroy();
    statuses[status] = (statuses[status] ?? 0) + 1;
    if (++ended < count) return;
    console.log(JSON.stringify({ statuses, seconds: (performance.now() - began) / 1000 }));
    process.exit();
  };
  socket.once('data', (data) => end(data.toString('latin1', 9, 12)));
  socket.once('error', (error) => end(error.code));
}
let started = 0;
(function start() {
  const due = Math.min(count, ((performance.now() - began) / 1000) * rate);
  for (; started < due; ++started) connect();
  if (started < count) setTimeout(start, 1);
})();
