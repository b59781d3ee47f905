// What holds for nodes in two places, however their NATS servers are joined.
import assert from 'node:assert/strict';
import { eventually } from '../integration/watch.mjs';
import { publishInTheEnd } from './nodes.mjs';
import { haveHeard, listenAt } from './wires.mjs';

export const numbers = (from, to) => Array.from({ length: to - from }, (_, at) => String(from + at));

// What is said at either node is heard at both, in one order.
export async function areOne(t, nodes) {
  const room = 'order';
  const listeners = await listenAt(t, nodes, room);
  await Promise.all(nodes.map(async (node, at) => {
    for (const number of numbers(0, 100)) await node.publish(`${at} ${number}`, { rooms: [room] });
  }));
  await eventually(() => listeners.every((one) => one.heard.length === 200), 'all of it');
  for (const one of listeners) assert.deepEqual([one.heard, one.gaps], [listeners[0].heard, []], one.wire);
}

// `server`, the only one that `far` can reach, is away for a while: what `say(text)` publishes elsewhere meanwhile is heard there
// afterwards, in order.
export async function catchesUp(t, [near, far], server, say) {
  const room = 'cut';
  const listeners = await listenAt(t, [near, far], room);
  await near.publish('0', { rooms: [room] });
  await haveHeard(listeners, ['0']);
  await server.kill();
  await eventually(() => far.publish('lost', { rooms: [room] }).then(() => false, (error) => error.code === 14), 'the far node to know');
  for (const text of numbers(1, 20)) await say(text, { rooms: [room] });
  await server.start();
  await publishInTheEnd(far, '20', { rooms: [room] }, { idempotencyKey: 'cut 20' });
  await haveHeard(listeners, numbers(0, 21));
}
