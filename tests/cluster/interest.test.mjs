// A node hears of rooms in which it has members, and of no others.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { eventually } from '../integration/harness.mjs';
import { Cluster } from './cluster.mjs';

let cluster;
let nodes;
before(async () => {
  cluster = await Cluster.start(null, { flags: ['--history-messages', '100000'] });
  ({ nodes } = cluster);
});
after(() => cluster.stop());

const kilobytes = 1024;
// Connections of nodes to NATS are named after them.
const received = async (index) => (await cluster.nats.bytesTo()).get(`sluice node${index}`);

// Whether a node hears of a room, by the subjects that it has subscribed to.
async function hears(index, room) {
  const { connections } = await cluster.nats.servers[0].monitor('/connz?subs=1&limit=10000');
  const { subscriptions_list: subjects = [] } = connections.find((one) => one.name === `sluice node${index}`);
  return subjects.some((subject) => subject.endsWith(`.r.${room}`));
}

// What each node receives while so much is said in a room, at node 0.
async function receivedWhile(room, { count = 100, bytes = 10 * kilobytes, node = nodes.at(0) } = {}) {
  const before = await Promise.all([0, 1, 2].map(received));
  const text = 'x'.repeat(bytes);
  for (let number = 0; number < count; ++number) await node.publish(text, { rooms: [room] });
  const now = await Promise.all([0, 1, 2].map(received));
  return now.map((bytesNow, at) => bytesNow - before[at]);
}

test('a node without members of a room receives none of its bytes', async (t) => {
  const member = await nodes.at(2).connect('?room=big');
  t.after(() => member.terminate());
  const [publisher, idle, hearing] = await receivedWhile('big');
  await member.count(100);
  assert.ok(hearing >= 1000 * kilobytes, `${hearing}`);
  // Who publishes is told of each message that it is stored.
  assert.ok(publisher < 100 * kilobytes, `${publisher}`);
  assert.ok(idle < 10 * kilobytes, `${idle}`);
});

test('interest follows members that come, go and resume', async (t) => {
  const first = await nodes.at(2).connect('?room=moving');
  const second = await nodes.at(2).connect('?envelope=1&room=elsewhere');
  t.after(() => [first, second].forEach((client) => client.terminate()));
  await second.count(1);
  await nodes.at(2).rpc().joinRooms({ target: { connections: [second.parsed[0].id] }, rooms: ['moving'] });
  await first.close();
  let [, , hearing] = await receivedWhile('moving');
  assert.ok(hearing >= 1000 * kilobytes, `the last member is still there: ${hearing}`);
  await second.count(101);
  await nodes.at(2).rpc().leaveRooms({ target: { connections: [second.parsed[0].id] }, rooms: ['moving'] });
  // In case that somebody comes right back, it goes on for a while.
  await eventually(async () => !(await hears(2, 'moving')), 'the end of the interest');
  [, , hearing] = await receivedWhile('moving');
  assert.ok(hearing < 10 * kilobytes, `nobody is there: ${hearing}`);
  // What was not received is there all the same for who comes with a position.
  const back = await nodes.at(2).connect(`?room=moving&since=${second.parsed.at(-1).position}`);
  t.after(() => back.terminate());
  await back.count(101);
  assert.equal(back.parsed.filter((one) => one.notice === 'gap').length, 0);
});

test('who joins hears everything from then on, however soon it is said', async (t) => {
  for (let round = 0; round < 50; ++round) {
    const client = await nodes.at(round).connect(`?envelope=1&room=soon${round}`);
    t.after(() => client.terminate());
    await client.count(1);
    await nodes.at(round + 1).publish('first', { rooms: [`soon${round}`] });
    await nodes.at(round + 2).publish('second', { rooms: [`soon${round}`] });
    await client.count(3);
    assert.deepEqual(client.parsed.slice(1).map((one) => one.data), ['first', 'second']);
  }
});

test('clients that join with a position at any node while others publish lose and double nothing', async (t) => {
  const probe = await nodes.at(0).connect('?envelope=1&room=race');
  t.after(() => probe.terminate());
  await probe.count(1);
  let sent = 0;
  let isDone = false;
  const publishing = (async () => {
    while (!isDone) await nodes.at(sent).publish(String(sent++), { rooms: ['race'] });
    await nodes.at(0).publish('end', { rooms: ['race'] });
  })();
  const clients = [];
  for (let count = 0; count < 30; ++count) clients.push(await nodes.at(count).connect(`?room=race&since=${probe.parsed[0].position}`));
  t.after(() => clients.forEach((client) => client.terminate()));
  isDone = true;
  await publishing;
  const data = (client) => client.parsed.filter((one) => 'event' in one).map((one) => one.data);
  for (const client of clients) {
    await client.until(() => data(client).at(-1) === 'end', 'the end');
    assert.deepEqual(data(client), [...Array.from({ length: sent }, (_, number) => String(number)), 'end']);
  }
});
