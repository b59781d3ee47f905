// Requests find their session on whichever node it lives: Engine.IO's polls and posts, and GET /poll with its cursor.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine, isRefusal } from '../integration/engine.mjs';
import { eventually } from '../integration/harness.mjs';
import { Cluster } from './cluster.mjs';
import { get } from './wires.mjs';

let cluster;
let nodes;
before(async () => {
  cluster = await Cluster.start(null, { flags: ['--client-messages', 'echo', '--client-rooms', 'open'] });
  ({ nodes } = cluster);
});
after(() => cluster.stop());

// One session, each of whose requests goes to another node.
async function roaming(t, options = {}) {
  const engines = [...nodes].map((node) => new Engine(node, options));
  t.after(() => engines.forEach((engine) => engine.close()));
  await engines[0].open();
  for (const engine of engines) engine.sid = engines[0].sid;
  let next = 0;
  return { engines, next: () => engines[++next % engines.length] };
}

test('polls and posts at any node are those of one session', async (t) => {
  const { next } = await roaming(t);
  for (let round = 0; round < 12; ++round) {
    assert.equal((await next().post(`4${round}`)).text, 'ok');
    assert.equal((await next().poll()).text, `4${round}`);
  }
});

test('large payloads go there and back', async (t) => {
  const { engines } = await roaming(t);
  const large = `4${'x'.repeat(990_000)}`;
  for (const engine of engines) {
    assert.equal((await engine.post(large)).text, 'ok');
    assert.equal((await engine.poll()).text, large);
  }
});

test('many packets may come in several polls, in order', async (t) => {
  const { engines } = await roaming(t);
  const packets = Array.from({ length: 20 }, (_, at) => `4${String(at).padEnd(40_000, 'x')}`);
  for (const packet of packets) assert.equal((await engines[1].post(packet)).text, 'ok');
  const polled = [];
  while (polled.length < packets.length) polled.push(...(await engines[2].poll()).text.split('\x1e'));
  assert.deepEqual(polled, packets);
});

test('a poll that is held at another node is answered when something comes', async (t) => {
  const { engines } = await roaming(t, { query: '&room=held' });
  const poll = engines[1].poll();
  await eventually(async () => (await nodes.at(1).metric('sluice_requests_carried_abroad_total')) > 0, 'the poll to be carried');
  await nodes.at(2).publish('hi', { rooms: ['held'] });
  assert.equal((await poll).text, '4hi');
});

test('a client that gives up its poll at another node ends its session', async (t) => {
  const { engines } = await roaming(t);
  const before = await nodes.at(1).metric('sluice_requests_carried_abroad_total');
  const poll = engines[1].poll().catch(() => null);
  await eventually(async () => (await nodes.at(1).metric('sluice_requests_carried_abroad_total')) > before, 'the poll to be carried');
  // Nothing is said meanwhile: that would be the poll's answer.
  const vanished = () => nodes.at(0).metric('sluice_connections_closed_total', { reason: 'client_vanished' });
  const vanishedBefore = await vanished();
  engines[1].last.destroy();
  await poll;
  await eventually(async () => (await vanished()) > vanishedBefore, 'the session to be gone');
  assert.equal((await engines[2].post('4x')).status, 400);
  isRefusal(await engines[0].poll(), 1, 'Session ID unknown');
});

test('the session of a node that is killed is gone, at once where it is known', async (t) => {
  const extra = await Cluster.start(t, {});
  const engine = new Engine(extra.nodes.at(0));
  const other = new Engine(extra.nodes.at(1));
  t.after(() => [engine, other].forEach((one) => one.close()));
  await engine.open();
  other.sid = engine.sid;
  const poll = other.poll();
  await eventually(async () => (await extra.nodes.at(1).metric('sluice_requests_carried_abroad_total')) > 0, 'the poll to be carried');
  await extra.nodes.at(0).kill();
  isRefusal(await poll, 1, 'Session ID unknown');
  const began = Date.now();
  isRefusal(await other.poll(), 1, 'Session ID unknown');
  // Nobody is waited for, as one would be whose lease goes on.
  assert.ok(Date.now() - began < 2500);
});

// --- GET /poll ---

const ask = (node, { cursor, room = 'cursor', wait = 0 }) => get(node, `/poll?room=${room}&wait=${wait}${cursor ? `&cursor=${cursor}` : ''}`);
const pollers = async () => {
  const counts = await Promise.all([...nodes].map((node) => node.metric('sluice_connections', { protocol: 'poll' })));
  return counts.reduce((sum, one) => sum + one, 0);
};

