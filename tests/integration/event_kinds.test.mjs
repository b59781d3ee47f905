// What a group of backends asks to be told: kinds of events, namespaces, rooms, names; and what becomes of messages while
// nobody is there to be told.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { Backend } from './backend.mjs';
import { eventually, rpcClient, splitAddress, startGateway } from './harness.mjs';

const start = (t, flags = []) => startGateway(t, ['--client-messages', 'backend', ...flags]);
const kinds = (...names) => ({ kinds: names.map((name) => `EVENT_KIND_${name}`) });

test('joins, leaves, and rooms that come and go are told to those who ask', async (t) => {
  const gateway = await start(t, ['--client-rooms', 'open']);
  const backend = await new Backend(gateway, { filter: kinds('CONNECTIONS', 'MEMBERSHIPS', 'ROOMS') }).attached();
  const usual = await new Backend(gateway, { group: 'usual' }).attached();
  const client = await gateway.connect('?room=a&room=b');
  const { connection, connected } = await backend.event('connected');
  assert.deepEqual(connected.rooms.sort(), ['a', 'b']);
  const target = { connections: [connection] };
  backend.command({ joinRooms: { target, rooms: ['b', 'c', 'd'] } });
  const { joined } = await backend.event('joined');
  assert.deepEqual(joined.rooms, ['c', 'd']);
  backend.command({ leaveRooms: { target, rooms: ['d', 'a', 'nowhere'] } });
  const { left } = await backend.event('left');
  assert.deepEqual(left.rooms, ['d', 'a']);
  await client.close();
  await backend.event('roomVacated', (one) => one.roomVacated.room === 'c');
  const rooms = (kind) => backend.events.filter((one) => one.kind === kind).map((one) => one[kind].room);
  assert.deepEqual(rooms('roomOccupied').sort(), ['a', 'b', 'c', 'd']);
  assert.deepEqual(rooms('roomVacated').sort(), ['a', 'b', 'c', 'd']);
  const occupied = backend.events.find((one) => one.kind === 'roomOccupied');
  assert.deepEqual([occupied.namespace, occupied.connection], ['/', '']);
  await usual.event('disconnected');
  assert.deepEqual(usual.events.map((one) => one.kind), ['connected', 'disconnected']);
});

test('namespaces, names of events and rooms are filtered by patterns', async (t) => {
  const gateway = await start(t, ['--namespace', '/shop', '--namespace', '/chat']);
  const backend = await new Backend(gateway, { filter: { ...kinds('MESSAGES'), namespaces: ['/sh*'], events: ['order*', 'pay'] } }).attached();
  for (const name of ['/chat', '/shop']) {
    const socket = io(`http://${gateway.clients}${name}`, { transports: ['websocket'], forceNew: true });
    t.after(() => socket.close());
    await once(socket, 'connect');
    for (const event of ['order', 'order:new', 'reorder', 'pay', 'payed']) socket.emit(event, name);
  }
  await backend.until(() => backend.events.length >= 3);
  assert.deepEqual(backend.events.map((one) => [one.namespace, one.message.payload.event]), [['/shop', 'order'], ['/shop', 'order:new'], ['/shop', 'pay']]);
  const rooms = await new Backend(gateway, { group: 'rooms', filter: { ...kinds('ROOMS'), rooms: ['vip-*'] } }).attached();
  const target = { namespace: '/shop', everyone: true };
  rooms.command({ joinRooms: { target, rooms: ['vip-1', 'plain', 'vip-2'] } });
  await rooms.event('roomOccupied', (one) => one.roomOccupied.room === 'vip-2');
  assert.deepEqual(rooms.events.map((one) => one.roomOccupied.room), ['vip-1', 'vip-2']);
});

