// A release of three nodes over NATS, with a crowd of clients and a publisher, that is upgraded, loses a pod, and has one evicted:
// nobody who comes is refused, and nobody who resumes loses or doubles anything.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Client } from '../integration/clients.mjs';
import { scale } from '../integration/watch.mjs';
import { Attached } from './attached.mjs';
import { Crowd } from './crowd.mjs';
import { holdPod, openNamespace } from './kubernetes.mjs';
import { Numbers } from './numbers.mjs';

const patience = 240_000;
const drain = { delaySeconds: 5, seconds: 20 };
const values = (tag) => ({
  replicas: 3, broker: 'nats', image: { tag }, drain, minReadySeconds: 1,
  clients: { ports: { tcp: 8090, udp: 8091 } },
  control: { enabled: true, insecure: true },
  nats: { streamBytesMax: '256MiB', server: { enabled: true, storage: { persistent: false, size: '1Gi' }, resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '512Mi' } } } },
  options: { 'client-rooms': 'open', workers: 1 },
  resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '768Mi' } },
});
const rooms = Array.from({ length: Math.ceil(200 * scale) }, (_, at) => `room-${at}`);
const counts = Object.fromEntries(Object.entries({
  websocket: 600, socketio: 200, 'socketio-websocket': 300, sse: 300, poll: 200, tcp: 300, udp: 100,
}).map(([wire, count]) => [wire, Math.ceil(count * scale)]));

const undo = [];
let space, crowd, numbers, backend, prober, old;

