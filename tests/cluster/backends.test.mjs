// A backend that is attached to any node hears of what happens on all, and what it says reaches the right one.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { Backend } from '../integration/backend.mjs';
import { eventually } from '../integration/watch.mjs';
import { Cluster } from './cluster.mjs';
import { io } from './packages.mjs';
import { KilledReplica, areKnown, attachTo, kinds, told } from './replicas.mjs';

let cluster;
let nodes;
before(async () => {
  cluster = await Cluster.start(null, { flags: ['--client-messages', 'backend', '--client-rooms', 'open'] });
  nodes = cluster.nodes.all;
});
after(() => cluster.stop());
// Whom the test before has left.
beforeEach(() => areKnown(nodes, 0));

// `t` detaches them.
function attach(t, where, options) {
  const attached = attachTo(where, nodes, options);
  t.after(async () => (await attached).forEach((one) => one.close()));
  return attached;
}
async function connect(t, node, query = '') {
  const client = await node.connect(query);
  t.after(() => client.terminate());
  return client;
}
const text = (event) => event.message.payload.text;

test('a client of any node is heard of, and what is said to it arrives', async (t) => {
  const [backend] = await attach(t, [nodes[0]], { group: 'any' });
  for (const node of nodes) {
    const client = await node.connect('?envelope=1');
    await client.until(() => client.messages.length === 1);
    const { id } = JSON.parse(client.messages[0]);
    client.send('hello');
    const message = await backend.event('message', (one) => one.connection === id);
    assert.deepEqual([message.namespace, text(message), message.protocol], ['/', 'hello', 'PROTOCOL_WEBSOCKET']);
    assert.equal(message.source, id.slice(0, 8));
    backend.publish(message, { text: 'welcome' });
    await client.until(() => client.messages.some((one) => one.includes('welcome')), 'what the backend says');
    backend.command({ id: 1, disconnect: { target: { connections: [id] } } });
    const { disconnected } = await backend.event('disconnected', (one) => one.connection === id);
    assert.equal(disconnected.reason, 'disconnected');
    assert.deepEqual(backend.events.filter((one) => one.connection === id).map((one) => one.kind), ['connected', 'message', 'disconnected']);
  }
});

test('what a Socket.IO client asks is answered by a backend at another node', async (t) => {
  const [backend] = await attach(t, [nodes[2]], {
    group: 'answers',
    onEvent: (event, self) => {
      if (event.message?._ackId) self.reply(event, [Number(JSON.parse(event.message.payload.json)) * 2]);
    },
  });
  for (const node of nodes) {
    const socket = io(`http://${node.clients}`, { transports: ['websocket'], forceNew: true });
    t.after(() => socket.close());
    await once(socket, 'connect');
    assert.deepEqual(await Promise.all([1, 2, 3].map((value) => socket.timeout(10_000).emitWithAck('double', value))), [2, 4, 6]);
    const { session } = await backend.event('connected', (one) => one.session === socket.id);
    assert.equal(session, socket.id);
  }
  assert.deepEqual(backend.results, []);
});

test('what a backend asks is asked at all nodes, and told to whom the client belongs', async (t) => {
  const backends = await attach(t, nodes.slice(0, 2), { group: 'asks', ...kinds('CONNECTIONS', 'MESSAGES', 'ACKNOWLEDGEMENTS') });
  const sockets = nodes.flatMap((node) => [1, 2].map(() => io(`http://${node.clients}`, { transports: ['websocket'], forceNew: true })));
  t.after(() => sockets.forEach((socket) => socket.close()));
  sockets.forEach((socket) =>
    socket.on('count', (value, answer) => {
      socket.emit('before', value);
      answer(value + 1);
    }),
  );
  await eventually(() => told(backends, 'connected').length === 6, 'all sockets');
  backends[0].command({ id: 7, ask: { number: 3, target: { everyone: true }, payload: { event: 'count', json: '20' } } });
  await eventually(() => told(backends, 'acknowledged').length === 6, 'all answers');
  await backends[0].until(() => backends[0].results.length === 1, 'how many were asked');
  assert.deepEqual(backends[0].results.map((one) => [one.id, one.asked?.connections, one.asked?.silentNodes]), [[7, 6, []]]);
  for (const backend of backends) {
    for (const { connection } of told([backend], 'connected')) {
      const own = backend.events.filter((one) => one.connection === connection);
      assert.deepEqual(own.map((one) => one.kind), ['connected', 'message', 'acknowledged']);
      assert.deepEqual([own[2].acknowledged.ask, own[2].acknowledged.arguments], [3, '[21]']);
    }
  }
  const { connection } = told([backends[1]], 'connected')[0];
  backends[0].command({ id: 8, ask: { number: 4, target: { connections: [connection] }, payload: { event: 'count', json: '1' } } });
  await backends[1].event('acknowledged', (one) => one.acknowledged.ask === 4);
  await backends[0].until(() => backends[0].results.length === 2, 'how many were asked');
  assert.equal(backends[0].results[1].asked.connections, 1);
});

