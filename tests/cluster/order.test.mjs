// One order over three nodes: what is said at any of them, on any wire, is heard at all of them, once, in the order of the
// positions that the publishers were told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connectTcp, openUdp } from '../integration/sockets.mjs';
import { Cluster } from './cluster.mjs';
import { io } from './packages.mjs';
import { Listener, resumable, socketIoByPolling, socketIoByWebSocket } from './wires.mjs';

let nodes;
let cluster;
before(async () => {
  cluster = await Cluster.start(null, { flags: ['--namespace', '/chat', '--history-messages', '100000'] });
  ({ nodes } = cluster);
});
after(() => cluster.stop());

const offset = (position) => Number(position.split('-')[1]);
const epoch = (position) => position.split('-')[0];
const numbers = (count) => Array.from({ length: count }, (_, at) => at);

// A listener of each wire at each node.
async function everyListener(t, room) {
  const wires = Object.entries({ ...resumable, socketIoByPolling, socketIoByWebSocket });
  return Promise.all(nodes.all.flatMap((node) => wires.map(async ([wire, connect]) => {
    const listener = Object.assign(new Listener(room), { wire, node });
    const connection = await connect(node, listener);
    t.after(() => connection.close());
    return listener;
  })));
}
const heard = (listeners, count) => Promise.all(listeners.map(async (one) => {
  const end = Date.now() + 20_000;
  while (one.heard.length < count) {
    assert.ok(Date.now() < end, `${one.wire} at ${one.node.pid} has heard ${one.heard.length} of ${count}: ${one.heard.slice(-3)}`);
    await new Promise((resolve) => (one.onTaken = resolve, setTimeout(resolve, 1000).unref()));
  }
}));

// What is said by each kind of publisher: (node, room, texts) gives positions by text where it is told some.
const publishers = {
  async grpc(t, node, room, texts) {
    const answers = await Promise.all(texts.map((text) => node.publish(text, { rooms: [room] })));
    return answers.map(({ receipt }) => receipt.position);
  },
  async json(t, node, room, texts) {
    const answers = await Promise.all(texts.map((text) => node.json('Gateway/Publish', { target: { rooms: [room] }, payload: { text } })));
    return answers.map(({ body }) => body.receipt.position);
  },
  async batch(t, node, room, texts) {
    const messages = texts.map((text) => ({ target: { rooms: [room] }, payload: { text } }));
    const { results } = await node.rpc().publishBatch({ messages });
    return results.map(({ receipt }) => receipt.position);
  },
  async http(t, node, room, texts) {
    const answers = await Promise.all(texts.map((text) => fetch(`http://${node.clients}/publish?room=${room}`, { method: 'POST', body: text })));
    return Promise.all(answers.map(async (answer) => (await answer.json()).position));
  },
  async tcp(t, node, room, texts) {
    const client = await connectTcp(node);
    t.after(() => client.socket.destroy());
    client.send('{}');
    const answers = await Promise.all(texts.map((text, id) => client.ask(id + 1, { publish: { room, data: text } })));
    return answers.map(({ ok }) => ok.position);
  },
  async udp(t, node, room, texts) {
    const client = await openUdp(t, node);
    for (const text of texts) client.send({ publish: { room, data: text } });
    return [];
  },
  async websocket(t, node, room, texts) {
    const client = await node.connect(`?room=${room}`);
    t.after(() => client.terminate());
    for (const text of texts) client.send(text);
    return [];
  },
  async socketIo(t, node, room, texts) {
    const socket = io(`http://${node.clients}`, { forceNew: true, query: { room } });
    t.after(() => socket.close());
    await once(socket, 'connect');
    for (const text of texts) socket.emit('message', text);
    return [];
  },
};

test('what every kind of publisher says at every node is heard on every wire at every node in one order', async (t) => {
  const room = 'order';
  const listeners = await everyListener(t, room);
  const each = 10;
  const told = new Map(); // text -> position
  const said = nodes.all.flatMap((node, at) => Object.entries(publishers).map(async ([kind, publish]) => {
    const texts = numbers(each).map((number) => `${kind} ${at} ${number}`);
    const positions = await publish(t, node, room, texts);
    positions.forEach((position, number) => told.set(texts[number], position));
  }));
  await Promise.all(said);
  const total = said.length * each;
  await heard(listeners, total);
  const [first, ...others] = listeners;
  assert.equal(new Set(first.heard).size, total, 'nothing twice');
  for (const one of others) assert.deepEqual(one.heard, first.heard, `${one.wire} hears the same as ${first.wire}`);
  assert.deepEqual(listeners.flatMap((one) => one.gaps), []);
  // The order that receipts tell.
  const withReceipt = first.heard.filter((text) => told.has(text));
  assert.deepEqual(withReceipt, [...told].sort(([, a], [, b]) => offset(a) - offset(b)).map(([text]) => text));
  assert.equal(new Set(told.values()).size, told.size);
  assert.deepEqual([...new Set([...told.values()].map(epoch))].length, 1);
  // Each publisher's own.
  for (const [at] of nodes.all.entries()) {
    for (const kind of ['batch', 'tcp', 'websocket', 'socketIo']) {
      const own = first.heard.filter((text) => text.startsWith(`${kind} ${at} `));
      assert.deepEqual(own, numbers(each).map((number) => `${kind} ${at} ${number}`));
    }
  }
});