test('the answers to what a backend asks are events', async (t) => {
  const gateway = await start(t);
  const backend = await new Backend(gateway, { filter: kinds('CONNECTIONS', 'ACKNOWLEDGEMENTS') }).attached();
  const socket = io(`http://${gateway.clients}`, { transports: ['websocket'], forceNew: true });
  t.after(() => socket.close());
  socket.on('question', (value, answer) => answer(value * 2, Buffer.from([7])));
  const { connection, session } = await backend.event('connected');
  backend.command({ id: 1, ask: { number: 42, target: { everyone: true }, payload: { event: 'question', json: '21' } } });
  const told = await backend.event('acknowledged');
  assert.deepEqual([told.connection, told.session, told.acknowledged.ask], [connection, session, 42]);
  const args = JSON.parse(told.acknowledged.arguments);
  assert.equal(args[0], 42);
  assert.deepEqual([...told.acknowledged.attachments[args[1].num]], [7]);
  await backend.until(() => backend.results.length === 1, 'the result');
  assert.equal(backend.results[0].asked.connections, 1);
  backend.command({ id: 2, ask: { target: { everyone: true }, payload: { text: 'x' } } });
  backend.command({ id: 3, ask: { number: 1, target: {}, payload: { text: 'x' } } });
  await backend.until(() => backend.results.length === 3, 'refusals');
  assert.deepEqual(backend.results.slice(1).map((one) => one.error.detail.field), ['ask.number', 'ask.target']);
});

test('what a slow client lost is told, and that the node drains', async (t) => {
  const gateway = await start(t, ['--slow-policy', 'drop-oldest', '--outbox-messages-max', '10', '--socket-send-bytes-max', '4096']);
  const backend = await new Backend(gateway, { filter: kinds('CONNECTIONS', 'DROPS', 'DRAINING') }).attached();
  const client = await gateway.connect();
  const { connection } = await backend.event('connected');
  client.socket._socket.pause();
  let sent = 0;
  while (!backend.events.some((one) => one.kind === 'dropped')) {
    for (let count = 0; count < 50; ++count, ++sent) await gateway.publish('x'.repeat(20000));
  }
  const { connection: slow, dropped } = await backend.event('dropped');
  assert.equal(slow, connection);
  assert.equal(dropped.reason, 'outbox_full_oldest');
  assert.ok(dropped.messages > 0 && dropped.messages <= sent);
  client.socket._socket.resume();
  gateway.signal();
  await backend.event('draining');
  await backend.event('disconnected');
});

test('a group has one filter', async (t) => {
  const gateway = await start(t);
  await new Backend(gateway, { filter: kinds('MESSAGES') }).attached();
  const other = await new Backend(gateway, { filter: { ...kinds('MESSAGES'), events: ['x'] } }).attached();
  assert.equal(other.ended.code, 6);
  assert.match(other.ended.details, /another filter needs another group/);
  for (const [filter, field] of [[{ kinds: [99] }, 'subscribe.kinds'], [{ rooms: [''] }, 'subscribe.rooms'], [{ events: Array(101).fill('a') }, 'subscribe.events']]) {
    const odd = await new Backend(gateway, { group: 'odd', filter }).attached();
    assert.equal(odd.ended.code, 3);
    assert.match(odd.ended.details, new RegExp(field.replace('.', '\\.')));
  }
});

test('with no-backend-messages refuse the sender learns that nobody is there', async (t) => {
  const gateway = await start(t, ['--no-backend-messages', 'refuse']);
  const client = await gateway.connect();
  client.send('hello?');
  assert.equal((await client.whenClosed()).code, 1013);
  const socket = io(`http://${gateway.clients}`, { transports: ['websocket'], forceNew: true });
  t.after(() => socket.close());
  await once(socket, 'connect');
  const gone = once(socket, 'disconnect');
  socket.emit('hello?');
  assert.equal((await gone)[0], 'io server disconnect');
  assert.equal(await gateway.metric('sluice_drops_total', { reason: 'no_backend' }), 2);
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'no_backend' }, (value) => value === 1);
  const backend = await new Backend(gateway).attached();
  const heard = await gateway.connect();
  heard.send('hello!');
  await backend.event('message');
});