test('a wrong answer, and one to a client that has gone, are results', async (t) => {
  const [backend] = await attach(t, [nodes[0]], { group: 'wrong' });
  const client = await connect(t, nodes[1]);
  const { connection } = await backend.event('connected');
  backend.command({ id: 1, reply: { connection, ackId: 1, arguments: '{}' } });
  backend.command({ id: 2, reply: { connection, ackId: 1, arguments: '[]' } });
  backend.command({ id: 3, reply: { connection: `0000000f${connection.slice(8)}`, ackId: 1, arguments: '[]' } });
  backend.command({ id: 4, verdict: { connection, verdict: 77, allow: {} } });
  backend.command({ id: 5, verdict: { connection: `0000000f${connection.slice(8)}`, verdict: 77, allow: {} } });
  await backend.until(() => backend.results.length === 5, 'results');
  const outcomes = Object.fromEntries(backend.results.map((one) => [one.id, one.outcome === 'error' ? one.error.detail.reason : one.outcome]));
  assert.deepEqual(outcomes, { 1: 'bad_request', 2: 'replied', 3: 'replied', 4: 'not_found', 5: 'not_found' });
  assert.equal(client.closed, null);
});

test('replicas of a group share the connections of all nodes, each of which stays with one', async (t) => {
  const backends = await attach(t, nodes, { group: 'share' });
  const other = (await attach(t, [nodes[1]], { group: 'other' }))[0];
  const clients = await Promise.all(Array.from({ length: 30 }, (_, at) => connect(t, nodes[at % 3])));
  for (let round = 0; round < 5; ++round) clients.forEach((client, at) => client.send(`${at} ${round}`));
  await eventually(() => told(backends, 'message').length >= 150, 'all messages');
  const homes = new Map();
  for (const backend of backends) {
    assert.ok(told([backend], 'connected').length >= 5, 'each has its share');
    const sources = new Set(told([backend], 'connected').map((one) => one.source));
    assert.ok(sources.size > 1, 'of more than one node');
    for (const message of told([backend], 'message')) {
      assert.equal(homes.get(message.connection) ?? backend, backend);
      homes.set(message.connection, backend);
    }
  }
  for (let at = 0; at < 30; ++at) {
    const said = told(backends, 'message').map(text).filter((one) => one.startsWith(`${at} `));
    assert.deepEqual(said, [0, 1, 2, 3, 4].map((round) => `${at} ${round}`));
  }
  await other.until(() => told([other], 'message').length === 150, 'the other group');
});

test('a replica that is killed loses nothing: what it did not acknowledge is told to others', async (t) => {
  const survivor = (await attach(t, [nodes[0]], { group: 'killed' }))[0];
  const replica = await new KilledReplica(t, nodes[1], 'killed').attached();
  await areKnown(nodes, 2);
  const clients = await Promise.all(Array.from({ length: 12 }, (_, at) => connect(t, nodes[at % 3])));
  let round = 0;
  const say = () => {
    clients.forEach((client, at) => client.send(`${at} ${round}`));
    ++round;
  };
  while (round < 50) say();
  await replica.until((lines) => lines.filter((line) => line.startsWith('message')).length > 20, 'messages at the replica');
  while (round < 100) say();
  await replica.kill();
  while (round < 150) say();
  const all = () => {
    const lines = replica.lines.filter((line) => line.startsWith('message')).map((line) => line.split(' ').slice(3).join(' '));
    return new Set([...lines, ...told([survivor], 'message').map(text)]);
  };
  await eventually(() => all().size === 12 * 150, 'each message at least once').catch(() => assert.equal(all().size, 12 * 150));
  // In order, but for what is told again, under its number.
  const last = new Map();
  for (const event of told([survivor], 'message')) {
    const [at, number] = text(event).split(' ').map(Number);
    const before = last.get(at) ?? -1;
    assert.ok(number === before + 1 || before === -1, `${at}: ${number} behind ${before}`);
    last.set(at, number);
  }
});

