// Socket.IO sockets outlive their nodes: whatever became of those, their clients go on at another, as the same sockets.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine, openSocket, plain } from '../integration/engine.mjs';
import { eventually } from '../integration/harness.mjs';
import { Cluster } from './cluster.mjs';
import { startNodes, writeSecret } from './nodes.mjs';
import { io } from './packages.mjs';

let cluster;
let nodes;
before(async () => {
  cluster = await Cluster.start(null, {});
  ({ nodes } = cluster);
});
after(() => cluster.stop());

const events = (client) => client.messages.filter((one) => typeof one === 'string' && one.startsWith('42')).map(plain);
const offsetOf = (packet) => JSON.parse(packet.slice(packet.indexOf('['))).at(-1);

async function comeBack(t, on, { pid }, offset) {
  const client = await new Engine(on, { route: '/socket.io/' }).socket();
  t.after(() => client.terminate());
  await client.count(1);
  client.send(`40${JSON.stringify({ pid, ...(offset ? { offset } : {}) })}`);
  await client.until(() => client.messages.some((one) => one.startsWith?.('40{')), 'to be connected');
  client.own = JSON.parse(client.messages.find((one) => one.startsWith('40{')).slice(2));
  return client;
}
const isWritten = (node, count) => eventually(async () => (await node.metric('sluice_socket_records_written_total')) >= count, `${count} records`);

test('a socket that breaks comes back at any node, again and again', async (t) => {
  let client = await openSocket(t, nodes.at(0), { query: '&room=any' });
  const own = client.sids['/'];
  let offset;
  for (let round = 1; round <= 6; ++round) {
    // Every other time it is not yet known that it went.
    if (round % 2 === 0) client.terminate();
    await nodes.at(round + 1).publish(`missed ${round}`, { rooms: ['any'] });
    const again = await comeBack(t, nodes.at(round), own, offset);
    assert.deepEqual(again.own, own, `round ${round}`);
    await again.until(() => events(again).length > 0, 'what was missed');
    assert.deepEqual(events(again), [`42["message","missed ${round}"]`]);
    offset = offsetOf(again.messages.findLast((one) => one.startsWith('42')));
    client = again;
  }
});

test('rooms that calls gave it, or took from it, are known wherever it comes back', async (t) => {
  const client = await openSocket(t, nodes.at(0), { query: '&room=first' });
  const own = client.sids['/'];
  await isWritten(nodes.at(0), 1);
  await nodes.at(0).rpc().joinRooms({ target: { rooms: [own.sid] }, rooms: ['given'] });
  await nodes.at(0).rpc().leaveRooms({ target: { rooms: [own.sid] }, rooms: ['first'] });
  client.terminate();
  await client.whenClosed();
  for (const room of ['first', 'given']) await nodes.at(1).publish(room, { rooms: [room] });
  const again = await comeBack(t, nodes.at(2), own);
  await nodes.at(1).publish('now', { rooms: ['given'] });
  await again.until(() => events(again).length >= 2, 'both');
  assert.deepEqual(events(again), ['42["message","given"]', '42["message","now"]']);
});

test('one that left, or was put out, does not come back at any node', async (t) => {
  const left = await openSocket(t, nodes.at(0));
  const put = await openSocket(t, nodes.at(0));
  await eventually(async () => (await nodes.at(0).metric('sluice_socket_records_written_total')) >= 2, 'them to be written');
  left.send('41');
  await nodes.at(0).rpc().disconnect({ target: { rooms: [put.sids['/'].sid] } });
  await put.has('41');
  for (const { sids } of [left, put]) {
    const again = await comeBack(t, nodes.at(1), sids['/']);
    assert.notEqual(again.own.sid, sids['/'].sid);
  }
});

test('of several who claim a socket at the same time, one has it', async (t) => {
  for (let round = 0; round < 5; ++round) {
    const client = await openSocket(t, nodes.at(0), { query: '&room=claimed' });
    client.terminate();
    await Promise.all([0, 1, 2, 0, 1, 2].map((at) => comeBack(t, nodes.at(at), client.sids['/'])));
    const { matched } = (await nodes.at(0).publish('once', { rooms: [client.sids['/'].sid] })).receipt;
    const all = await Promise.all([...nodes].map((node) => node.rpc().listConnections({ room: client.sids['/'].sid })));
    const ids = new Set(all.flatMap(({ connections }) => connections.map((one) => one.id)));
    assert.equal(ids.size, 1, `${matched} ${[...ids]}`);
  }
});

