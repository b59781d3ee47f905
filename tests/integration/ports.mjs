// Ports for programs that take no port 0, or come back to the port that they had.
import { readFileSync } from 'node:fs';
import net from 'node:net';

// Above the last one that fetch refuses to call, 10080 (the Fetch Standard, "port blocking").
const lowest = 10_081;
// Above it the kernel takes ports for outgoing connections: one of those would sit on the port of who is away for a moment.
const end = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);

// Each process goes through a range of its own, so that what one has been given and does not listen on yet is not given to
// another. It has the range for as long as it listens on its first port.
const ranges = 50;
const size = Math.floor((end - lowest) / ranges);
let range;
let next = 0;

async function listening(port) {
  const server = net.createServer().listen(port, '127.0.0.1');
  const isListening = await new Promise((resolve) => server.on('listening', () => resolve(true)).on('error', () => resolve(false)));
  return isListening ? server : null;
}
async function takeRange() {
  for (let turn = process.pid; ; ++turn) {
    const first = lowest + (turn % ranges) * size;
    const guard = await listening(first);
    guard?.unref();
    if (guard) return first;
  }
}

// One on which nobody listens now; somebody else may still take it first.
export async function freePort() {
  range ??= takeRange();
  const first = await range;
  for (;;) {
    const port = first + 1 + (next++ % (size - 1));
    const server = await listening(port);
    if (!server) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
export const freePorts = (count) => Promise.all(Array.from({ length: count }, freePort));
