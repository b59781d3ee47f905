// Order, positions, history, resuming.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, startGateway } from './harness.mjs';
import { freePort } from './ports.mjs';

const data = (client) => client.parsed.filter((one) => 'data' in one).map((one) => one.data);

test('an enveloped client is told its id and position first, then rooms and positions that count up', async (t) => {
  const gateway = await startGateway(t);
  await gateway.publish('before');
  const client = await gateway.connect('?envelope=1');
  await gateway.publish('one');
  await gateway.publish('two');
  await client.count(3);
  const [open, one, two] = client.parsed;
  assert.equal(open.notice, 'open');
  assert.match(open.id, /^[0-9a-f]{8}-[0-9a-f]+-[0-9a-f]+-[0-9a-f]+$/);
  const [epoch, offset] = open.position.split('-');
  assert.equal(offset, '1');
  assert.deepEqual([one.position, two.position], [`${epoch}-2`, `${epoch}-3`]);
  const { connection } = await gateway.rpc().getConnection({ id: open.id });
  assert.equal(connection.id, open.id);
});

test('resuming gives exactly what was missed, then what is new', async (t) => {
  const gateway = await startGateway(t);
  const first = await gateway.connect('?envelope=1&room=a&room=b');
  await gateway.publish('1', { rooms: ['a'] });
  await first.count(2);
  const { position } = first.parsed[1];
  await first.close();
  await gateway.publish('2', { rooms: ['b'] });
  await gateway.publish('elsewhere', { rooms: ['c'] });
  await gateway.publish('3', { rooms: ['a', 'b'] });
  await gateway.publish('4', { everyone: true });
  await gateway.publish('not for a', { rooms: ['b'], exceptRooms: ['a'] });
  const again = await gateway.connect(`?room=a&room=b&since=${position}`);
  await gateway.publish('5', { rooms: ['a'] });
  await again.until(() => data(again).at(-1) === '5');
  assert.deepEqual(data(again), ['2', '3', '4', '5']);
  assert.equal(again.parsed[0].position, position);
  assert.equal(again.parsed.filter((one) => one.notice === 'gap').length, 0);
});

test('a volatile message has no position of its own and is not kept', async (t) => {
  const gateway = await startGateway(t);
  const client = await gateway.connect('?envelope=1');
  await gateway.publish('stored');
  await gateway.publish('volatile', undefined, { volatile: true });
  await client.count(3);
  assert.equal(client.parsed[2].position, client.parsed[1].position);
  const again = await gateway.connect(`?since=${client.parsed[0].position}`);
  await gateway.publish('end');
  await again.until(() => data(again).at(-1) === 'end');
  assert.deepEqual(data(again), ['stored', 'end']);
});

for (const [what, since, reason] of [
  ['another epoch', () => '0123456789abcdef-1', 'other_epoch'],
  ['the future', (position) => position.replace(/-\d+$/, '-999999'), 'future'],
]) {
  test(`a position of ${what} is a gap, and the client goes on from now`, async (t) => {
    const gateway = await startGateway(t);
    await gateway.publish('old');
    const probe = await gateway.connect('?envelope=1');
    await probe.count(1);
    const client = await gateway.connect(`?since=${since(probe.parsed[0].position)}`);
    await gateway.publish('new');
    await client.until(() => data(client).length === 1);
    assert.deepEqual(
      client.parsed.map((one) => one.notice ?? one.data),
      ['open', 'gap', 'new'],
    );
    assert.equal(client.parsed[1].reason, reason);
    assert.equal(client.parsed[0].position, probe.parsed[0].position);
  });
}

test('only a client whose own room has lost messages is told of a gap', async (t) => {
  const gateway = await startGateway(t, ['--history-messages', '10']);
  const probe = await gateway.connect('?envelope=1');
  await probe.count(1);
  const { position } = probe.parsed[0];
  await gateway.publish('quiet', { rooms: ['quiet'] });
  for (let at = 0; at < 11; ++at) await gateway.publish(`loud ${at}`, { rooms: ['loud'] });
  const quiet = await gateway.connect(`?room=quiet&since=${position}`);
  const loud = await gateway.connect(`?room=loud&since=${position}`);
  await gateway.publish('end', { everyone: true });
  for (const client of [quiet, loud]) await client.until(() => data(client).at(-1) === 'end');
  assert.deepEqual(data(quiet), ['quiet', 'end']);
  assert.equal(quiet.parsed[1].notice, undefined);
  assert.deepEqual([loud.parsed[1].notice, loud.parsed[1].reason], ['gap', 'evicted']);
  assert.equal(data(loud)[0], 'loud 1');
});

test('history is bounded by its bytes and by its age', async (t) => {
  const gateway = await startGateway(t, ['--history-bytes-max', '64KiB', '--history-seconds', '5']);
  for (let at = 0; at < 100; ++at) await gateway.publish('x'.repeat(2000), { rooms: ['big'] });
  const node = await gateway.rpc('Nodes').getNode({});
  assert.ok(node.node.historyBytes <= 65536, String(node.node.historyBytes));
  assert.ok(node.node.historyBytes > 40000, String(node.node.historyBytes));
  await gateway.untilMetric('sluice_history_messages', {}, (value) => value === 0);
});

