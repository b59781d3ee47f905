// Nodes are replaced one after the other, each by one that comes first, under clients that come back at others; and what backends
// are told of that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backend, Told } from '../integration/backend.mjs';
import { eventually } from '../integration/watch.mjs';
import { startNats } from './nats.mjs';
import { startNodes, writeSecret } from './nodes.mjs';
import { WebSocket } from './packages.mjs';

const count = Number(process.env.SLUICE_ROLLING_CLIENTS ?? 150);

test('each connection is told to have come and gone once, whichever nodes come and go meanwhile', async (t) => {
  const nats = await startNats(t);
  const secret = writeSecret(t);
  const flags = ['--drain-seconds', '3', '--drain-delay-seconds', '0.2'];
  const start = async (number, name) => [...(await startNodes(t, nats, { count: number, secret, flags, name }))];
  const serving = await start(3, 'old');
  const told = new Told();
  const backends = [];
  const attach = async (node) => {
    const backend = await new Backend(node, { group: 'watch', credits: 10_000, onEvent: told.note }).attached();
    backends.push(backend);
  };
  for (const node of serving) await attach(node);
  t.after(() => backends.forEach((one) => one.close()));

  let isOver = false;
  let next = 0;
  const sockets = new Set();
  const connect = () => {
    if (isOver) return;
    const node = serving[next++ % serving.length];
    const socket = new WebSocket(`ws://${node.clients}/?room=room-${next % 20}`);
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      setTimeout(connect, 20);
    });
  };
  for (let at = 0; at < count; ++at) connect();
  await eventually(() => told.connected.size === count, 'all to have been told');
  const leaving = [];
  for (let round = 0; round < 3; ++round) {
    const [fresh] = await start(1, `new${round}`);
    await attach(fresh);
    serving.push(fresh);
    leaving.push(serving.shift());
    leaving.at(-1).signal();
    await leaving.at(-1).until(() => leaving.at(-1).logged('draining'), 'it to drain');
  }
  for (const node of leaving) assert.deepEqual(await node.ended(), { code: 0, signal: null });
  isOver = true;
  for (const socket of sockets) socket.terminate();
  await eventually(() => told.open.length === 0, 'all ends to be told');
  for (const backend of backends) assert.equal(backend.lost ?? 0, 0);
  assert.deepEqual(told.twice.slice(0, 3), [], `${told.twice.length} twice`);
});
