// Many clients of all wires that can resume, a publisher, and mischief meanwhile: every client hears its room's whole
// sequence, once and in order.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { grpc } from '../integration/calls.mjs';

// So many of a hundred clients. A Socket.IO client that polls costs its process, as this one, several times what others
// do. SLUICE_CHAOS_WIRES=sse,poll has these alone.
const shares = { websocket: 34, sse: 20, tcp: 20, poll: 10, socketIoByWebSocket: 10, socketIoByPolling: 3, udp: 3 };
const only = process.env.SLUICE_CHAOS_WIRES?.split(',') ?? Object.keys(shares);
const mix = only.flatMap((wire) => Array(shares[wire]).fill(wire));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const roomOf = (at) => `room-${at}`;

// Clients of every wire are in every room, and those of one room are in all processes.
function roster(count, rooms) {
  return Array.from({ length: count }, (_, at) => ({ wire: mix[(at * 37) % mix.length], room: roomOf(Math.floor((at * rooms) / count)) }));
}

class Swarm {
  static async start(t, cluster, all, processes) {
    const swarm = new Swarm();
    const { balancer } = cluster.door;
    const doors = { clients: [balancer.clients, balancer.clientsByTcp], tcp: balancer.tcp, udp: cluster.nodes.all.map((node) => node.address('udp')) };
    swarm.children = await Promise.all(Array.from({ length: processes }, async (_, place) => {
      const child = fork(fileURLToPath(new URL('chaos_clients.mjs', import.meta.url)));
      t.after(() => child.kill('SIGKILL'));
      child.send({ open: all.filter((_, at) => at % processes === place), doors });
      await swarm.#answer(child, 'open');
      return child;
    }));
    return swarm;
  }
  async #answer(child, what) {
    const ended = once(child, 'exit').then(([code]) => assert.fail(`a process of clients ended with ${code}`));
    const [answer] = await Promise.race([once(child, 'message'), ended]);
    return answer[what];
  }
  // What became of each client once `counts` (by room) were published.
  async reports(counts, patience) {
    const all = await Promise.all(this.children.map((child) => {
      child.send({ counts, patience });
      return this.#answer(child, 'done');
    }));
    for (const child of this.children) child.send({ end: true });
    return all.flat();
  }
}

// Publishes 0, 1, 2 and so on to each room, one after the other: the next once the one before was accepted, by
// whichever node. Who was not told tries again at another node, with the same key.
class Publisher {
  accepted = new Map(); // room -> how many
  retries = {};
  #waiting = new Map();
  #working = new Set();
  #next = 0;

  constructor(nodes) {
    this.nodes = nodes;
  }
  say(room) {
    this.#waiting.set(room, (this.#waiting.get(room) ?? 0) + 1);
    if (this.#working.has(room)) return;
    this.#working.add(room);
    this.idle = Promise.all([this.idle, this.#work(room)]);
  }
  async #work(room) {
    for (; this.#waiting.get(room) > 0; this.#waiting.set(room, this.#waiting.get(room) - 1)) {
      const number = this.accepted.get(room) ?? 0;
      await this.#publish(room, String(number));
      this.accepted.set(room, number + 1);
    }
    this.#working.delete(room);
  }
  async #publish(room, text) {
    for (;;) {
      const node = this.nodes.at(this.#next++);
      const request = { target: { rooms: [room] }, payload: { text }, options: { idempotencyKey: `${room}/${text}` } };
      try {
        return await node.rpc().publish(request, 2000);
      } catch (error) {
        const status = grpc.status[error.code] ?? String(error);
        this.retries[status] = (this.retries[status] ?? 0) + 1;
        await sleep(20);
      }
    }
  }
}

// `mischief` are [when, act]: parts of `seconds`, and what is done then.
export async function chaos(t, cluster, { clients, rooms, rate, seconds, processes = 2, mischief = [] }) {
  const swarm = await Swarm.start(t, cluster, roster(clients, rooms), processes);
  const publisher = new Publisher(cluster.nodes);
  const began = Date.now();
  const acts = mischief.map(async ([when, act]) => {
    await sleep(when * seconds * 1000);
    await act();
  });
  acts.forEach((one) => one.catch(() => {})); // They are waited for below.
  for (let sent = 0; sent < rate * seconds; ++sent) {
    while (sent >= ((Date.now() - began) / 1000) * rate) await sleep(5);
    publisher.say(roomOf(sent % rooms));
  }
  await Promise.all(acts);
  await publisher.idle;
  const took = (Date.now() - began) / 1000;
  const counts = Object.fromEntries(publisher.accepted);
  const reports = await swarm.reports(counts, 60_000);
  t.diagnostic(`${clients} clients, ${rate * seconds} messages, accepted within ${took.toFixed(1)} s; tried again: ${JSON.stringify(publisher.retries)}; connections by wire: ${JSON.stringify(connects(reports))}`);
  check(reports, counts);
}

function connects(reports) {
  const sums = {};
  for (const { wire, connects: count } of reports) sums[wire] = (sums[wire] ?? 0) + count;
  return sums;
}

function check(reports, counts) {
  const sequence = (count) => createHash('sha256').update(Array.from({ length: count }, (_, at) => `${at}\n`).join('')).digest('hex');
  const hashes = new Map(Object.entries(counts).map(([room, count]) => [room, sequence(count)]));
  const bad = reports.filter((one) => one.hash !== hashes.get(one.room));
  const told = bad.slice(0, 20).map((one) => `${one.wire} in ${one.room}: ${one.count} of ${counts[one.room]}; ${one.wrong ?? 'nothing wrong so far'}`);
  assert.equal(bad.length, 0, `${bad.length} of ${reports.length} clients have not the whole sequence:\n${told.join('\n')}`);
}
