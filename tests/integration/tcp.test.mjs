// --listen-tcp: a JSON object a line, both ways.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Backend } from './backend.mjs';
import { makeCertificate, tlsFlags } from './certificates.mjs';
import { Client, eventually, startGateway } from './harness.mjs';
import { connectTcp } from './sockets.mjs';
import { secret, token } from './tokens.mjs';

const start = (t, flags = [], options) => startGateway(t, ['--listen-tcp', '127.0.0.1:0', ...flags], options);

test('lines join, publish, leave, count and are answered if they have an id', async (t) => {
  const gateway = await start(t);
  const ann = await connectTcp(gateway);
  ann.send({ join: 'a' });
  assert.match((await ann.next((one) => one.notice === 'open')).position, /^[0-9a-f]{16}-0$/);
  const bob = await gateway.connect('?room=a');
  ann.send({ publish: { room: 'a', data: 'hi' } }, { publish: { room: 'a', event: 'say', data: { n: 1 } } }, '', '{}');
  await ann.count(2);
  bob.send('from bob');
  await ann.count(3);
  assert.deepEqual(ann.heard.map(({ room, event, data }) => [room, event, data]), [['a', 'message', 'hi'], ['a', 'say', { n: 1 }], ['a', 'message', 'from bob']]);
  await bob.count(3);
  assert.deepEqual((await ann.ask(1, { presence: { rooms: ['a', 'lobby'] } })).ok, { members: { a: 2, lobby: 0 } });
  assert.match((await ann.ask(2, { join: ['b', 'c'] })).ok.position, /-3$/);
  assert.match((await ann.ask(3, { publish: { room: 'b', data: 'AQI=', encoding: 'base64' } })).ok.position, /-4$/);
  ann.send({ leave: 'a' });
  assert.deepEqual((await ann.ask(4, { presence: { rooms: ['a'] } })).ok, { members: { a: 1 } });
  assert.deepEqual(ann.heard.at(-1), { event: 'message', data: 'AQI=', encoding: 'base64', room: 'b', position: ann.heard.at(-1).position });
  const { connections } = await gateway.rpc().listConnections({ protocol: 'PROTOCOL_TCP' });
  assert.deepEqual(connections[0].rooms.sort(), ['b', 'c']);
  ann.socket.end();
  await gateway.untilMetric('sluice_connections', { protocol: 'tcp' }, (value) => value === 0);
  assert.equal(await gateway.metric('sluice_connections_accepted_total', { protocol: 'tcp' }), 1);
});

test('who does not begin by joining is in the lobby, or where connect says', async (t) => {
  const gateway = await start(t, ['--namespace', '/chat']);
  const plain = await connectTcp(gateway);
  plain.send('{}');
  await plain.next((one) => one.notice === 'open');
  const chatting = await connectTcp(gateway);
  chatting.send({ id: 9, connect: { namespace: '/chat', rooms: ['x', 'y'] } });
  assert.deepEqual(await chatting.next((one) => one.reply === 9), { reply: 9, ok: {} });
  const talking = await connectTcp(gateway);
  talking.send({ publish: { data: 'to the lobby' } });
  await plain.count(1);
  assert.deepEqual(plain.texts, ['to the lobby']);
  await gateway.rpc().publish({ target: { namespace: '/chat', rooms: ['y'] }, payload: { json: '{"a":\n[1]}' } });
  await chatting.count(1);
  assert.deepEqual(chatting.heard[0].data, { a: [1] });
  chatting.send({ connect: {} });
  assert.match((await chatting.next((one) => one.error)).error.message, /first line/);
});

test('a client that comes back has what it missed, or is told of a gap', async (t) => {
  const gateway = await start(t, ['--history-messages', '3']);
  const first = await connectTcp(gateway);
  first.send({ join: 'a' });
  const { position } = await first.next((one) => one.notice === 'open');
  first.socket.destroy();
  for (const text of ['1', '2', '3']) await gateway.publish(text, { rooms: ['a'] });
  const second = await connectTcp(gateway);
  second.send({ join: { rooms: ['a'], since: position } });
  await second.count(3);
  assert.deepEqual(second.texts, ['1', '2', '3']);
  await gateway.publish('4', { rooms: ['a'] });
  const third = await connectTcp(gateway);
  third.send({ connect: { rooms: ['a'], since: position } });
  assert.equal((await third.next((one) => one.notice === 'gap')).reason, 'evicted');
  await third.count(3);
  assert.deepEqual(third.texts, ['2', '3', '4']);
});

