// Two clusters of NATS that are one supercluster, as in two places: nodes at either are one gateway. The stream stays in the
// cluster in which it was made, the first.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Undo } from '../integration/undo.mjs';
import { startNats } from './nats.mjs';
import { publishInTheEnd, startNodes, writeSecret } from './nodes.mjs';
import { areOne, catchesUp, numbers } from './places.mjs';
import { haveHeard, listenAt } from './wires.mjs';

const undo = new Undo();
let nats;
let near; // a node where the stream is
let far;
before(async () => {
  nats = await startNats(undo, { regions: [3, 1], advertises: false });
  const common = { count: 1, secret: writeSecret(undo), flags: ['--stream-replicas', '3'] };
  // One after the other, so that the stream is in the first.
  [near] = await startNodes(undo, nats.region(0), { ...common, name: 'near' });
  [far] = await startNodes(undo, nats.region(1), { ...common, name: 'far' });
});
after(() => undo.run());

test('what is said in either place is heard in both, in one order', async (t) => {
  await areOne(t, [near, far]);
  const { nodes } = await far.rpc('Nodes').listNodes({});
  assert.deepEqual(nodes.map((node) => node.name), ['far0', 'near0']);
});

test('a client goes on in the other place with all that it missed', async (t) => {
  const room = 'moves';
  const listeners = await listenAt(t, [far], room);
  for (const text of numbers(0, 3)) await far.publish(text, { rooms: [room] });
  await haveHeard(listeners, numbers(0, 3));
  for (const one of listeners) one.connection.close();
  for (const text of numbers(3, 6)) await near.publish(text, { rooms: [room] });
  for (const one of listeners) one.connection = await one.connect(near, one);
  await far.publish('6', { rooms: [room] });
  await haveHeard(listeners, numbers(0, 7));
});

test('a node hears nothing of rooms in which the other place has members alone', async (t) => {
  const [member] = await Promise.all([near.connect('?room=here'), far.connect('?room=there')]);
  const received = async () => (await nats.bytesTo()).get('sluice far0');
  const before = await received();
  for (const text of numbers(0, 100)) await near.publish(text.padEnd(10_000), { rooms: ['here'] });
  await member.count(100);
  const bytes = (await received()) - before;
  assert.ok(bytes < 50_000, `${bytes}`);
});

test('the server that leads the stream is killed: who is far goes on', async (t) => {
  const room = 'leader';
  const listeners = await listenAt(t, [near, far], room);
  await far.publish('0', { rooms: [room] });
  const region = nats.region(0);
  const leader = await region.leader(await region.onlyStream());
  await leader.kill();
  for (const text of numbers(1, 20)) await publishInTheEnd(far, text, { rooms: [room] }, { idempotencyKey: text });
  await haveHeard(listeners, numbers(0, 20));
  await leader.start();
  await nats.ready();
});

test('a place that is cut off hears afterwards what was said meanwhile, in order', async (t) => {
  const [server] = nats.region(1).servers;
  await catchesUp(t, [near, far], server, (text, target) => publishInTheEnd(near, text, target, { idempotencyKey: `cut ${text}` }));
});
