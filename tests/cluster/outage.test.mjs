// The broker is gone, for all nodes or for one, and comes back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detailOf, eventually, rejects } from '../integration/harness.mjs';
import { Cluster } from './cluster.mjs';
import { publishInTheEnd } from './nodes.mjs';
import { io } from './packages.mjs';
import { numbers } from './places.mjs';
import { everyWire, haveHeard, listenAt } from './wires.mjs';

const lobby = { rooms: ['lobby'] };
const offset = ({ receipt }) => Number(receipt.position.split('-')[1]);

const listen = (t, ...nodes) => listenAt(t, nodes, 'lobby', everyWire);
// All of it on the connections that they had.
async function have(listeners, wanted) {
  await haveHeard(listeners, wanted);
  assert.deepEqual(listeners.filter((one) => one.isOver).map((one) => one.wire), []);
}

test('while the broker is gone clients stay and publishers are told to come again; then all goes on', async (t) => {
  const { nats, nodes } = await Cluster.start(t, {});
  const listeners = await listen(t, ...nodes);
  const before = await nodes.at(0).publish('0', lobby);
  await have(listeners, ['0']);
  const [server] = nats.servers;
  await server.kill();
  for (const node of nodes) await node.untilMetric('sluice_broker_connected', {}, (value) => value === 0);
  for (const node of nodes) {
    const error = await rejects(node.publish('lost', lobby), 'UNAVAILABLE');
    const detail = detailOf(error);
    assert.deepEqual([detail.reason, detail.retryable], ['unavailable', true]);
    const { status, body } = await node.json('Gateway/Publish', { target: lobby, payload: { text: 'lost' } });
    assert.deepEqual([status, body.code], [503, 'unavailable']);
    assert.match(body.details[0].debug.retryAfter, /^\d+(\.\d+)?s$/);
    const http = await fetch(`http://${node.clients}/publish`, { method: 'POST', body: 'lost' });
    assert.equal(http.status, 503);
    assert.match(http.headers.get('retry-after'), /^\d+$/);
    assert.equal((await node.admin('/readyz')).status, 200);
    assert.equal((await node.admin('/healthz')).status, 200);
  }
  // Who comes now is let in.
  const late = await nodes.at(1).connect();
  t.after(() => late.terminate());
  await server.start();
  await Promise.all([...nodes].map((node, at) => publishInTheEnd(node, `back ${at}`, lobby, { idempotencyKey: `back ${at}` })));
  const after = await publishInTheEnd(nodes.at(0), 'last', lobby);
  await late.has('last');
  assert.equal(after.receipt.position.split('-')[0], before.receipt.position.split('-')[0]);
  assert.ok(offset(after) > offset(before));
  await have(listeners, ['0', ...late.messages]);
});

test('a node that was cut off delivers what was said meanwhile, in order, before what is said now', async (t) => {
  const { nodes } = await Cluster.start(t, { linked: [2] });
  const [node, cut] = [nodes.at(0), nodes.at(2)];
  const listeners = await listen(t, cut, node);
  for (const text of numbers(0, 5)) await node.publish(text, lobby);
  await have(listeners, numbers(0, 5));
  nodes.link(2).cut();
  await eventually(() => cut.publish('lost', lobby).then(() => false, (error) => error.code === 14), 'the node to know');
  for (const text of numbers(5, 50)) await node.publish(text, lobby);
  nodes.link(2).restore();
  for (const text of numbers(50, 80)) await node.publish(text, lobby);
  await publishInTheEnd(cut, '80', lobby);
  await have(listeners, numbers(0, 81));
});

test('a node that was stopped for a while delivers what was said meanwhile', async (t) => {
  const { nodes } = await Cluster.start(t, {});
  const listeners = await listen(t, ...nodes);
  await nodes.at(0).publish('0', lobby);
  await have(listeners, ['0']);
  nodes.freeze(1);
  for (const text of numbers(1, 100)) await nodes.at(0).publish(text, lobby);
  nodes.thaw(1);
  await nodes.at(1).publish('100', lobby);
  await have(listeners, numbers(0, 101));
});

test('clients of a node that was cut off for longer than the history are told of a gap', async (t) => {
  const { nodes } = await Cluster.start(t, { linked: [1], count: 2, flags: ['--history-messages', '5'] });
  const [node, cut] = [...nodes];
  const client = await cut.connect('?envelope=1');
  t.after(() => client.terminate());
  const quiet = await cut.connect('?envelope=1&room=quiet');
  t.after(() => quiet.terminate());
  await node.publish('before', lobby);
  await client.count(2);
  nodes.link(1).cut();
  await eventually(() => cut.publish('lost', lobby).then(() => false, () => true), 'the node to know');
  await node.publish('missed', { rooms: ['quiet'] });
  for (const text of numbers(0, 20)) await node.publish(text, lobby);
  nodes.link(1).restore();
  await publishInTheEnd(cut, 'last', lobby);
  await client.until(() => client.parsed.at(-1).data === 'last', 'the last');
  const seen = client.parsed.slice(2).map((one) => one.notice ?? one.data);
  assert.equal(seen[0], 'gap');
  // What is kept still comes, as to one that resumes.
  assert.deepEqual(seen.slice(1), [...numbers(20 - (seen.length - 2), 20), 'last']);
  await quiet.count(2);
  assert.deepEqual(quiet.parsed.slice(1).map((one) => one.notice ?? one.data), ['missed']);
});