test('what is wrong is said, and only what cannot go on ends the connection', async (t) => {
  const gateway = await start(t, ['--message-bytes-max', '1000', '--handshake-seconds-max', '2']);
  const client = await connectTcp(gateway);
  client.send({ join: 'a' });
  for (const [line, message] of [
    ['nonsense', /one JSON object/], ['[1]', /one JSON object/], [{ jump: 1 }, /connect, join, leave/], [{ join: {} }, /needs rooms/],
    [{ join: '' }, /empty/], [{ presence: { rooms: ['a'] } }, /needs an id/], [{ publish: {} }, /needs data/], [{ id: 'x', leave: 'a' }, /id/],
    [{ publish: { data: 1, event: 'disconnect' } }, /reserved/], [{ join: { rooms: ['a'], since: 'x' } }, /position/],
  ]) {
    client.send(line);
    assert.match((await client.next((one) => one.error, String(message))).error.message, message);
  }
  client.socket.write(Buffer.from([0xff, 0x0a]));
  assert.match((await client.next((one) => one.error)).error.message, /UTF-8/);
  client.send({ publish: { room: 'a', data: 'still here' } });
  await client.count(1);
  client.send(JSON.stringify({ publish: { data: 'x'.repeat(2000) } }));
  assert.equal((await client.next((one) => one.error)).error.code, 'too_large');
  await client.over();
  const http = await connectTcp(gateway);
  http.send('GET / HTTP/1.1', 'Host: x', '');
  assert.equal((await http.next((one) => one.error)).error.code, 'bad_request');
  await http.over();
  const silent = await connectTcp(gateway);
  assert.equal((await silent.next((one) => one.error)).error.code, 'timed_out');
  await silent.over();
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'too_large' }, (value) => value === 1);
});

test('a line that came whole before the end is done, and its reply sent', async (t) => {
  const gateway = await start(t);
  const listener = await gateway.connect();
  const client = await connectTcp(gateway);
  client.socket.end('{"id":1,"publish":{"room":"lobby","data":"last words"}}\n{"publish":{"room":"lobby","data":"half');
  assert.ok((await client.next((one) => one.reply === 1)).ok.position);
  await client.over();
  await listener.count(1);
  assert.deepEqual(listener.messages, ['last words']);
});

test('heartbeats come, and a drained or disconnected client is told why', async (t) => {
  const gateway = await start(t, ['--ping-interval-seconds', '0.05']);
  const client = await connectTcp(gateway);
  client.send({ join: 'a' });
  const { id } = await client.next((one) => one.notice === 'open');
  await client.next((one) => Object.keys(one).length === 0, 'a heartbeat');
  await gateway.rpc().disconnect({ target: { connections: [id] }, closeCode: 4001, reason: 'you may go' });
  assert.deepEqual(await client.next((one) => one.notice === 'end'), { notice: 'end', code: 4001, reason: 'you may go' });
  await client.over();
  const other = await connectTcp(gateway);
  other.send('{}');
  await other.next((one) => one.notice === 'open');
  gateway.signal();
  assert.equal((await other.next((one) => one.notice === 'end')).code, 1001);
  await other.over();
});

