// Ports for programs that take no port 0, or come back to the port that they had.
import { readFileSync } from 'node:fs';
import net from 'node:net';

const lowest = 10_000;
// Above it the kernel takes ports for outgoing connections: one of those would sit on the port of who is away for a moment.
const end = Number(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split(/\s+/)[0]);

async function isFree(port) {
  const server = net.createServer().listen(port, '127.0.0.1');
  const isListening = await new Promise((resolve) => server.on('listening', () => resolve(true)).on('error', () => resolve(false)));
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}

// One on which nobody listens now; whoever takes it may still come too late, and asks for another then.
export async function freePort() {
  for (;;) {
    const port = lowest + Math.floor(Math.random() * (end - lowest));
    if (await isFree(port)) return port;
  }
}
export const freePorts = (count) => Promise.all(Array.from({ length: count }, freePort));