test('streams of three publishers at three nodes are one sequence for clients of all', async (t) => {
  const each = 3000;
  const clients = await Promise.all(nodes.all.flatMap((node) => numbers(5).map(() => node.connect('?room=streams'))));
  t.after(() => clients.forEach((client) => client.terminate()));
  const publish = (node, name) => new Promise((resolve, reject) => {
    const stream = node.rpc().publishStream();
    stream.on('data', ({ results }) => results.length > 0 && reject(new Error(JSON.stringify(results)))).on('end', resolve).on('error', reject);
    for (let sequence = 1; sequence <= each; ++sequence) {
      stream.write({ sequence, messages: [{ target: { rooms: ['streams'] }, payload: { text: `${name}-${sequence}` } }] });
    }
    stream.end();
  });
  await Promise.all(nodes.all.map((node, at) => publish(node, at)));
  await Promise.all(clients.map((client) => client.count(3 * each)));
  const [first, ...others] = clients.map((client) => client.messages);
  for (const one of others) assert.deepEqual(one, first);
  for (const [at] of nodes.all.entries()) {
    assert.deepEqual(first.filter((text) => text.startsWith(`${at}-`)), numbers(each).map((number) => `${at}-${number + 1}`));
  }
});

test('messages to users, connections, everyone and rooms without others reach them wherever they are', async (t) => {
  const clients = await Promise.all(nodes.all.map((node, at) => node.connect(`?envelope=1&room=all&room=only${at}`)));
  t.after(() => clients.forEach((client) => client.terminate()));
  await Promise.all(clients.map((client) => client.count(1)));
  const ids = clients.map((client) => client.parsed[0].id);
  await nodes.at(0).publish('to one', { connections: [ids[2]] });
  await nodes.at(1).publish('to two', { connections: [ids[0], ids[2]] });
  await nodes.at(2).publish('not to the first', { rooms: ['all'], exceptRooms: ['only0'] });
  await nodes.at(0).publish('not to the second', { rooms: ['all'], exceptConnections: [ids[1]] });
  await nodes.at(1).publish('to either', { rooms: ['only0', 'only1'] });
  await nodes.at(2).publish('volatile', { rooms: ['all'] }, { volatile: true });
  const last = await nodes.at(1).publish('to everyone', { everyone: true });
  const texts = (client) => client.parsed.filter((one) => 'event' in one).map((one) => one.data);
  await Promise.all(clients.map((client) => client.until(() => texts(client).includes('to everyone') && texts(client).includes('volatile'), 'the last')));
  const stored = (client) => texts(client).filter((text) => text !== 'volatile');
  assert.deepEqual(stored(clients[0]), ['to two', 'not to the second', 'to either', 'to everyone']);
  assert.deepEqual(stored(clients[1]), ['not to the first', 'to either', 'to everyone']);
  assert.deepEqual(stored(clients[2]), ['to one', 'to two', 'not to the first', 'not to the second', 'to everyone']);
  for (const client of clients) assert.equal(client.parsed.findLast((one) => one.data === 'to everyone').position, last.receipt.position);
});

test('a key that was used at one node is known at all', async (t) => {
  const client = await nodes.at(2).connect('?room=key');
  t.after(() => client.terminate());
  const publish = (node) => node.publish('once', { rooms: ['key'] }, { idempotencyKey: 'key' });
  const first = await publish(nodes.at(0));
  for (const node of [...nodes, ...nodes]) assert.equal((await publish(node)).receipt.position, first.receipt.position);
  const together = await Promise.all([...nodes].map((node) => node.publish('together', { rooms: ['key'] }, { idempotencyKey: 'together' })));
  assert.equal(new Set(together.map((one) => one.receipt.position)).size, 1);
  await nodes.at(1).publish('end', { rooms: ['key'] });
  await client.has('end');
  assert.deepEqual(client.messages, ['once', 'together', 'end']);
});

test('each namespace has an order of its own', async (t) => {
  const chat = await Promise.all(nodes.all.map((node) => node.connect('?envelope=1&namespace=/chat')));
  const plain = await nodes.at(0).connect('?envelope=1');
  t.after(() => [...chat, plain].forEach((client) => client.terminate()));
  await nodes.at(1).rpc().publish({ target: { namespace: '/chat', rooms: ['lobby'] }, payload: { text: 'chat' } });
  await nodes.at(2).publish('plain', { rooms: ['lobby'] });
  await Promise.all(chat.map((client) => client.count(2)));
  await plain.count(2);
  assert.deepEqual(chat.map((client) => client.parsed[1].data), ['chat', 'chat', 'chat']);
  assert.equal(plain.parsed[1].data, 'plain');
});
