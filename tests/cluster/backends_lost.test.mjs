// Nodes that are killed, stopped, cut off or drained, as backends of the others see it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../integration/watch.mjs';
import { Cluster } from './cluster.mjs';
import { KilledReplica, areKnown, attachTo, kinds, told } from './replicas.mjs';

const flags = ['--client-messages', 'backend', '--client-rooms', 'open'];
const ids = (events) => events.map((one) => one.connection).sort();

async function connectMany(t, node, count, query = '') {
  const clients = await Promise.all(Array.from({ length: count }, () => node.connect(query)));
  t.after(() => clients.forEach((client) => client.terminate()));
  return clients;
}

test('the connections of a node that is killed are announced gone, each once', async (t) => {
  const { nodes } = await Cluster.start(t, { flags });
  const backends = await attachTo(nodes.all.slice(0, 2), nodes.all, { group: 'a' });
  const [other] = await attachTo([nodes.at(0)], nodes.all, { group: 'b', ...kinds('CONNECTIONS') });
  // One of the group is attached to the node that is killed.
  const doomed = await new KilledReplica(t, nodes.at(2), 'a').attached();
  await areKnown(nodes.all, 4);
  const clients = await connectMany(t, nodes.at(2), 60);
  await connectMany(t, nodes.at(0), 10);
  const ended = clients.slice(0, 10);
  await Promise.all(ended.map((client) => client.close()));
  await other.until(() => told([other], 'disconnected').length === 10 && told([other], 'connected').length === 70, 'what happens before');
  const seen = () => told(backends, 'connected').length + doomed.lines.filter((line) => line.startsWith('connected')).length;
  await eventually(() => seen() === 70, 'all connections');
  const atDoomed = doomed.lines.filter((line) => line.startsWith('connected')).length;
  assert.ok(atDoomed > 5, 'it has its share, too');
  // Those that have ended are nobody's concern any more.
  await eventually(async () => (await nodes.at(0).metric('sluice_kept_connections')) === 50, 'ends to be dealt with');
  const before = Date.now();
  await nodes.at(2).kill();
  const gone = (which) => told(which, 'disconnected', (one) => one.disconnected.reason === 'node_lost');
  await other.until(() => gone([other]).length === 50, 'their ends');
  const took = Date.now() - before;
  assert.ok(took > 1000 && took < 15_000, `announced after ${took} ms`);
  await eventually(() => gone(backends).length === 50, 'their ends in the other group');
  const alive = told([other], 'connected', (one) => !told([other], 'disconnected', (end) => end.disconnected.reason !== 'node_lost').some((end) => end.connection === one.connection));
  const lost = alive.filter((one) => one.connection.startsWith(other.events.find((event) => event.disconnected?.reason === 'node_lost').connection.slice(0, 8)));
  assert.deepEqual(ids(gone([other])), ids(lost));
  assert.deepEqual(ids(gone(backends)), ids(lost));
  // To whom they belong, behind what it was told of them.
  for (const backend of backends) {
    for (const { connection } of told([backend], 'connected')) {
      const events = backend.events.filter((one) => one.connection === connection).map((one) => one.kind);
      const isLost = lost.some((one) => one.connection === connection);
      if (isLost) assert.deepEqual(events, ['connected', 'disconnected']);
    }
  }
  // Whoever comes now is heard of as before.
  await connectMany(t, nodes.at(1), 3);
  await other.until(() => told([other], 'connected').length === 73, 'new connections');
  assert.equal(gone([other]).length, 50, 'the other keeper has told none');
});

test('while clients come and go, each that was told is told to have ended when its node is killed', async (t) => {
  const { nodes } = await Cluster.start(t, { flags });
  const [backend] = await attachTo([nodes.at(0)], nodes.all, { group: 'a', ...kinds('CONNECTIONS') });
  let goesOn = true;
  const churn = async () => {
    while (goesOn) {
      const client = await nodes.at(2).connect().catch(() => null);
      if (!client) return;
      if (Math.random() < 0.5) client.terminate();
      else t.after(() => client.terminate());
    }
  };
  const all = Promise.all(Array.from({ length: 20 }, churn));
  await backend.until(() => told([backend], 'connected').length > 300, 'many to come');
  await nodes.at(2).kill();
  goesOn = false;
  await all;
  const left = () => {
    const open = new Set();
    for (const event of backend.events) {
      if (event.kind === 'connected') open.add(event.connection);
      if (event.kind === 'disconnected') open.delete(event.connection);
    }
    return open.size;
  };
  await backend.until(() => left() === 0, 'the end of each');
});

