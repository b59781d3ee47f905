// A NATS server that is a leaf of another: nodes at either are one gateway. The leaf asks the hub's JetStream, by its domain.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freePort } from '../integration/ports.mjs';
import { Undo } from '../integration/undo.mjs';
import { startNats } from './nats.mjs';
import { startNodes, writeSecret } from './nodes.mjs';
import { areOne, catchesUp } from './places.mjs';

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

test('what is said at the hub or at the leaf is heard at both, in one order', async (t) => {
  await areOne(t, [hubNode, leafNode]);
  for (const node of [hubNode, leafNode]) {
    const { nodes } = await node.rpc('Nodes').listNodes({});
    assert.deepEqual(nodes.map(({ name }) => name), ['hub0', 'leaf0']);
  }
});

test('a leaf that was away hears afterwards what was said meanwhile, in order', async (t) => {
  await catchesUp(t, [hubNode, leafNode], leaf.servers[0], (text, target) => hubNode.publish(text, target));
});