test('tokens, verdicts and limits hold as on every wire', async (t) => {
  const gateway = await start(t, ['--client-messages', 'backend', '--connect-verdict', 'required', '--address-connections-max', '2', '--token-secret', secret]);
  const backend = await new Backend(gateway, {
    verdicts: true,
    onEvent: (event, self) => {
      if (event.kind !== 'connecting') return;
      // The first one is eve.
      const isGood = self.events.filter((one) => one.kind === 'connecting').length > 1;
      self.command({ id: 0, verdict: { connection: event.connection, verdict: event.connecting.verdict, ...(isGood ? { allow: { rooms: ['given'] } } : { refuse: { message: 'not you' } }) } });
    },
  }).attached();
  const nobody = await connectTcp(gateway);
  nobody.send({ join: 'lobby' });
  assert.equal((await nobody.next((one) => one.error)).error.code, 'unauthenticated');
  await nobody.over();
  const eve = await connectTcp(gateway);
  eve.send({ connect: { token: token({ sub: 'eve' }) } });
  assert.deepEqual((await eve.next((one) => one.error)).error, { code: 'forbidden', message: 'not you' });
  await eve.over();
  const ann = await connectTcp(gateway);
  // What comes behind the first line waits for the verdict.
  ann.send({ connect: { token: token({ sub: 'ann' }) } }, { publish: { data: 'for backends' } }, { join: 'not granted' });
  await ann.next((one) => one.notice === 'open');
  assert.equal((await ann.next((one) => one.error)).error.code, 'forbidden');
  await backend.until(() => backend.events.some((one) => one.kind === 'message'), 'the message');
  const connected = backend.events.find((one) => one.kind === 'connected');
  assert.deepEqual([connected.protocol, connected.connected.user], ['PROTOCOL_TCP', 'ann']);
  const second = await connectTcp(gateway);
  second.send({ connect: { token: token({ sub: 'ann' }) } });
  await second.next((one) => one.notice === 'open');
  const third = await connectTcp(gateway);
  third.send({ connect: { token: token({ sub: 'ann' }) } });
  assert.equal((await third.next((one) => one.error)).error.code, 'too_many');
  ann.socket.destroy();
  await backend.until(() => backend.events.some((one) => one.kind === 'disconnected'), 'the end');
});

test('the same over TLS', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-tcp-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const pair = makeCertificate(folder);
  const gateway = await startGateway(t, ['--listen-tcp-tls', '127.0.0.1:0', ...tlsFlags(pair)]);
  const client = await connectTcp(gateway, { secure: { ca: readFileSync(pair.cert), servername: 'localhost' } });
  client.send({ join: 'a' }, { publish: { room: 'a', data: 'x'.repeat(100_000) } });
  await client.count(1);
  assert.equal(client.texts[0].length, 100_000);
});

test('a client that does not read is held to its outbox, and others are not slowed', async (t) => {
  const gateway = await start(t, ['--outbox-bytes-max', '1000000', '--slow-policy', 'close']);
  const slow = await connectTcp(gateway);
  slow.send({ join: 'a' });
  await slow.next((one) => one.notice === 'open');
  slow.socket.pause();
  const fine = await connectTcp(gateway);
  fine.send({ join: 'a' });
  await fine.next((one) => one.notice === 'open');
  let sent = 0;
  await eventually(async () => {
    await gateway.publish('x'.repeat(100_000), { rooms: ['a'] });
    sent += 1;
    return (await gateway.metric('sluice_connections_closed_total', { reason: 'slow_client' })) === 1;
  }, 'the slow one to be ended');
  await fine.count(sent);
});

test('a request is answered also behind the end of the client\'s side, and no line has a CR inside', async (t) => {
  const gateway = await start(t, ['--client-messages', 'backend', '--client-rooms', 'open']);
  const backend = await new Backend(gateway, {
    onEvent: (event, self) => {
      // Well behind the client's end.
      if (event.message?._ackId) setTimeout(() => self.reply(event, ['late']), 50);
    },
  }).attached();
  const client = await connectTcp(gateway);
  client.socket.end('{"join":"a"}\n{"id":1,"request":{"data":1}}\n');
  assert.deepEqual((await client.next((one) => one.reply === 1)).ok, { data: 'late' });
  await client.over();
  assert.ok(backend);
  const listener = await connectTcp(gateway);
  listener.send({ join: 'a' });
  await listener.next((one) => one.notice === 'open');
  await gateway.publish('', { rooms: ['a'] }, {}, { json: '{\r\n "a":\r 1\r\n}' });
  await listener.count(1);
  assert.deepEqual([listener.heard[0].data, /[\r\n]/.test(listener.raw.at(-1))], [{ a: 1 }, false]);
});