test('clients that join with a position while others publish lose and double nothing', async (t) => {
  const gateway = await startGateway(t, ['--history-messages', '100000']);
  const probe = await gateway.connect('?envelope=1');
  await probe.count(1);
  const { position } = probe.parsed[0];
  let sent = 0;
  let isDone = false;
  const publishing = (async () => {
    while (!isDone) await gateway.publish(String(sent++));
    await gateway.publish('end');
  })();
  const clients = [];
  for (let at = 0; at < 60; ++at) clients.push(await gateway.connect(`?since=${position}`));
  isDone = true;
  await publishing;
  for (const client of clients) {
    await client.until(() => data(client).at(-1) === 'end');
    assert.deepEqual(
      data(client),
      [...Array(sent).keys()].map(String).concat('end'),
    );
  }
});

test('a position that is none is refused', async (t) => {
  const gateway = await startGateway(t);
  for (const bad of ['', '1', 'xyz-1', '0123456789abcdef', '0123456789abcdef-', '0123456789ABCDEF-1']) {
    const refused = await new Client(gateway.url(`?since=${bad}`)).whenRefused();
    assert.equal(refused.status, 400, bad);
    assert.match(refused.body, /position/);
  }
});

test('a client that missed nothing is told of no gap, even without any history', async (t) => {
  const gateway = await startGateway(t, ['--history-messages', '0']);
  const first = await gateway.connect('?envelope=1');
  await gateway.publish('one');
  await first.count(2);
  const { position } = first.parsed[1];
  const same = await gateway.connect(`?since=${position}`);
  await gateway.publish('two');
  await same.until(() => data(same).length === 1, 'the next message');
  assert.deepEqual(same.parsed.map((one) => one.notice ?? one.data), ['open', 'two']);
  const late = await gateway.connect(`?since=${position}`);
  await gateway.publish('three');
  await late.until(() => data(late).length === 1, 'the next message');
  assert.deepEqual(late.parsed.map((one) => one.notice ?? one.data), ['open', 'gap', 'three']);
});

test('a restart begins a new epoch, and clients that come back are told', async (t) => {
  const first = await startGateway(t, ['--listen', `127.0.0.1:${await freePort()}`]);
  const before = await first.connect('?envelope=1');
  await first.publish('one');
  await before.count(2);
  const { position } = before.parsed[1];
  await first.stop();
  const second = await startGateway(t, ['--listen', first.clients]);
  const after = await second.connect(`?since=${position}`);
  await after.count(2);
  assert.deepEqual([after.parsed[1].notice, after.parsed[1].reason], ['gap', 'other_epoch']);
  assert.notEqual(after.parsed[0].position.slice(0, 16), position.slice(0, 16));
});

test('rooms that were joined by a call are heard at once, and their past is not', async (t) => {
  const gateway = await startGateway(t);
  const client = await gateway.connect('?envelope=1&room=home');
  await gateway.publish('past', { rooms: ['other'] });
  await gateway.rpc().joinRooms({ target: { rooms: ['home'] }, rooms: ['other'] });
  await gateway.publish('present', { rooms: ['other'] });
  await client.count(2);
  assert.deepEqual(data(client), ['present']);
  assert.equal(client.parsed[1].room, 'other');
});

test('clients that join and leave by calls while others publish see each stay whole', async (t) => {
  const gateway = await startGateway(t, ['--workers', '4']);
  const clients = await Promise.all(Array.from({ length: 20 }, () => gateway.connect('?envelope=1&room=home')));
  const target = { rooms: ['home'] };
  let isDone = false;
  let sent = 0;
  const publishing = (async () => {
    while (!isDone) await gateway.publish(String(sent++), { rooms: ['other'] });
  })();
  const stays = [];
  for (let round = 0; round < 20; ++round) {
    await gateway.rpc().joinRooms({ target, rooms: ['other'] });
    const from = Number((await gateway.publish('in', { rooms: ['other'] })).receipt.position.split('-')[1]);
    const to = Number((await gateway.publish('out', { rooms: ['other'] })).receipt.position.split('-')[1]);
    await gateway.rpc().leaveRooms({ target, rooms: ['other'] });
    const after = Number((await gateway.publish('gone', { rooms: ['other'] })).receipt.position.split('-')[1]);
    stays.push({ from, to, after });
  }
  isDone = true;
  await publishing;
  await gateway.publish('end', target);
  for (const client of clients) {
    await client.until(() => data(client).at(-1) === 'end', 'the end');
    const offsets = client.parsed.slice(1, -1).map((one) => Number(one.position.split('-')[1]));
    assert.deepEqual(offsets, [...new Set(offsets)].sort((a, b) => a - b), 'in order, nothing twice');
    const seen = new Set(offsets);
    for (const { from, to, after } of stays) {
      for (let offset = from; offset <= to; ++offset) assert.ok(seen.has(offset), `missed ${offset} between join and leave`);
      assert.ok(!seen.has(after), `saw ${after} after having left`);
    }
  }
});