test('how far behind a group is can be measured', async (t) => {
  const gateway = await start(t);
  const backend = await new Backend(gateway, { group: 'slow', credits: 2, acknowledges: false }).attached();
  const client = await gateway.connect();
  for (const text of ['a', 'b', 'c']) client.send(text);
  await gateway.untilMetric('sluice_backend_lag_events', { group: 'slow' }, (value) => value === 4);
  await backend.until(() => backend.events.length === 2);
  const metric = (name) => gateway.metric(`sluice_backend_${name}`, { group: 'slow' });
  assert.deepEqual([await metric('replicas'), await metric('unacknowledged_events'), await metric('credits')], [1, 2, 0]);
  assert.ok((await metric('buffer_age_seconds')) > 0);
  backend.acknowledge(backend.cursor);
  await gateway.untilMetric('sluice_backend_lag_events', { group: 'slow' }, (value) => value === 2);
});

test('a backend that gives no credits and acknowledges nothing is let go before memory is', async (t) => {
  const gateway = await start(t, ['--backend-buffer-bytes-max', '65536']);
  const stuck = await new Backend(gateway, { credits: 1, acknowledges: false }).attached();
  for (let count = 0; !stuck.ended; ++count) {
    const client = await gateway.connect();
    await client.close();
    assert.ok(count < 2000, 'it was never let go');
  }
  assert.equal(stuck.ended.code, 8);
  assert.match(stuck.ended.details, /too far behind/);
  const next = await new Backend(gateway).attached();
  await next.until(() => next.lost > 0 && next.events.length > 0);
});

test('a backend that floods commands and reads nothing is held back, and costs nobody else anything', async (t) => {
  const gateway = await start(t);
  const flood = await new Backend(gateway, { group: 'flood' }).attached();
  const calm = await new Backend(gateway, { group: 'calm', onEvent: (event, self) => event.kind === 'message' && self.publish(event, { text: 'heard' }) }).attached();
  flood.stream.pause();
  const commands = 20_000;
  for (let id = 1; id <= commands; ++id) flood.command({ id, publish: { target: { rooms: ['nobody'] }, payload: { text: 'x'.repeat(100) } } });
  const client = await gateway.connect();
  client.send('still there?');
  await client.has('heard');
  const done = await gateway.metric('sluice_published_messages_total', { outcome: 'accepted' });
  assert.ok(done < commands, `${done} were done at once`);
  flood.stream.resume();
  await flood.until(() => flood.results.length === commands, 'all results');
  assert.deepEqual(flood.results.map((one) => one.id), Array.from({ length: commands }, (_, n) => n + 1));
  calm.close();
});

test('a backend that reads nothing more is let go, too', async (t) => {
  const gateway = await start(t, ['--backend-buffer-bytes-max', '65536']);
  const deaf = await new Backend(gateway, { credits: 1_000_000, acknowledges: false }).attached();
  deaf.stream.pause();
  for (let count = 0; (await gateway.metric('sluice_backends')) === 1; ++count) {
    await Promise.all(Array.from({ length: 20 }, async () => (await gateway.connect(`?filler=${'x'.repeat(4000)}`)).close()));
    assert.ok(count < 500, 'it was never let go');
  }
  const next = await new Backend(gateway).attached();
  await next.until(() => next.lost > 0 && next.events.length > 0);
});

test('drops are told of a namespace that is still there', async (t) => {
  const gateway = await start(t, ['--namespace', '/b', '--slow-policy', 'drop-oldest', '--outbox-messages-max', '10', '--socket-send-bytes-max', '4096']);
  const backend = await new Backend(gateway, { filter: kinds('CONNECTIONS', 'DROPS') }).attached();
  const first = io(`http://${gateway.clients}/`, { transports: ['websocket'], forceNew: true });
  const second = first.io.socket('/b');
  second.connect();
  t.after(() => first.io._close());
  const main = await backend.event('connected', (one) => one.namespace === '/');
  const other = await backend.event('connected', (one) => one.namespace === '/b');
  await gateway.rpc().disconnect({ target: { connections: [main.connection] } });
  await backend.event('disconnected', (one) => one.connection === main.connection);
  first.io.engine.transport.ws._socket.pause();
  while (!backend.events.some((one) => one.kind === 'dropped')) {
    for (let count = 0; count < 50; ++count) await gateway.publish('x'.repeat(20000), { namespace: '/b', everyone: true });
  }
  assert.equal((await backend.event('dropped')).connection, other.connection);
});