test('a slow backend at another node holds up its own clients alone', async (t) => {
  const slow = await new Backend(nodes[0], { group: 'slow', acknowledges: false, credits: 5 }).attached();
  t.after(() => slow.close());
  await areKnown(nodes, 1);
  const held = await connect(t, nodes[1]);
  await slow.event('connected');
  const quick = (await attach(t, [nodes[2]], { group: 'slow' }))[0];
  const free = await connect(t, nodes[1]);
  await quick.event('connected');
  const block = 'x'.repeat(500_000);
  for (let count = 0; count < 200; ++count) held.send(block);
  // It reads no more of that one: its kernel's buffers, and then ours, are full.
  const received = async () => (await nodes[1].rpc().listConnections({})).connections.map((one) => Number(one.bytesReceived)).sort((a, b) => b - a)[0];
  let before = -1;
  await eventually(async () => {
    const now = await received();
    await new Promise((resolve) => setTimeout(resolve, 300));
    return before === (before = now) && now > 0;
  }, 'reads to be paused', 60_000);
  assert.ok(before < 80_000_000, `${before} bytes were read`);
  for (let count = 0; count < 20; ++count) free.send(`free ${count}`);
  await quick.until(() => told([quick], 'message').length === 20, 'the other client');
  assert.ok((await nodes[0].metric('sluice_backend_events_waiting_bytes')) < 10_000_000);
  slow.close();
  await quick.until(() => told([quick], 'message', (one) => text(one) === block).length === 200, 'all of it at the other replica', 60_000);
});

test('rooms are occupied and vacated once in the cluster', async (t) => {
  const [backend] = await attach(t, [nodes[1]], { group: 'rooms', ...kinds('ROOMS') });
  const names = Array.from({ length: 20 }, (_, at) => `room-${at}`);
  const query = `?${names.map((name) => `room=${name}`).join('&')}`;
  const clients = [];
  for (const node of nodes) clients.push(await node.connect(query));
  await backend.until(() => told([backend], 'roomOccupied').length === 20, 'all rooms');
  // What node 1 says comes in order, to whoever keeps a room: behind this they all know that it has members there.
  const proofs = Array.from({ length: 30 }, (_, at) => `proof-${at}`);
  const proof = await connect(t, nodes[1], `?${proofs.map((name) => `room=${name}`).join('&')}`);
  await backend.until(() => told([backend], 'roomOccupied').length === 50, 'what node 1 says later');
  await proof.close();
  await backend.until(() => told([backend], 'roomVacated').length === 30, 'its end');
  await clients[0].close();
  await clients[2].close();
  // What a late one would bring comes before this.
  const extra = await connect(t, nodes[0], '?room=extra');
  await backend.event('roomOccupied', (one) => one.roomOccupied.room === 'extra');
  await clients[1].close();
  await backend.until(() => told([backend], 'roomVacated').length === 50, 'none');
  await extra.close();
  await backend.event('roomVacated', (one) => one.roomVacated.room === 'extra');
  const rooms = (kind) => told([backend], kind).map((one) => one[kind].room).sort();
  assert.deepEqual(rooms('roomOccupied'), [...names, ...proofs, 'extra'].sort());
  assert.deepEqual(rooms('roomVacated'), [...names, ...proofs, 'extra'].sort());
});

test('a group that does not fit to what others want is refused, wherever they are', async (t) => {
  await attach(t, [nodes[0]], { group: 'fits' });
  const other = new Backend(nodes[1], { group: 'fits', ...kinds('MESSAGES') });
  await other.until(() => other.ended, 'its end');
  assert.equal(other.ended.code, 6);
});
