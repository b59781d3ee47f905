// Calls are for all nodes, whichever takes them, and name those that did not answer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { eventually, rejects } from '../integration/harness.mjs';
import { Cluster } from './cluster.mjs';
import { acquainted } from './nodes.mjs';
import { io } from './packages.mjs';

const silent = (answer) => answer.silentNodes.map((node) => node.name);
const incarnationOf = async (node) => (await node.rpc('Nodes').getNode({})).node.incarnation;

// Clients of each node in that room; gives each its id.
async function fill(t, nodes, room, each = 1) {
  const clients = await Promise.all([...nodes].flatMap((node) => Array.from({ length: each }, () => node.connect(`?room=${room}&envelope=1`))));
  await Promise.all(clients.map((client) => client.count(1)));
  t.after(() => clients.forEach((client) => client.terminate()));
  clients.forEach((client) => (client.id = client.parsed[0].id));
  return clients;
}
async function pages(nodes, call, request, items) {
  const all = [];
  let token = '';
  for (let at = 0; ; ++at) {
    const page = await nodes.at(at).rpc()[call]({ ...request, pageToken: token });
    all.push(...page[items]);
    token = page.nextPageToken;
    if (!token) return all;
  }
}
async function emitWithAck(node, request) {
  const acknowledgements = [];
  let summary;
  for await (const response of node.rpc().emitWithAck(request)) {
    if (response.acknowledgement) acknowledgements.push(response.acknowledgement);
    summary = response.summary ?? summary;
  }
  return { acknowledgements, summary };
}

test('rooms are joined and left, and connections ended, on all nodes by one call', async (t) => {
  const { nodes } = await Cluster.start(t);
  await acquainted(nodes);
  const clients = await fill(t, nodes, 'lobby', 2);
  const target = { rooms: ['lobby'] };
  const joined = await nodes.at(0).rpc().joinRooms({ target, rooms: ['extra'] });
  assert.deepEqual([joined.matched, joined.changed, silent(joined)], [6, 6, []]);
  await nodes.at(1).publish('hello', { rooms: ['extra'] });
  await Promise.all(clients.map((client) => client.until(() => client.parsed.some((one) => one.data === 'hello'), 'hello')));
  const left = await nodes.at(2).rpc().leaveRooms({ target: { connections: [clients[0].id, clients[5].id] }, rooms: ['extra'] });
  assert.deepEqual([left.matched, left.changed], [2, 2]);
  assert.equal((await nodes.at(0).rpc().presence({ room: 'extra', onlyCount: true })).count, 4);
  const local = await nodes.at(1).rpc().disconnect({ target: { rooms: ['extra'] }, local: true });
  assert.equal(local.matched, 2);
  const ended = await nodes.at(1).rpc().disconnect({ target, reason: 'over' });
  assert.equal(ended.matched, 4);
  await Promise.all(clients.map((client) => client.whenClosed()));
});

test('lists go over all nodes, whichever gives the next page', async (t) => {
  const { nodes } = await Cluster.start(t);
  const clients = await fill(t, nodes, 'lobby', 3);
  const [extra] = await fill(t, [nodes.at(1)], 'only-one');
  const listed = await pages(nodes, 'listConnections', { pageSize: 2 }, 'connections');
  assert.deepEqual(listed.map((one) => one.id).sort(), [...clients, extra].map((one) => one.id).sort());
  const rooms = await pages(nodes, 'listRooms', { pageSize: 1 }, 'rooms');
  assert.deepEqual(rooms.map(({ name, members }) => [name, members]), [['lobby', 9], ['only-one', 1]]);
  const members = await pages(nodes, 'presence', { room: 'lobby', pageSize: 4 }, 'members');
  assert.deepEqual(members.map((one) => one.connection).sort(), clients.map((one) => one.id).sort());
  for (const node of nodes) {
    assert.equal((await node.rpc().getConnection({ id: extra.id })).connection.node, 'node1');
    await rejects(node.rpc().getConnection({ id: extra.id.replace(/-[^-]*$/, '-ffff') }), 'NOT_FOUND');
  }
  const { status, body } = await nodes.at(0).json('Gateway/Presence', { room: 'lobby', onlyCount: true });
  assert.deepEqual([status, body.count, body.nodes.length], [200, 9, 3]);
});

test('sockets of all nodes are asked, and their answers come to whoever asked', async (t) => {
  const { nodes } = await Cluster.start(t);
  await acquainted(nodes);
  const sockets = [...nodes].map((node) => io(`http://${node.clients}`, { transports: ['websocket'], forceNew: true, query: { room: 'asked' } }));
  t.after(() => sockets.forEach((socket) => socket.close()));
  sockets.forEach((socket, at) => socket.on('ask', (text, answer) => answer(`${text} ${at}`, Buffer.alloc(at === 2 ? 200_000 : 1, at))));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const { acknowledgements, summary } = await emitWithAck(nodes.at(0), { target: { rooms: ['asked'] }, payload: { event: 'ask', text: 'hey' } });
  assert.deepEqual([summary.asked, summary.acknowledged, summary.missing, summary.silentNodes], [3, 3, [], []]);
  assert.deepEqual(acknowledgements.map((one) => JSON.parse(one.arguments)[0]).sort(), ['hey 0', 'hey 1', 'hey 2']);
  assert.ok(acknowledgements.some((one) => one.attachments[0].length === 200_000));
  assert.deepEqual(acknowledgements.map((one) => one.session).sort(), sockets.map((socket) => socket.id).sort());
});

