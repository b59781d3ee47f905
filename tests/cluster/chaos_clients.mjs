// A process with many clients, each of which resumes whenever it is cut off. chaos.mjs says what it is to be, by messages:
//   { open: [{ wire, room }], doors }  -> { open: N } once all are connected
//   { counts: { ROOM: N } }            -> { done: [{ wire, room, hash, count, connects, wrong }] } once all have heard so many, or time is over
import { createHash } from 'node:crypto';
import http from 'node:http';
import { once } from 'node:events';
import { Watch } from '../integration/watch.mjs';
import * as wires from './wires.mjs';

const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
const watch = new Watch();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// Hears a room whose messages are 0, 1, 2 and so on.
class Client extends wires.Listener {
  connects = 0;
  count = 0;
  wrong = null; // what came first that is neither the next message nor anything else that is right
  #hash = createHash('sha256');

  constructor({ wire, room }) {
    super(room);
    this.wire = wire;
  }
  take(data, position) {
    if (data !== String(this.count)) this.wrong ??= `${data} at ${position} in the place of ${this.count}, on connection ${this.connects}`;
    this.position = position;
    this.count++;
    this.#hash.update(`${data}\n`);
    watch.notify();
  }
  gap(reason) {
    this.wrong ??= `a gap (${reason}) behind ${this.count}, on connection ${this.connects}`;
  }
  async live(door) {
    while (!this.isOver) {
      try {
        const connection = await wires[this.wire](door, this, { agent, rest: 200 });
        ++this.connects;
        watch.notify();
        this.close = connection.close;
        await connection.ended;
      } catch {
        // It tries again, as after an end.
      }
      await sleep(100 + Math.random() * 400);
    }
  }
  get report() {
    const { wire, room, count, connects, wrong } = this;
    return { wire, room, count, connects, wrong, hash: this.#hash.copy().digest('hex') };
  }
}

// Clients of the balancer, by HTTP or by TCP; datagrams go to one node after the other.
function makeDoor({ clients, tcp, udp }, at) {
  let next = at;
  const addresses = { tcp: () => tcp, udp: () => udp[next++ % udp.length] };
  return { clients: clients[at % clients.length], address: (what) => addresses[what]() };
}

const [{ open, doors }] = await once(process, 'message');
const clients = open.map((one) => new Client(one));
// Some at a time: the machine is small.
for (let at = 0; at < clients.length; at += 50) {
  const some = clients.slice(at, at + 50);
  some.forEach((client, offset) => client.live(makeDoor(doors, at + offset)));
  await watch.until(() => some.every((client) => client.connects > 0), () => `clients to be open: ${JSON.stringify(some.filter((one) => one.connects === 0).map((one) => one.wire))}`, 60_000);
}
process.send({ open: clients.length });
const [{ counts, patience }] = await once(process, 'message');
await watch.until(() => clients.every((client) => client.count >= counts[client.room]), 'the end', patience).catch(() => {});
process.send({ done: clients.map((client) => client.report) });
await once(process, 'message');
process.exit(0);