test('a node that has missed more than it may hold tells of a gap, and goes on', async (t) => {
  const { nodes } = await Cluster.start(t, { linked: [1], count: 2 });
  const [node, cut] = [...nodes];
  const client = await cut.connect('?envelope=1');
  t.after(() => client.terminate());
  nodes.link(1).cut();
  await eventually(() => cut.publish('lost', lobby).then(() => false, () => true), 'the node to know');
  const large = 'x'.repeat(900_000);
  for (let count = 0; count < 85; ++count) await node.publish(large, lobby);
  nodes.link(1).restore();
  await eventually(() => cut.logged('broker_messages_lost'), 'it to give up', 30_000);
  await publishInTheEnd(cut, 'last', lobby);
  await client.until(() => client.parsed.at(-1).data === 'last', 'the last');
  assert.ok(client.parsed.some((one) => one.notice === 'gap'));
  // Who comes now finds the room whole from here on.
  const { receipt } = await node.publish('after', lobby);
  const late = await cut.connect(`?envelope=1&since=${receipt.position}`);
  t.after(() => late.terminate());
  await node.publish('now', lobby);
  await late.until(() => late.parsed.at(-1).data === 'now', 'what is said now');
  assert.ok(!late.parsed.some((one) => one.notice === 'gap'));
});

test('the broker going away and coming back is told in the log and by metrics', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { count: 1 });
  const node = nodes.at(0);
  await node.untilMetric('sluice_broker_connected', {}, (value) => value === 1);
  await nats.servers[0].kill();
  await node.untilMetric('sluice_broker_connected', {}, (value) => value === 0);
  await nats.servers[0].start();
  await node.untilMetric('sluice_broker_connected', {}, (value) => value === 1);
});

test('a Socket.IO client that comes while the broker is away comes in by itself once it is back', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { count: 1 });
  const [server] = nats.servers;
  await server.kill();
  await nodes.at(0).untilMetric('sluice_broker_connected', {}, (value) => value === 0);
  const socket = io(`http://${nodes.at(0).clients}`, { query: { room: 'new' }, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 100 });
  t.after(() => socket.close());
  let closes = 0;
  const refusals = [], heard = [];
  socket.io.on('close', () => (closes += 1));
  socket.on('connect_error', (error) => refusals.push(error.message));
  socket.on('message', (data) => heard.push(data));
  await eventually(() => closes > 0, 'the client to be put off', 30_000);
  await server.start();
  await eventually(() => socket.connected, 'the client to come in', 30_000);
  assert.deepEqual(refusals, [], 'a refusal would have been the last word');
  await nodes.at(0).publish('hello', { rooms: ['new'] });
  await eventually(() => heard.length > 0, 'a message');
  assert.deepEqual(heard, ['hello']);
});

test('a carried poll whose answer was lost ends before its client gives up', async (t) => {
  const pings = ['--engine-ping-interval-ms', '400', '--engine-ping-timeout-ms', '100'];
  const { nodes } = await Cluster.start(t, { linked: [1], count: 2, flags: pings });
  const [node, cut] = [...nodes];
  const poll = (at, sid = '') => fetch(`http://${at.clients}/socket.io/?EIO=4&transport=polling${sid}`);
  // The ping that it waits for is said while nobody hears it; again if it was said before.
  let ended = 0;
  let answer;
  while (answer?.status !== 400 && ended < 20) {
    const { sid } = JSON.parse((await (await poll(cut)).text()).slice(1));
    const served = await cut.metric('sluice_cluster_served_total');
    const waiting = poll(node, `&sid=${sid}`);
    await cut.untilMetric('sluice_cluster_served_total', {}, (value) => value > served);
    nodes.link(1).cut();
    ended += 1;
    await cut.untilMetric('sluice_connections_closed_total', { reason: 'heartbeat_timeout' }, (value) => value >= ended);
    nodes.link(1).restore();
    answer = await waiting;
    await cut.untilMetric('sluice_broker_connected', {}, (value) => value === 1);
  }
  assert.equal(answer.status, 400, 'so that the client begins anew');
  await node.untilMetric('sluice_cluster_nodes_lost_total', {}, (value) => value === 0);
});

test('one of three servers, and then the leader of the stream, may go: publishers wait, and nothing is lost', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { servers: 3 });
  const clients = await Promise.all([...nodes].map((node) => node.connect()));
  t.after(() => clients.forEach((client) => client.terminate()));
  let sent = 0;
  const publish = async (count) => {
    for (const end = sent + count; sent < end; ++sent) await publishInTheEnd(nodes.at(sent), String(sent), lobby, { idempotencyKey: String(sent) });
  };
  await publish(30);
  const leader = await nats.leader(await nats.onlyStream());
  const other = nats.servers.find((server) => server !== leader);
  await other.kill();
  await publish(30);
  await other.start();
  await nats.ready();
  await (await nats.leader(await nats.onlyStream())).kill();
  await publish(30);
  for (const client of clients) {
    await client.count(sent);
    assert.deepEqual(client.messages, numbers(0, sent));
  }
});