test('a node that stands still is named, not waited for, and does its share once it goes on', async (t) => {
  const { nodes } = await Cluster.start(t);
  await acquainted(nodes);
  const clients = await fill(t, nodes, 'lobby');
  nodes.freeze(2);
  const [one, other] = [nodes.at(0), nodes.at(1)];
  const target = { rooms: ['lobby'] };
  const began = Date.now();
  const [joined, listed, left, rooms, presence, ended, blocked, asked] = await Promise.all([
    one.rpc().joinRooms({ target, rooms: ['extra'] }, 5000),
    other.rpc().listConnections({}, 5000),
    one.rpc().leaveRooms({ target, rooms: ['nowhere'] }, 5000),
    other.rpc().listRooms({}, 5000),
    other.rpc().presence({ room: 'lobby' }, 5000),
    one.rpc().disconnect({ target: { rooms: ['nobody'] } }, 5000),
    other.rpc('Access').blockUser({ user: 'eve' }, 5000),
    emitWithAck(one, { target, payload: { event: 'ask', text: 'hey' }, timeout: { seconds: 5 } }),
    rejects(one.rpc().getConnection({ id: clients[2].id }, 1000), 'DEADLINE_EXCEEDED'),
    rejects(one.rpc('Nodes').getNode({ node: 'node2' }, 1000), 'DEADLINE_EXCEEDED'),
  ]);
  assert.ok(Date.now() - began < 6000, `after ${Date.now() - began} ms`);
  for (const answer of [joined, listed, left, rooms, presence, ended, blocked, asked.summary]) {
    assert.deepEqual(silent(answer), ['node2']);
    // Or it has been lost by then.
    assert.ok([4, 14].includes(answer.silentNodes[0].error.code));
  }
  assert.deepEqual([joined.matched, listed.connections.length, presence.count, presence.members.length], [2, 2, 2, 2]);
  nodes.thaw(2);
  await eventually(async () => (await other.rpc().presence({ room: 'extra', onlyCount: true })).count === 3, 'its client to have joined');
});

test('a node that was killed is lost within its lease, and another one in its place has another incarnation', async (t) => {
  const { nodes } = await Cluster.start(t);
  await acquainted(nodes);
  const gone = await incarnationOf(nodes.at(2));
  const changes = [];
  const watch = nodes.at(0).rpc('Nodes').watchNodes({});
  watch.on('data', (response) => changes.push(...response.changes.map(({ kind, node }) => `${kind} ${node.name}`)));
  watch.on('error', () => {});
  t.after(() => watch.cancel());
  await eventually(() => changes.filter((one) => one.startsWith('KIND_HERE')).length === 3, 'the nodes that there are');
  const began = Date.now();
  await nodes.at(2).kill();
  // The broker knows at once that it is gone.
  const joined = await nodes.at(0).rpc().joinRooms({ target: { rooms: ['lobby'] }, rooms: ['extra'] });
  assert.ok(silent(joined).every((name) => name === 'node2'));
  await eventually(() => changes.includes('KIND_LOST node2'), 'it to be lost');
  assert.ok(Date.now() - began > 1000 && Date.now() - began < 15_000, `after ${Date.now() - began} ms`);
  assert.equal((await nodes.at(0).rpc('Nodes').listNodes({})).nodes.length, 2);
  await nodes.restart(2);
  await eventually(() => changes.includes('KIND_CAME node2'), 'it to come');
  assert.notEqual(await incarnationOf(nodes.at(2)), gone);
  await nodes.at(1).stop();
  await eventually(() => changes.includes('KIND_LEFT node1'), 'the other one to leave');
  assert.ok(!changes.includes('KIND_LOST node1'));
  assert.equal(await nodes.at(0).metric('sluice_cluster_nodes'), 1);
});

test('nobody counts as lost while the broker is gone for all, nor when it is back', async (t) => {
  const { nats, nodes } = await Cluster.start(t);
  await acquainted(nodes);
  const [client] = await fill(t, nodes, 'lobby');
  await nats.servers[0].kill();
  await eventually(async () => (await nodes.at(0).metric('sluice_cluster_cut_off')) === 1, 'it to be noticed');
  await rejects(nodes.at(1).rpc().getConnection({ id: client.id }), 'UNAVAILABLE');
  const alone = await nodes.at(1).rpc().listConnections({});
  assert.deepEqual([alone.connections.length, silent(alone).sort()], [1, ['node0', 'node2']]);
  // Longer than a lease.
  const until = Date.now() + 4000;
  await eventually(() => Date.now() > until, 'a lease to pass');
  assert.equal((await nodes.at(0).rpc('Nodes').listNodes({})).nodes.length, 3);
  await nats.servers[0].start();
  await eventually(async () => silent(await nodes.at(1).rpc().listConnections({})).length === 0, 'all to answer again', 30_000);
  for (const node of nodes) assert.equal(await node.metric('sluice_cluster_nodes_lost_total'), 0);
});

test('a node that is cut off longer than its lease is lost and comes anew; itself, it loses nobody', async (t) => {
  const { nodes } = await Cluster.start(t, { linked: [2] });
  await acquainted(nodes);
  nodes.link(2).cut();
  await nodes.at(0).untilMetric('sluice_cluster_nodes_lost_total', {}, (value) => value === 1);
  nodes.link(2).restore();
  await acquainted(nodes);
  assert.equal(await nodes.at(0).metric('sluice_cluster_nodes_came_total'), 3);
  assert.equal(await nodes.at(2).metric('sluice_cluster_nodes_lost_total'), 0);
});
