// Three nodes behind HAProxy, where each HTTP request goes to another node: clients of every kind see one gateway.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { meet } from '../integration/one_room.mjs';
import { languages, socketIoPair, wsPair } from '../integration/pairs.mjs';
import { cells, talk } from '../integration/socket_io_matrix.mjs';
import { Cluster } from './cluster.mjs';

let cluster;
before(async () => {
  cluster = await Cluster.start(null, { servers: 3, balancer: true });
});
after(() => cluster.stop());

for (const [at, cell] of cells.entries()) {
  test(`${cell.name}, each request to another node`, (t) => talk(t, cluster.door, { ...cell, room: `cell-${at}`, reached: [0, 1] }));
}

test('WebSocket, Socket.IO, EventSource, pollers, nc and a UDP socket at several nodes hear each other in one order', (t) => meet(t, cluster.door));

test('no request was refused, and each node had its share', () => {
  const { requests } = cluster.door.balancer;
  const count = (by) => requests.reduce((counts, one) => ({ ...counts, [one[by]]: (counts[one[by]] ?? 0) + 1 }), {});
  // Of the question whether the balancer was there.
  const statuses = Object.keys(count('status')).filter((status) => status !== '404');
  assert.deepEqual(statuses.filter((status) => !['101', '200', '202'].includes(status)), [], JSON.stringify(requests.filter((one) => one.status >= 300)));
  const servers = count('server');
  for (const [at] of cluster.nodes.all.entries()) assert.ok(servers[`node${at}`] > requests.length / 6, JSON.stringify(servers));
});

// That one who polls is gone may be known by its silence alone, as its last request was at another node.
const pings = ['--engine-ping-interval-ms', '1000', '--engine-ping-timeout-ms', '2000'];
const withBackends = (t) => Cluster.start(t, { balancer: true, flags: ['--client-messages', 'backend', ...pings] }).then(({ door }) => door);
for (const language of languages) {
  test(`the socket.io pair over three nodes, with its backend ${language} at one of them`, async (t) =>
    socketIoPair(t, await withBackends(t), language, / has gone \((?:client_|heartbeat_timeout)/));
}
test('the ws pair over three nodes', async (t) => wsPair(t, await withBackends(t)));
