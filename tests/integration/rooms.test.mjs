// Who hears what: relay and the other policies, rooms, targets, namespaces.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, startGateway, rejects } from './harness.mjs';

test('relay sends text and binary messages to every member of the room, the sender too', async (t) => {
  const gateway = await startGateway(t);
  const [a, b] = [await gateway.connect(), await gateway.connect()];
  a.send('text');
  await Promise.all([a.has('text'), b.has('text')]);
  b.send(Buffer.from([0, 255, 7]));
  await Promise.all([a.count(2), b.count(2)]);
  assert.deepEqual(a.messages[1], Buffer.from([0, 255, 7]));
  assert.deepEqual(b.messages[1], Buffer.from([0, 255, 7]));
});

test('three clients that each send the time every 1.5 s see the messages of all three', async (t) => {
  const gateway = await startGateway(t);
  const clients = await Promise.all([1, 2, 3].map(() => gateway.connect('', { url: gateway.url('', '') })));
  const sent = new Set();
  const timers = clients.map((client) =>
    setInterval(() => {
      const text = `${Date.now()}-${clients.indexOf(client)}`;
      sent.add(text);
      client.send(text);
    }, 1500),
  );
  t.after(() => timers.forEach(clearInterval));
  for (const client of clients) await client.count(6);
  timers.forEach(clearInterval);
  for (const client of clients) await client.until(() => client.messages.length === sent.size);
  for (const client of clients) {
    assert.deepEqual(new Set(client.messages), sent);
    assert.deepEqual(client.messages, clients[0].messages);
  }
});

test('echo sends a message back to its sender alone', async (t) => {
  const gateway = await startGateway(t, ['--client-messages', 'echo']);
  const [a, b] = [await gateway.connect(), await gateway.connect('?envelope=1')];
  a.send('mine');
  b.send('yours');
  await Promise.all([a.count(1), b.count(2)]);
  assert.deepEqual(a.messages, ['mine']);
  assert.deepEqual(b.parsed[1], { event: 'message', data: 'yours' });
});

test('drop and a backend that is not there drop messages and count them by reason', async (t) => {
  for (const [policy, reason] of [
    ['drop', 'policy'],
    ['backend', 'no_backend'],
  ]) {
    const gateway = await startGateway(t, ['--client-messages', policy]);
    const client = await gateway.connect();
    client.send('one');
    client.send('two');
    await gateway.untilMetric('sluice_drops_total', { reason }, (value) => value === 2);
    await gateway.publish('still here');
    await client.has('still here');
    assert.deepEqual(client.messages, ['still here']);
  }
});

test('a client that names rooms is in those and not in lobby', async (t) => {
  const gateway = await startGateway(t);
  const both = await gateway.connect('?room=a&room=b&room=a');
  const lobby = await gateway.connect();
  await gateway.publish('to lobby');
  await gateway.publish('to a', { rooms: ['a'] });
  await gateway.publish('to b', { rooms: ['b'] });
  await Promise.all([both.count(2), lobby.count(1)]);
  assert.deepEqual(both.messages, ['to a', 'to b']);
  assert.deepEqual(lobby.messages, ['to lobby']);
});

test('a union of rooms reaches a member of several once, and except-rooms win', async (t) => {
  const gateway = await startGateway(t);
  const ab = await gateway.connect('?room=a&room=b');
  const bc = await gateway.connect('?room=b&room=c');
  const c = await gateway.connect('?room=c&envelope=1');
  const receipt = (await gateway.publish('union', { rooms: ['a', 'b', 'c'], exceptRooms: ['a'] })).receipt;
  assert.equal(receipt.count, 'matchedAtMost');
  await gateway.publish('end', { everyone: true });
  await Promise.all([ab, bc, c].map((client) => client.until(() => client.messages.at(-1)?.includes('end'), 'the end')));
  assert.deepEqual(ab.messages, ['end']);
  assert.deepEqual(bc.messages, ['union', 'end']);
  assert.deepEqual(
    c.parsed.slice(1).map(({ data, room }) => [data, room]),
    [
      ['union', 'c'],
      ['end', undefined],
    ],
  );
});