test('sockets of a node that is killed come back at the others, with all that they missed', async (t) => {
  const extra = await Cluster.start(t, {});
  const clients = await Promise.all(Array.from({ length: 20 }, (_, at) => openSocket(t, extra.nodes.at(0), { query: `&room=own${at}` })));
  for (const [at, client] of clients.entries()) {
    await extra.nodes.at(0).rpc().joinRooms({ target: { rooms: [client.sids['/'].sid] }, rooms: [`given${at % 2}`] });
  }
  await extra.nodes.at(1).publish('seen', { rooms: ['given0', 'given1'] });
  await Promise.all(clients.map((client) => client.until(() => events(client).length > 0, 'seen')));
  // They are written behind within a second; the last change was the rooms.
  await eventually(async () => (await extra.nodes.at(0).metric('sluice_socket_records_waiting')) === 0, 'all to be written');
  await extra.nodes.at(0).kill();
  await extra.nodes.at(1).publish('missed', { rooms: ['given0', 'given1'] });
  await Promise.all(clients.map(async (client, at) => {
    const again = await comeBack(t, extra.nodes.at(1 + (at % 2)), client.sids['/'], offsetOf(client.messages.at(-1)));
    assert.deepEqual(again.own, client.sids['/'], `client ${at}`);
    await again.until(() => events(again).length > 0, 'what was missed');
    assert.deepEqual(events(again), ['42["message","missed"]']);
  }));
});

test('a node that ends in order leaves all its sockets to the others', async (t) => {
  const extra = await Cluster.start(t, { count: 2 });
  const clients = await Promise.all(Array.from({ length: 50 }, () => openSocket(t, extra.nodes.at(0), { query: '&room=ends' })));
  // At once: none of them need have been written yet.
  await extra.nodes.at(0).stop();
  await extra.nodes.at(1).publish('missed', { rooms: ['ends'] });
  await Promise.all(clients.map(async (client) => {
    const again = await comeBack(t, extra.nodes.at(1), client.sids['/']);
    assert.deepEqual(again.own, client.sids['/']);
    await again.until(() => events(again).length > 0, 'what was missed');
    assert.deepEqual(events(again), ['42["message","missed"]']);
  }));
});

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  test(`socket.io-client goes on when its node is killed: ${transports}`, async (t) => {
    const extra = await Cluster.start(t, { balancer: true });
    const heard = [];
    const socket = io(`http://${extra.door.clients}`, { transports, query: { room: 'client' }, reconnectionDelay: 50, reconnectionDelayMax: 200, forceNew: true });
    t.after(() => socket.close());
    const recovered = [];
    socket.on('message', (data) => heard.push(data));
    socket.on('connect', () => recovered.push(socket.recovered));
    await eventually(() => socket.connected, 'to be connected');
    const { id } = socket;
    const survivors = () => [...extra.nodes].filter((node) => !node.exit);
    await extra.nodes.at(0).publish('before', { rooms: ['client'] });
    await eventually(() => heard.length === 1, 'the first message');
    await eventually(async () => {
      const waiting = await Promise.all(survivors().map((node) => node.metric('sluice_socket_records_waiting')));
      const written = await Promise.all(survivors().map((node) => node.metric('sluice_socket_records_written_total')));
      return Math.max(...written) > 0 && Math.max(...waiting) === 0;
    }, 'it to be written');
    // Whichever has it.
    const holders = await Promise.all([...extra.nodes].map(async (node) => ((await node.metric('sluice_socketio_sockets')) > 0 ? node : null)));
    await holders.find((node) => node).kill();
    const [first, second] = survivors();
    await first.publish('meanwhile', { rooms: ['client'] });
    await eventually(() => heard.length === 2, 'what it missed', 30_000);
    await second.publish('after', { rooms: ['client'] });
    await eventually(() => heard.length === 3, 'what comes now');
    assert.deepEqual(heard, ['before', 'meanwhile', 'after']);
    assert.equal(socket.id, id);
    assert.equal(recovered.at(-1), true);
  });
}

test('where the broker has no room for what is known of sockets, clients come in all the same', async (t) => {
  const secret = writeSecret(t);
  const flags = ['--stream-bytes-max', '64MiB'];
  const extra = await Cluster.start(t, { count: 1, secret, nats: { files: '330MB' }, flags });
  const [first] = extra.nodes;
  // Of two that make all of it at a time NATS may let both have room that there is once.
  await first.until(() => first.logged('session_bucket_missing'), 'the log to tell');
  const [second] = await startNodes(t, extra.nats, { count: 1, name: 'second', secret, flags: ['--stream-replicas', '1', ...flags] });
  await second.until(() => second.logged('session_bucket_missing'), 'the log to tell');
  const client = await openSocket(t, first);
  const { pid } = client.sids['/'];
  await first.kill();
  const socket = io(`http://${second.clients}`, { transports: ['websocket'], autoConnect: false, reconnectionDelay: 200, reconnectionDelayMax: 400 });
  t.after(() => socket.close());
  socket._pid = pid; // as of one that comes back
  socket.connect();
  await eventually(() => socket.connected, 'it to come in', 30_000);
  assert.equal(socket.recovered, false);
});
