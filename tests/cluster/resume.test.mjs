// A client whose node was killed goes on at another: with all that it missed, in order, once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine, openSocket, plain } from '../integration/engine.mjs';
import { eventually } from '../integration/harness.mjs';
import { Cluster } from './cluster.mjs';
import { Listener, get, resumable } from './wires.mjs';

let cluster;
let nodes;
// What is begun at the node that is killed, by the name of its test.
const begun = new Map();
let position; // the newest before the kill
const numbers = (count) => Array.from({ length: count }, (_, at) => String(at));

const rooms = ['quiet', ...Object.keys(resumable), 'cursor', 'socketIo', 'idle'];
async function publishAll(node, text) {
  for (const room of rooms) ({ receipt: { position } } = await node.publish(text, { rooms: [room] }));
}

before(async () => {
  cluster = await Cluster.start(null, {});
  ({ nodes } = cluster);
  const [first, second] = nodes;
  const connections = [];
  for (const [wire, connect] of Object.entries(resumable)) {
    begun.set(wire, new Listener(wire));
    connections.push(await connect(first, begun.get(wire)));
  }
  begun.set('cursor', (await get(first, '/poll?room=cursor')).body.cursor);
  const never = { after() {} };
  begun.set('idle', await openSocket(never, first, { query: '&room=idle' }));
  begun.set('socketIo', await openSocket(never, first, { query: '&room=socketIo' }));
  const own = begun.get('socketIo').sids['/'];
  await first.rpc().joinRooms({ target: { rooms: [own.sid] }, rooms: ['joined later'] });
  for (const text of numbers(3)) if (text !== '0') await publishAll(second, text);
  for (const wire of Object.keys(resumable)) await eventually(() => begun.get(wire).heard.length === 2, `what was said, by ${wire}`);
  await begun.get('socketIo').count(2);
  begun.set('position', position);
  await eventually(async () => (await first.metric('sluice_socket_records_waiting')) === 0, 'what is known of sockets to be written');
  await first.kill();
  connections.forEach((one) => one.close());
  await publishAll(second, '3');
  await publishAll(nodes.at(2), '4');
  await nodes.at(2).publish('5', { rooms: ['joined later'] });
});
after(() => cluster.stop());

for (const [wire, connect] of Object.entries(resumable)) {
  test(`${wire}: from its position at another node`, async (t) => {
    const listener = begun.get(wire);
    const connection = await connect(nodes.at(2), listener);
    t.after(() => connection.close());
    await eventually(() => listener.heard.length >= 4, `what was missed: ${listener.heard}`);
    await nodes.at(1).publish('now', { rooms: [wire] });
    await eventually(() => listener.heard.length >= 5, 'what is said now');
    assert.deepEqual([listener.heard, listener.gaps], [['1', '2', '3', '4', 'now'], []]);
  });
}

test('a cursor of polls is good at any node', async () => {
  const cursor = begun.get('cursor');
  for (const node of [nodes.at(1), nodes.at(2)]) {
    let { status, body } = await get(node, `/poll?room=cursor&cursor=${cursor}`);
    // Nobody knows yet that its node is gone: this one finds out by asking, and says from where to go on.
    if (body.messages?.length === 0) ({ status, body } = await get(node, `/poll?room=cursor&cursor=${body.cursor}`));
    assert.deepEqual([status, body.gap], [200, false], JSON.stringify(body));
    assert.deepEqual(body.messages.map((one) => one.data), ['1', '2', '3', '4']);
    const next = await get(nodes.at(node === nodes.at(1) ? 2 : 1), `/poll?room=cursor&cursor=${body.cursor}`);
    assert.deepEqual([next.status, next.body.gap, next.body.messages], [200, false, []]);
  }
});

// Joins anew as the socket of `pid`.
async function comeBack(t, node, { pid }, offset) {
  const client = await new Engine(node, { route: '/socket.io/' }).socket();
  t.after(() => client.terminate());
  await client.count(1);
  client.send(`40${JSON.stringify({ pid, ...(offset ? { offset } : {}) })}`);
  await client.until(() => client.messages.some((one) => one.startsWith('40{')), 'to be connected');
  client.own = JSON.parse(client.messages.find((one) => one.startsWith('40{')).slice(2));
  return client;
}
const events = (client) => client.messages.filter((one) => typeof one === 'string' && one.startsWith('42')).map(plain);

test('a Socket.IO socket comes back as itself, in its rooms', async (t) => {
  const before = begun.get('socketIo');
  const offset = JSON.parse(before.messages.at(-1).slice(2)).at(-1);
  const again = await comeBack(t, nodes.at(2), before.sids['/'], offset);
  assert.deepEqual(again.own, before.sids['/']);
  await again.until(() => events(again).length >= 3, 'what was missed');
  await nodes.at(1).publish('now', { rooms: [again.own.sid] });
  await again.until(() => events(again).length >= 4, 'what is said now');
  assert.deepEqual(events(again), ['3', '4', '5', 'now'].map((text) => `42["message","${text}"]`));
  // And again, from there to yet another.
  const third = await comeBack(t, nodes.at(1), again.own, JSON.parse(again.messages.at(-1).slice(2)).at(-1));
  assert.deepEqual(third.own, before.sids['/']);
  await nodes.at(2).publish('later', { rooms: ['joined later'] });
  await third.until(() => events(third).length >= 1, 'what is said now');
  assert.deepEqual(events(third), ['42["message","later"]']);
});

test('a Socket.IO socket that had no event yet has all since it connected', async (t) => {
  const again = await comeBack(t, nodes.at(1), begun.get('idle').sids['/']);
  assert.deepEqual(again.own, begun.get('idle').sids['/']);
  await again.until(() => events(again).length >= 4, 'what was missed');
  assert.deepEqual(events(again), ['1', '2', '3', '4'].map((text) => `42["message","${text}"]`));
});

test('any node shows the history', async () => {
  for (const node of [nodes.at(1), nodes.at(2)]) {
    const all = await node.rpc().history({ room: 'quiet' });
    assert.deepEqual(all.messages.map((one) => one.payload.text), ['1', '2', '3', '4']);
    const since = await node.rpc().history({ room: 'quiet', since: begun.get('position') });
    assert.deepEqual([since.messages.map((one) => one.payload.text), since.gap, since.more], [['3', '4'], 'GAP_NONE', false]);
    const newest = await node.rpc().history({ room: 'quiet', limit: 2, newestFirst: true });
    assert.deepEqual([newest.messages.map((one) => one.payload.text), newest.more], [['4', '3'], true]);
  }
});

test('a node that was started anew knows all positions', async (t) => {
  const node = await nodes.restart(0);
  const client = await node.connect(`?room=quiet&since=${begun.get('position')}`);
  t.after(() => client.terminate());
  await client.count(3);
  assert.deepEqual(client.parsed.map((one) => one.notice ?? one.data), ['open', '3', '4']);
});