// Somebody new, again and again, over a WebSocket.
class Prober {
  accepted = 0;
  failures = [];
  start(address) {
    const loop = async () => {
      while (!this.isOver) {
        const client = new Client(`ws://${address}/?room=probe`);
        await client.opened().then(() => (this.accepted += 1), (error) => this.failures.push(error.message));
        await client.close().catch((error) => this.failures.push(error.message));
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    this.loop = loop();
  }
  stop() {
    this.isOver = true;
    return this.loop;
  }
}

before(async () => {
  space = await openNamespace({ after: (job) => undo.push(job) });
  await space.helm('chat', values('0.1.0'), { timeout: '4m' });
  const entries = await Promise.all(['http', 'tcp', 'udp'].map(async (port) => [port, await space.address('chat-sluice', port)]));
  const addresses = Object.fromEntries(entries);
  await space.reached('chat-sluice-control', 'grpc');
  backend = new Attached(space, 'chat');
  await backend.start();
  undo.push(() => backend.stop());
  crowd = new Crowd(addresses, rooms, counts);
  crowd.start();
  undo.push(() => crowd.stop());
  numbers = new Numbers(await space.address('chat-sluice-control', 'grpc'), rooms, 500 * scale);
  await space.eventually(() => crowd.open === crowd.members.length, 'all clients to be let in');
  numbers.start();
  prober = new Prober();
  prober.start(addresses.http);
  undo.push(() => prober.stop());
  old = await space.gateways('chat');
}, { timeout: 600_000 });
after(async () => {
  for (const job of undo.reverse()) await job();
});

const isThere = (pod) => space.get('pod', pod.metadata.name).then(() => true, () => false);
const gone = (...pods) => space.eventually(async () => !(await Promise.all(pods.map(isThere))).includes(true), 'pods to go', patience);
const whole = () => space.eventually(async () => {
  const pods = await space.gateways('chat');
  return pods.length === 3 && pods.every((pod) => space.isReady(pod));
}, 'three nodes to be ready', patience);
// Waits until all of these clients are so far; else tells which wires are not.
async function all(members, isSoFar, what) {
  const behind = () => members.filter((one) => !isSoFar(one));
  await space.eventually(() => behind().length === 0, what).catch((error) => {
    const counts = [...new Set(behind().map((one) => one.wire))].map((wire) => `${wire} ${behind().filter((one) => one.wire === wire).length}`);
    throw new Error(`${error.message}: not so ${counts}\n${crowd.summary().map((line) => JSON.stringify(line)).join('\n')}`);
  });
}
// What the crowd has seen of each room is what was said, in order.
async function untouched() {
  await all(crowd.resumers, (one) => one.last >= (numbers.last.get(one.room) ?? 0) - 5, 'all clients to be up to date');
  const harmed = crowd.resumers.filter((one) => one.lost || one.doubled || one.gaps.length > 0);
  assert.equal(harmed.length, 0, crowd.summary().map((line) => JSON.stringify(line)).join('\n'));
}
const uneventful = () => {
  assert.deepEqual(prober.failures, [], 'whoever knocks is let in');
  assert.deepEqual(crowd.members.flatMap((one) => one.refusals), [], 'whoever comes back is let in');
};

test('three nodes are one: each client hears the numbers of its room, whichever node it is at', async () => {
  assert.equal((await space.endpoints('chat-sluice')).length, 3);
  await all(crowd.members, (one) => one.seen > 3, 'everyone to hear');
  await untouched();
});

test('an upgrade to another image moves everyone without a loss, spread over the drain', async (t) => {
  const began = Date.now();
  await space.helm('chat', values('next'), { timeout: '4m' });
  await gone(...old);
  await whole();
  for (const pod of await space.gateways('chat')) assert.match(pod.spec.containers[0].image, /:next$/);
  await untouched();
  uneventful();
  const returns = crowd.returnsBySecond(began);
  assert.ok(returns.reduce((sum, one) => sum + one, 0) >= crowd.members.length * 0.9, 'everyone moved');
  // A node's third leaves over 20 seconds: were it at once, a second would have hundreds of them.
  assert.ok(Math.max(...returns) < crowd.members.length / 4, `the busiest second: ${Math.max(...returns)}`);
  t.diagnostic(`returns in each second of the upgrade: ${returns.join(' ')}`);
});

test('a pod that is deleted loses nobody anything, and ends with 0', async (t) => {
  const [pod] = await space.gateways('chat');
  const held = await holdPod(space, pod);
  const began = Date.now();
  await space.kubectl(['delete', 'pod', pod.metadata.name, '--wait=false']);
  const { exitCode, reason } = await held.ended();
  assert.deepEqual([exitCode, reason], [0, 'Completed']);
  await held.release();
  await gone(pod);
  await whole();
  await untouched();
  uneventful();
  t.diagnostic(`returns in each second after the deletion: ${crowd.returnsBySecond(began).join(' ')}`);
});

test('pods are evicted one at a time, as the disruption budget says, and nobody loses anything', async () => {
  const [first, second] = await space.gateways('chat');
  const evict = ({ metadata: { name, namespace } }) => space.kubectl(
    ['create', '--raw', `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, '--filename', '-'],
    JSON.stringify({ apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name, namespace } }));
  await evict(first);
  await assert.rejects(evict(second), /disruption budget/);
  await gone(first);
  await whole();
  await untouched();
  uneventful();
});

test('in the end everyone has heard everything once, and backends were told of each connection\'s coming and going', async (t) => {
  await numbers.stop();
  await all(crowd.resumers, (one) => one.last === numbers.last.get(one.room), 'the last numbers');
  await untouched();
  await prober.stop();
  uneventful();
  // Datagrams may be lost, but whoever renews its lease hears again.
  assert.ok(crowd.members.every((one) => one.last > numbers.last.get(one.room) * 0.9), 'UDP hears to the end');
  crowd.stop();
  await space.eventually(async () => (await backend.report()).open === 0, 'all ends to be told');
  const told = await backend.report();
  assert.deepEqual([told.lost, told.twice.slice(0, 3)], [0, []], `${told.twice.length} twice`);
  const opened = crowd.resumers.reduce((sum, one) => sum + one.opened, 0);
  assert.ok(told.connected >= opened + prober.accepted, `${told.connected} told of ${opened} + ${prober.accepted}`);
  for (const line of crowd.summary()) t.diagnostic(JSON.stringify(line));
  t.diagnostic(`${numbers.published} numbers published, ${numbers.repeated} tries repeated; ${prober.accepted} who knocked were let in`);
});
