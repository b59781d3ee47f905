// A client whose node was killed goes on at another: with all that it missed, in order, once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../integration/harness.mjs';
import { Cluster } from './cluster.mjs';
import { Listener, get, resumable } from './wires.mjs';

let cluster;
let nodes;
// What is begun at the node that is killed, by the name of its test.
const begun = new Map();
let position; // the newest before the kill
const numbers = (count) => Array.from({ length: count }, (_, at) => String(at));

const rooms = ['quiet', ...Object.keys(resumable), 'cursor'];
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
  for (const text of numbers(3)) if (text !== '0') await publishAll(second, text);
  for (const wire of Object.keys(resumable)) await eventually(() => begun.get(wire).heard.length === 2, `what was said, by ${wire}`);
  begun.set('position', position);
  await first.kill();
  connections.forEach((one) => one.close());
  await publishAll(second, '3');
  await publishAll(nodes.at(2), '4');
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
    const { status, body } = await get(node, `/poll?room=cursor&cursor=${cursor}`);
    assert.deepEqual([status, body.gap], [200, false], JSON.stringify(body));
    assert.deepEqual(body.messages.map((one) => one.data), ['1', '2', '3', '4']);
    const next = await get(nodes.at(node === nodes.at(1) ? 2 : 1), `/poll?room=cursor&cursor=${body.cursor}`);
    assert.deepEqual([next.status, next.body.gap, next.body.messages], [200, false, []]);
  }
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
