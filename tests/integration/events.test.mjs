// Events to backends: who did what, in order, at least once; and what backends say back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { once } from 'node:events';
import { Backend } from './backend.mjs';
import { eventually, startGateway } from './harness.mjs';

const start = (t, flags = []) => startGateway(t, ['--client-messages', 'backend', ...flags]);

test('a backend is told of a client from its beginning to its end', async (t) => {
  const gateway = await start(t);
  const backend = await new Backend(gateway).attached();
  const { node } = await gateway.rpc('Nodes').getNode({});
  assert.deepEqual(backend.hello, { node: node.name, incarnation: node.incarnation });
  const client = await gateway.connect();
  client.send('one');
  client.send(Buffer.from([1, 2]));
  await backend.until(() => backend.events.length === 3);
  await client.close();
  await backend.event('disconnected');
  const [connected, text, bytes, disconnected] = backend.events;
  assert.deepEqual(backend.events.map((one) => [one.number, one.kind]), [[1, 'connected'], [2, 'message'], [3, 'message'], [4, 'disconnected']]);
  assert.equal(new Set(backend.events.map((one) => one.connection)).size, 1);
  assert.match(connected.connected.remoteAddress, /^127\.0\.0\.1:\d+$/);
  assert.deepEqual([connected.namespace, connected.protocol, connected.connected.recovered], ['/', 'PROTOCOL_WEBSOCKET', false]);
  assert.deepEqual([text.message.payload.event, text.message.payload.text], ['message', 'one']);
  assert.deepEqual([...bytes.message.payload.binary], [1, 2]);
  assert.deepEqual([disconnected.disconnected.reason, disconnected.disconnected.messagesReceived], ['client_closed', 2]);
});

test('a Socket.IO client is told what the backend says, acknowledgements included', async (t) => {
  const gateway = await start(t, ['--namespace', '/custom']);
  const backend = await new Backend(gateway, {
    onEvent: (event, self) => {
      if (event.kind === 'connected') self.publish(event, { event: 'auth', json: event.connected.auth || '{}' });
      if (event.kind !== 'message') return;
      const { payload } = event.message;
      const args = payload.data === 'arguments' ? JSON.parse(payload.arguments) : [payload[payload.data]];
      if (event.message._ackId) self.reply(event, args, payload.attachments);
      else self.publish(event, { ...payload, event: 'back' });
    },
  }).attached();
  for (const [name, transports] of [['', ['websocket']], ['/custom', ['polling']]]) {
    const socket = io(`http://${gateway.clients}${name}`, { transports, forceNew: true, auth: { token: 'abc' } });
    t.after(() => socket.close());
    assert.deepEqual((await once(socket, 'auth'))[0], { token: 'abc' });
    assert.deepEqual(await socket.emitWithAck('ask', 1, 'two', { three: Buffer.from([3]) }), 1);
    assert.equal(await socket.emitWithAck('ask', 'text'), 'text');
    socket.emit('say', 'a', Buffer.from([1]));
    const [text, bytes] = await once(socket, 'back');
    assert.deepEqual([text, Buffer.from(bytes)], ['a', Buffer.from([1])]);
    const { session } = await backend.event('connected', (one) => one.namespace === (name || '/'));
    assert.equal(session, socket.id);
    socket.close();
    await backend.event('disconnected', (one) => one.session === session);
  }
});

test('a socket that comes back is told as one that was recovered', async (t) => {
  const gateway = await start(t);
  const backend = await new Backend(gateway).attached();
  const socket = io(`http://${gateway.clients}`, { transports: ['websocket'], forceNew: true, reconnectionDelay: 10 });
  t.after(() => socket.close());
  await once(socket, 'connect');
  socket.io.engine.close();
  await once(socket, 'connect');
  await backend.until(() => backend.events.length >= 3);
  assert.deepEqual(backend.events.map((one) => [one.kind, one.session === socket.id, one.connected?.recovered]), [['connected', true, false], ['disconnected', true, undefined], ['connected', true, true]]);
  assert.notEqual(backend.events[0].connection, backend.events[2].connection);
});

test('what happened before a backend came is told, messages only if they are held', async (t) => {
  for (const hold of [false, true]) {
    const gateway = await start(t, hold ? ['--no-backend-messages', 'hold'] : []);
    const client = await gateway.connect();
    client.send('early');
    if (!hold) await gateway.untilMetric('sluice_drops_total', { reason: 'no_backend' }, (value) => value === 1);
    await client.close();
    await gateway.untilMetric('sluice_connections', { protocol: 'websocket' }, (value) => value === 0);
    const backend = await new Backend(gateway).attached();
    await backend.event('disconnected');
    assert.deepEqual(backend.events.map((one) => one.kind), hold ? ['connected', 'message', 'disconnected'] : ['connected', 'disconnected']);
  }
});