test('single connections can be named and excepted by id', async (t) => {
  const gateway = await startGateway(t);
  const clients = await Promise.all([1, 2, 3].map(() => gateway.connect('?envelope=1')));
  await Promise.all(clients.map((client) => client.count(1)));
  const ids = clients.map((client) => client.parsed[0].id);
  await gateway.publish('one', { connections: [ids[0], ids[0]] });
  await gateway.publish('not one', { rooms: ['lobby'], exceptConnections: [ids[0]] });
  await gateway.publish('end', { everyone: true });
  await Promise.all(clients.map((client) => client.until(() => client.parsed.at(-1).data === 'end')));
  assert.deepEqual(clients[0].parsed.slice(1).map((m) => m.data), ['one', 'end']);
  assert.deepEqual(clients[1].parsed.slice(1).map((m) => m.data), ['not one', 'end']);
});

test('namespaces are worlds of their own', async (t) => {
  const gateway = await startGateway(t, ['--namespace', '/chat']);
  const plain = await gateway.connect();
  const chat = await gateway.connect('?namespace=/chat');
  await gateway.publish('plain', { everyone: true });
  await gateway.publish('chat', { namespace: '/chat', everyone: true });
  chat.send('relayed');
  await Promise.all([plain.has('plain'), chat.has('relayed')]);
  assert.deepEqual(plain.messages, ['plain']);
  assert.deepEqual(chat.messages, ['chat', 'relayed']);
  await rejects(gateway.publish('x', { namespace: '/nowhere', everyone: true }), 'NOT_FOUND');
  const refused = await new Client(gateway.url('?namespace=/nowhere')).whenRefused();
  assert.equal(refused.status, 404);
});

test('no name that a client chooses is an implicit room', async (t) => {
  const gateway = await startGateway(t);
  const curious = await gateway.connect(`?room=${encodeURIComponent('*')}&room=everyone&room=user`);
  await gateway.publish('to a user', { users: ['everyone', '*', ''].filter(Boolean) });
  await gateway.publish('to lobby');
  await gateway.publish('end', { everyone: true });
  await curious.has('end');
  assert.deepEqual(curious.messages, ['end']);
});

test('with granted rooms a client may name lobby alone', async (t) => {
  const gateway = await startGateway(t, ['--client-rooms', 'granted']);
  await gateway.connect('?room=lobby');
  const refused = await new Client(gateway.url('?room=secret')).whenRefused();
  assert.equal(refused.status, 403);
  assert.match(refused.body, /granted/);
});

test('an event other than message reaches bare clients as JSON, and JSON data stays JSON', async (t) => {
  const gateway = await startGateway(t);
  const [bare, enveloped] = [await gateway.connect(), await gateway.connect('?envelope=1')];
  const target = { rooms: ['lobby'] };
  await gateway.rpc().publish({ target, payload: { event: 'news', json: '{"a":[1,2]}' } });
  await gateway.rpc().publish({ target, payload: { json: '[true]' } });
  await gateway.rpc().publish({ target, payload: { event: 'bytes', binary: Buffer.from('hi') } });
  await gateway.rpc().publish({ target, payload: { binary: Buffer.from('hi') } });
  await Promise.all([bare.count(4), enveloped.count(5)]);
  assert.deepEqual(JSON.parse(bare.messages[0]), { event: 'news', data: { a: [1, 2] } });
  assert.equal(bare.messages[1], '[true]');
  assert.deepEqual(JSON.parse(bare.messages[2]), { event: 'bytes', data: 'aGk=', encoding: 'base64' });
  assert.deepEqual(bare.messages[3], Buffer.from('hi'));
  const { position, ...rest } = enveloped.parsed[1];
  assert.deepEqual(rest, { event: 'news', data: { a: [1, 2] }, room: 'lobby' });
  assert.match(position, /^[0-9a-f]{16}-1$/);
  assert.equal(enveloped.parsed[4].encoding, 'base64');
});