test('a cursor at any node is that of one client, in all its rooms', async () => {
  let { cursor } = (await ask(nodes.at(0), {})).body;
  const count = await pollers();
  const { connections } = await nodes.at(0).rpc().listConnections({ room: 'cursor' });
  await nodes.at(0).rpc().joinRooms({ target: { connections: [connections[0].id] }, rooms: ['given'] });
  for (let round = 0; round < 6; ++round) {
    for (const room of ['cursor', 'given']) await nodes.at(round + 1).publish(`${room} ${round}`, { rooms: [room] });
    const { status, body } = await ask(nodes.at(round), { cursor, wait: 5 });
    assert.equal(status, 200, JSON.stringify(body));
    const all = body.messages.map((one) => one.data);
    // The second may come with the next poll.
    if (all.length < 2) {
      const rest = await ask(nodes.at(round + 1), { cursor: body.cursor, wait: 5 });
      all.push(...rest.body.messages.map((one) => one.data));
      ({ cursor } = rest.body);
    } else {
      ({ cursor } = body);
    }
    assert.deepEqual(all, [`cursor ${round}`, `given ${round}`]);
  }
  assert.equal(await pollers(), count);
});

test('a poll that is held at another node is answered, and given up with its client', async () => {
  const { cursor } = (await ask(nodes.at(0), { room: 'waits' })).body;
  const held = ask(nodes.at(1), { cursor, room: 'waits', wait: 20 });
  await eventually(async () => (await nodes.at(1).metric('sluice_requests_carried_abroad_total')) > 0, 'the poll to be carried');
  await nodes.at(2).publish('hi', { rooms: ['waits'] });
  const { body } = await held;
  assert.deepEqual(body.messages.map((one) => one.data), ['hi']);
});

test('when the node of a cursor is killed its position counts', async (t) => {
  const extra = await Cluster.start(t, {});
  const [first, second, third] = extra.nodes;
  const { cursor } = (await ask(first, {})).body;
  await second.publish('1', { rooms: ['cursor'] });
  const seen = (await ask(second, { cursor, wait: 5 })).body;
  assert.deepEqual(seen.messages.map((one) => one.data), ['1']);
  const roomless = (await get(first, '/poll?room=cursor')).body.cursor;
  const held = ask(second, { cursor: seen.cursor, wait: 20 });
  const heldWithout = get(second, `/poll?cursor=${roomless}&wait=20s`);
  await eventually(async () => (await second.metric('sluice_requests_carried_abroad_total')) >= 3, 'the polls to be carried');
  await first.kill();
  await third.publish('2', { rooms: ['cursor'] });
  // Whoever waited learns that nothing came, as far as that node told.
  const empty = (await held).body;
  assert.deepEqual(empty.messages, []);
  // Which rooms it was in nobody knows any more.
  const unknown = await heldWithout;
  if (unknown.status === 503) Object.assign(unknown, await eventually(async () => {
    const answer = await get(third, `/poll?cursor=${roomless}`);
    return answer.status !== 503 && answer;
  }, 'its node to be given up'));
  assert.equal(unknown.status, 410);
  assert.match(unknown.body, /ask again with its rooms and the cursor's position/);
  const after = (await ask(third, { cursor: empty.cursor, wait: 5 })).body;
  assert.deepEqual([after.messages.map((one) => one.data), after.gap], [['2'], false]);
  const rest = (await ask(second, { cursor: after.cursor })).body;
  assert.deepEqual([rest.messages, rest.gap], [[], false]);
});

test('a poll that is held at a node that drains goes on by its position, wherever it was read', async (t) => {
  const extra = await Cluster.start(t, { count: 2 });
  const [drained, other] = extra.nodes;
  const { cursor } = (await ask(drained, {})).body;
  const idle = (await ask(drained, {})).body.cursor;
  const served = await drained.metric('sluice_cluster_served_total');
  const held = ask(other, { cursor, wait: 20 });
  await drained.untilMetric('sluice_cluster_served_total', {}, (value) => value > served);
  for await (const progress of drained.rpc('Nodes').drain({ over: { seconds: 0 } })) assert.ok(progress);
  const { status, body } = await held;
  assert.deepEqual([status, body.messages, body.gap, body.cursor], [200, [], false, cursor.split('.')[0]]);
  assert.ok(body.retry_ms > 0);
  // So does one that was between two polls.
  const between = await ask(other, { cursor: idle, wait: 5 });
  assert.deepEqual([between.status, between.body.cursor], [200, idle.split('.')[0]]);
  assert.equal((await get(other, `/poll?cursor=${idle}`)).status, 410);
  await other.publish('meanwhile', { rooms: ['cursor'] });
  assert.deepEqual((await ask(other, { cursor: body.cursor, wait: 5 })).body.messages.map((one) => one.data), ['meanwhile']);
});