test('replicas share connections, and each keeps its own', async (t) => {
  const gateway = await start(t);
  const backends = await Promise.all([new Backend(gateway).attached(), new Backend(gateway).attached()]);
  const other = await new Backend(gateway, { group: 'other' }).attached();
  const clients = await Promise.all(Array.from({ length: 20 }, () => gateway.connect()));
  for (let round = 0; round < 5; ++round) for (const client of clients) client.send(String(round));
  await other.until(() => other.events.length === 120);
  await eventually(() => backends[0].events.length + backends[1].events.length === 120, 'all events');
  const owners = backends.map((backend) => new Set(backend.events.map((one) => one.connection)));
  assert.ok(owners[0].size > 0 && owners[1].size > 0);
  assert.equal([...owners[0]].filter((one) => owners[1].has(one)).length, 0);
  for (const backend of [...backends, other]) {
    for (const connection of new Set(backend.events.map((one) => one.connection))) {
      const own = backend.events.filter((one) => one.connection === connection);
      assert.deepEqual(own.map((one) => one.message?.payload.text), [undefined, '0', '1', '2', '3', '4']);
    }
  }
});

test('what a replica has not acknowledged is told to another, with the same numbers', async (t) => {
  const gateway = await start(t);
  const first = await new Backend(gateway, { acknowledges: false }).attached();
  const client = await gateway.connect();
  for (const text of ['a', 'b', 'c']) client.send(text);
  await first.until(() => first.events.length === 4);
  first.acknowledge(first.cursor - (4 - 2) + 0);
  first.command({ id: 7, publish: { target: { rooms: ['nobody'] }, payload: { text: '' } } });
  await first.until(() => first.results.length === 1, 'a result, behind which the acknowledgement is');
  first.close();
  const second = await new Backend(gateway).attached();
  client.send('d');
  await second.until(() => second.events.some((one) => one.message?.payload.text === 'd'));
  assert.deepEqual(second.events.map((one) => [one.number, one.message.payload.text]), [[3, 'b'], [4, 'c'], [5, 'd']]);
});

test('without credits nothing is told; a backend that is behind holds up its own clients alone', async (t) => {
  const gateway = await start(t, ['--backend-buffer-bytes-max', '65536']);
  const slow = await new Backend(gateway, { credits: 1, acknowledges: false }).attached();
  const client = await gateway.connect();
  await slow.event('connected');
  for (let count = 0; count < 200; ++count) client.send('x'.repeat(1000));
  await gateway.untilMetric('sluice_reads_paused', {}, (value) => value === 1);
  assert.equal(slow.events.length, 1);
  slow.credit(1_000_000);
  let seen = 1;
  while (seen < 201) {
    await slow.until(() => slow.events.length > seen);
    seen = slow.events.length;
    slow.acknowledge(slow.cursor);
  }
  assert.equal(await gateway.metric('sluice_backend_events_lost_total'), 0);
});

test('commands do what calls do, and say what went wrong', async (t) => {
  const gateway = await start(t);
  const backend = await new Backend(gateway).attached();
  const client = await gateway.connect();
  const { connection } = await backend.event('connected');
  const target = { connections: [connection] };
  backend.command({ id: 1, joinRooms: { target, rooms: ['a'] } });
  backend.command({ id: 2, publish: { target: { rooms: ['a'] }, payload: { text: 'hi' } } });
  backend.command({ id: 3, leaveRooms: { target, rooms: ['a'] } });
  backend.command({ publish: { target: {}, payload: { text: 'to nobody' } } });
  backend.command({ id: 4, reply: { connection, ackId: 1, arguments: '{}' } });
  backend.command({ id: 5, disconnect: { target, closeCode: 4000 } });
  await backend.until(() => backend.results.length === 6, 'all results');
  const of = (id) => backend.results.find((one) => one.id === id);
  assert.equal(of(1).joined.changed, 1);
  assert.ok(of(2).published.receipt.position);
  assert.equal(of(3).left.changed, 1);
  assert.equal(of(0).error.detail.reason, 'bad_request');
  assert.equal(of(4).error.detail.field, 'reply.arguments');
  assert.equal(of(5).disconnected.matched, 1);
  assert.deepEqual((await client.whenClosed()).code, 4000);
});

for (const [what, requests, field] of [
  ['does not subscribe first', [{ credit: { events: 1 } }], 'subscribe'],
  ['subscribes twice', [{ subscribe: {} }, { subscribe: {} }], 'subscribe'],
  ['acknowledges the future', [{ subscribe: {} }, { acknowledge: { cursor: 9 } }], 'acknowledge.cursor'],
  ['gives no credits', [{ subscribe: {} }, { credit: { events: 0 } }], 'credit.events'],
  ['says nothing', [{ subscribe: {} }, {}], 'request'],
  ['has an odd group', [{ subscribe: { group: 'a\n' } }], 'subscribe.group'],
]) {
  test(`a stream that ${what} is ended, naming the field`, async (t) => {
    const gateway = await start(t);
    const stream = gateway.rpc('Backends').subscribeEvents();
    stream.on('error', () => {});
    stream.resume();
    const ended = new Promise((resolve) => stream.on('status', resolve));
    for (const request of requests) stream.write(request);
    const status = await ended;
    assert.equal(status.code, 3);
    assert.match(status.details, new RegExp(field.replace('.', '\\.')));
  });
}

test('a gateway that goes away tells all ends first, and then says so', async (t) => {
  const gateway = await start(t);
  const backend = await new Backend(gateway).attached();
  const client = await gateway.connect();
  await backend.event('connected');
  gateway.signal();
  await client.whenClosed();
  await backend.until(() => backend.ended, 'the end of the stream');
  assert.equal(backend.ended.code, 14);
  assert.deepEqual(backend.events.map((one) => one.kind), ['connected', 'disconnected']);
});