test('a node that stands still for longer than its lease announces its connections anew', async (t) => {
  const { nodes } = await Cluster.start(t, { flags });
  const [backend] = await attachTo([nodes.at(0)], nodes.all, { group: 'a' });
  const [client] = await connectMany(t, nodes.at(2), 1, '?room=a');
  await connectMany(t, nodes.at(2), 4);
  await backend.until(() => told([backend], 'connected').length === 5, 'connections');
  nodes.freeze(2);
  await backend.until(() => told([backend], 'disconnected').length === 5, 'their ends');
  assert.ok(told([backend], 'disconnected').every((one) => one.disconnected.reason === 'node_lost'));
  nodes.thaw(2);
  const again = (one) => one.connected.again;
  await backend.until(() => told([backend], 'connected', again).length === 5, 'them again');
  assert.deepEqual(ids(told([backend], 'connected', again)), ids(told([backend], 'disconnected')));
  const { connection, connected } = told([backend], 'connected', (one) => again(one) && one.connected.rooms.includes('a'))[0];
  assert.deepEqual(connected.rooms, ['a']);
  client.send('still here');
  const message = await backend.event('message');
  assert.equal(message.connection, connection);
  client.terminate();
  await backend.event('disconnected', (one) => one.connection === connection && one.disconnected.reason !== 'node_lost');
});

test('while the broker is down for all nobody is announced gone, and all goes on when it is back', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { flags });
  const backends = await attachTo(nodes.all.slice(0, 2), nodes.all, { group: 'a' });
  const clients = [...(await connectMany(t, nodes.at(2), 6)), ...(await connectMany(t, nodes.at(0), 6))];
  await eventually(() => told(backends, 'connected').length === 12, 'connections');
  await nats.servers[0].kill();
  clients.forEach((client, at) => client.send(`down ${at}`));
  await new Promise((resolve) => setTimeout(resolve, 5000));
  await nats.servers[0].start();
  clients.forEach((client, at) => client.send(`up ${at}`));
  const said = () => told(backends, 'message').map((one) => one.message.payload.text);
  await eventually(() => new Set(said()).size === 24, 'all that was said', 60_000);
  assert.deepEqual(told(backends, 'disconnected'), []);
  for (const backend of backends) {
    for (const { connection } of told([backend], 'connected')) {
      const own = told([backend], 'message', (one) => one.connection === connection).map((one) => one.message.payload.text.split(' ')[0]);
      assert.deepEqual([...new Set(own)], ['down', 'up']);
    }
  }
});

test('a node that is drained tells the ends itself, and others tell none', async (t) => {
  const { nodes } = await Cluster.start(t, { flags });
  const [backend] = await attachTo([nodes.at(0)], nodes.all, { group: 'a', ...kinds('CONNECTIONS', 'DRAINING') });
  await connectMany(t, nodes.at(2), 40);
  await backend.until(() => told([backend], 'connected').length === 40, 'connections');
  await nodes.at(2).stop();
  await backend.until(() => told([backend], 'disconnected').length >= 40, 'their ends');
  assert.ok(told([backend], 'disconnected').every((one) => one.disconnected.reason === 'draining'));
  assert.deepEqual(told([backend], 'draining').map((one) => one.source), [told([backend], 'connected')[0].source]);
  // Whatever else there was to tell would have come by the time that others know that it has left.
  await areKnown([nodes.at(0)], 1);
  await nodes.restart(2);
  await areKnown([nodes.at(0), nodes.at(2)], 1);
  await connectMany(t, nodes.at(2), 1);
  await backend.until(() => told([backend], 'connected').length === 41, 'a new connection');
  assert.equal(told([backend], 'disconnected').length, 40);
});

test('the rooms of a node that is killed are vacated', async (t) => {
  const { nodes } = await Cluster.start(t, { flags });
  const [backend] = await attachTo([nodes.at(0)], nodes.all, { group: 'a', ...kinds('ROOMS') });
  const names = Array.from({ length: 10 }, (_, at) => `own-${at}`);
  await connectMany(t, nodes.at(2), 1, `?room=both&${names.map((name) => `room=${name}`).join('&')}`);
  await connectMany(t, nodes.at(1), 1, '?room=both');
  await backend.until(() => told([backend], 'roomOccupied').length === 11, 'rooms');
  // What was told in the last second before a loss may be told again.
  await new Promise((resolve) => setTimeout(resolve, 1500));
  await nodes.at(2).kill();
  await backend.until(() => told([backend], 'roomVacated').length >= 10, 'none');
  assert.deepEqual([...new Set(told([backend], 'roomVacated').map((one) => one.roomVacated.room))].sort(), names);
});
