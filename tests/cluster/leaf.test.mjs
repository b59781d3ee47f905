// A NATS server that is a leaf of another: nodes at either are one gateway. The leaf asks the hub's JetStream, by its domain.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../integration/harness.mjs';
import { freePort } from '../integration/ports.mjs';
import { Undo } from '../integration/undo.mjs';
import { startNats } from './nats.mjs';
import { publishInTheEnd, startNodes, writeSecret } from './nodes.mjs';
import { haveHeard, listenAt } from './wires.mjs';

const undo = new Undo();
let leaf;
let hubNode;
let leafNode;
before(async () => {
  const port = await freePort();
  const hub = await startNats(undo, { domain: 'hub', configuration: `leafnodes: { listen: "127.0.0.1:${port}" }` });
  const remotes = `leafnodes: { reconnect: 1, remotes: [{ url: "nats://127.0.0.1:${port}" }] }`;
  leaf = await startNats(undo, { jetstream: false, configuration: `${remotes}\ndefault_js_domain: { "$G": hub }` });
  const common = { count: 1, secret: writeSecret(undo) };
  [hubNode] = await startNodes(undo, hub, { ...common, name: 'hub' });
  [leafNode] = await startNodes(undo, leaf, { ...common, name: 'leaf' });
});
after(() => undo.run());

const numbers = (from, to) => Array.from({ length: to - from }, (_, at) => String(from + at));

test('what is said at the hub or at the leaf is heard at both, in one order', async (t) => {
  const room = 'order';
  const listeners = await listenAt(t, [hubNode, leafNode], room);
  await Promise.all([hubNode, leafNode].map(async (node, at) => {
    for (const number of numbers(0, 100)) await node.publish(`${at} ${number}`, { rooms: [room] });
  }));
  await eventually(() => listeners.every((one) => one.heard.length === 200), 'all of it');
  for (const one of listeners) assert.deepEqual([one.heard, one.gaps], [listeners[0].heard, []], one.wire);
  for (const node of [hubNode, leafNode]) {
    const { nodes } = await node.rpc('Nodes').listNodes({});
    assert.deepEqual(nodes.map(({ name }) => name), ['hub0', 'leaf0']);
  }
});

test('a leaf that was away hears afterwards what was said meanwhile, in order', async (t) => {
  const room = 'cut';
  const listeners = await listenAt(t, [hubNode, leafNode], room);
  await leafNode.publish('0', { rooms: [room] });
  await haveHeard(listeners, ['0']);
  const [server] = leaf.servers;
  await server.kill();
  await eventually(() => leafNode.publish('lost', { rooms: [room] }).then(() => false, (error) => error.code === 14), 'the node to know');
  for (const text of numbers(1, 20)) await hubNode.publish(text, { rooms: [room] });
  await server.start();
  await publishInTheEnd(leafNode, '20', { rooms: [room] }, { idempotencyKey: 'cut 20' });
  await haveHeard(listeners, numbers(0, 21));
});