test('an ask is waited for as long as it says', async (t) => {
  const gateway = await start(t);
  const backend = await new Backend(gateway, { filter: kinds('CONNECTIONS', 'ACKNOWLEDGEMENTS', 'MESSAGES') }).attached();
  const socket = io(`http://${gateway.clients}`, { transports: ['websocket'], forceNew: true });
  t.after(() => socket.close());
  socket.on('question', (answer) => setTimeout(() => (answer('late'), socket.emit('behind it')), 2000));
  await backend.event('connected');
  backend.command({ ask: { number: 1, target: { everyone: true }, payload: { event: 'question', arguments: '[]' }, timeout: { seconds: 0, nanos: 50_000_000 } } });
  await backend.event('message');
  assert.equal(backend.events.some((one) => one.kind === 'acknowledged'), false);
});

for (const transport of ['websocket', 'polling']) {
  test(`a Socket.IO client on ${transport} stays while its backend is slow`, async (t) => {
    const gateway = await start(t, ['--backend-buffer-bytes-max', '65536', '--engine-ping-interval-ms', '1500', '--engine-ping-timeout-ms', '1500']);
    const slow = await new Backend(gateway, { credits: 2, acknowledges: false }).attached();
    const socket = io(`http://${gateway.clients}`, { transports: [transport], forceNew: true, reconnection: false });
    t.after(() => socket.close());
    await once(socket, 'connect');
    let ended = null;
    socket.on('disconnect', (reason) => (ended = reason));
    for (let n = 0; n < 60; ++n) socket.emit('n', n, 'x'.repeat(3000));
    await gateway.untilMetric('sluice_reads_paused', {}, (value) => value >= 1);
    // For longer than interval and timeout together.
    await new Promise((resolve) => setTimeout(resolve, 5000));
    assert.equal(ended, null);
    slow.credit(1_000_000);
    for (let seen = 2; seen < 61; seen = slow.events.length) {
      const before = seen;
      await slow.until(() => slow.events.length > before);
      slow.acknowledge(slow.cursor);
    }
    assert.equal(ended, null);
  });
}

test('a message that is larger than the buffer reaches its backend', async (t) => {
  const gateway = await start(t, ['--backend-buffer-bytes-max', '65536']);
  const backend = await new Backend(gateway).attached();
  const client = await gateway.connect();
  client.send('x'.repeat(900_000));
  client.send('small');
  await backend.until(() => backend.events.filter((one) => one.kind === 'message').length === 2);
  assert.equal(backend.ended, null);
});

test('a replica that vanishes without a word is noticed, and its events go to another', async (t) => {
  const gateway = await start(t, ['--grpc-keepalive-seconds', '3']);
  const [host, port] = splitAddress(gateway.address('grpc'));
  const pairs = [];
  const proxy = net.createServer((socket) => {
    const other = net.connect(port, host);
    for (const one of [socket, other]) one.on('error', () => {});
    socket.pipe(other);
    other.pipe(socket);
    pairs.push([socket, other]);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  t.after(() => {
    proxy.close();
    for (const one of pairs.flat()) one.destroy();
  });
  const far = rpcClient(`127.0.0.1:${proxy.address().port}`, 'Backends');
  t.after(() => far.close());
  const vanishing = await new Backend({ rpc: () => far }).attached();
  const survivor = await new Backend(gateway).attached();
  const clients = await Promise.all(Array.from({ length: 10 }, () => gateway.connect()));
  await eventually(() => survivor.events.length + vanishing.events.length === 10, 'all clients to be told of');
  for (const [socket, other] of pairs) {
    socket.unpipe(other).pause();
    other.unpipe(socket).pause();
  }
  for (const [at, client] of clients.entries()) client.send(String(at));
  const texts = () => new Set(survivor.events.filter((one) => one.kind === 'message').map((one) => one.message.payload.text));
  await survivor.until(() => texts().size === 10, 'all messages');
  assert.equal(await gateway.metric('sluice_backends'), 1);
});
