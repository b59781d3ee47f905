// --listen-udp: a JSON object a datagram; subscriptions are leased to addresses that are proven.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { Backend } from './backend.mjs';
import { eventually, splitAddress, startGateway } from './harness.mjs';
import { openUdp } from './sockets.mjs';
import { secret, token } from './tokens.mjs';

const start = (t, flags = [], options) => startGateway(t, ['--listen-udp', '127.0.0.1:0', ...flags], options);
const open = (gateway) => gateway.metric('sluice_connections', { protocol: 'udp' });

test('a datagram publishes, and a proven address subscribes', async (t) => {
  const gateway = await start(t);
  const ws = await gateway.connect('?room=a');
  const sensor = await openUdp(t, gateway);
  sensor.send({ publish: { room: 'a', event: 'heat', data: { c: 21 } } });
  await ws.count(1);
  assert.deepEqual(ws.parsed[0], { event: 'heat', data: { c: 21 } });
  const screen = await openUdp(t, gateway);
  const lease = await screen.subscribe({ room: 'a', seconds: 5 });
  assert.deepEqual([lease.rooms, lease.seconds], [['a'], 5]);
  assert.match(lease.position, /-1$/);
  ws.send('from ws');
  screen.send({ publish: { data: 'to all of mine' } });
  await screen.count(2);
  assert.deepEqual(screen.heard.map(({ event, data, room }) => [event, data, room]).sort(), [['message', 'from ws', 'a'], ['message', 'to all of mine', 'a']]);
  const { connections } = await gateway.rpc().listConnections({ protocol: 'PROTOCOL_UDP' });
  assert.deepEqual([connections.length, connections[0].rooms], [1, ['a']]);
  assert.equal(connections[0].remoteAddress.split(':')[1], String(screen.socket.address().port));
  screen.send({ leave: 'a' });
  assert.equal((await screen.next((one) => one.notice === 'end')).code, 1000);
});

test('a lease ends when its time is over, room by room, and is renewed by subscribing again', async (t) => {
  const gateway = await start(t, ['--udp-lease-seconds-max', '6', '--udp-linger-seconds', '0.2']);
  const client = await openUdp(t, gateway);
  assert.equal((await client.subscribe({ room: 'a', seconds: 1000 })).seconds, 6);
  await client.subscribe({ room: 'b', seconds: 1 });
  await eventually(async () => (await gateway.rpc().listConnections({})).connections[0]?.rooms.join() === 'a', 'the end of the shorter lease');
  assert.deepEqual(await client.next((one) => one.notice === 'end'), { notice: 'end', code: 1001, reason: 'the lease has ended' });
  client.send({ publish: { room: 'a', data: 1 } });
  await gateway.untilMetric('sluice_connections_accepted_total', { protocol: 'udp' }, (value) => value === 2);
  await eventually(async () => (await open(gateway)) === 0, 'its end');
});

test('what was missed since a position comes behind the answer', async (t) => {
  const gateway = await start(t, ['--history-messages', '3']);
  const first = await openUdp(t, gateway);
  const { position } = await first.subscribe({ room: 'a' });
  first.send({ leave: 'a' });
  await first.next((one) => one.notice === 'end');
  for (const text of ['1', '2', '3']) await gateway.publish(text, { rooms: ['a'] });
  const second = await openUdp(t, gateway);
  assert.equal((await second.subscribe({ room: 'a', since: position })).gap, undefined);
  await second.count(3);
  assert.deepEqual(second.texts, ['1', '2', '3']);
  await gateway.publish('4', { rooms: ['a'] });
  const third = await openUdp(t, gateway);
  assert.equal((await third.subscribe({ rooms: ['a'], since: position })).gap, 'evicted');
});

test('an address that is not proven never gets more than it sent', async (t) => {
  const gateway = await start(t, ['--client-rooms', 'granted', '--client-messages', 'relay']);
  const [host, port] = splitAddress(gateway.address('udp'));
  const questions = [
    '', '{', 'x', '{}', '[]', '{"subscribe":{}}', '{"subscribe":{"room":"a"}}', '{"subscribe":{"proof":"AAAAAAAA"}}', '{"subscribe":{"rooms":["a"],"proof":""}}',
    '{"publish":{}}', '{"publish":{"data":1}}', '{"publish":{"room":"secret","data":1}}', `{"publish":{"room":"secret","data":"${'x'.repeat(300)}"}}`,
    '{"leave":"a"}', '{"jump":1}', `{"${'j'.repeat(500)}":1}`, '\u00ff', 'x'.repeat(1401), 'x'.repeat(20000), '{"subscribe":{"seconds":0}}',
    JSON.stringify({ subscribe: { room: 'a'.repeat(1000) } }), '{"publish":{"data":"AAA","encoding":"base64"}}',
  ];
  let answers = 0;
  for (const question of questions) {
    const socket = dgram.createSocket('udp4');
    socket.connect(port, host);
    await once(socket, 'connect');
    t.after(() => socket.close());
    const bytes = Buffer.from(question, question.length === 1 ? 'latin1' : 'utf8');
    const got = [];
    socket.on('message', (data) => got.push(data));
    socket.send(bytes);
    // Answers come in order: behind this one's there is none of the other's.
    const before = Buffer.from('{"subscribe":{}}');
    socket.send(before);
    await eventually(() => got.some((one) => one.toString() === '{"error":"pad"}'), `the answer behind ${question.slice(0, 40)}`);
    const sent = bytes.length + before.length;
    answers += got.length - 1;
    for (const one of got.slice(0, -1)) assert.ok(one.length <= bytes.length, `${one} to ${question.slice(0, 100)}`);
    assert.ok(got.reduce((sum, one) => sum + one.length, 0) <= sent);
  }
  assert.ok(answers >= 5, 'some were long enough to be answered');
  assert.ok((await gateway.metric('sluice_udp_answers_withheld_total')) > 3);
  // A proof is one address's own.
  const honest = await openUdp(t, gateway);
  honest.send(JSON.stringify({ subscribe: {} }).padEnd(40));
  const { challenge } = await honest.next((one) => one.challenge);
  const thief = await openUdp(t, gateway);
  thief.send({ subscribe: { proof: challenge } });
  assert.notEqual((await thief.next((one) => one.challenge || one.subscribed)).challenge, undefined);
});

test('forged addresses take no more than their share, and none of the members\' places', async (t) => {
  const gateway = await start(t, ['--workers', '1', '--udp-linger-seconds', '60']);
  const member = await openUdp(t, gateway);
  await member.subscribe({ room: 'a' });
  const [host, port] = splitAddress(gateway.address('udp'));
  const sockets = [];
  t.after(() => sockets.forEach((one) => one.close()));
  for (let number = 0; number < 1100; ++number) {
    const socket = dgram.createSocket('udp4');
    sockets.push(socket);
    socket.send('{"publish":{"room":"b","data":1}}', port, host);
    if (number % 50 === 0) await eventually(async () => (await gateway.metric('sluice_udp_received_total')) >= number, 'the datagrams');
  }
  await eventually(async () => (await gateway.metric('sluice_udp_received_total')) >= 1102, 'all datagrams');
  await eventually(async () => (await open(gateway)) <= 1025, 'the strangers to be few');
  await gateway.publish('to the member', { rooms: ['a'] });
  await member.count(1);
});

test('a member that is gone is noticed by ICMP', async (t) => {
  const gateway = await start(t);
  const [host, port] = splitAddress(gateway.address('udp'));
  const stays = await openUdp(t, gateway);
  await stays.subscribe({ room: 'a' });
  const gone = dgram.createSocket('udp4');
  const answers = [];
  gone.on('message', (data) => answers.push(JSON.parse(data)));
  gone.send('{"subscribe":{"room":"a"}}', port, host);
  await eventually(() => answers.length === 1, 'a challenge');
  gone.send(JSON.stringify({ subscribe: { room: 'a', proof: answers[0].challenge } }), port, host);
  await eventually(() => answers.length === 2, 'the subscription');
  gone.close();
  await gateway.publish('1', { rooms: ['a'] });
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'client_vanished' }, (value) => value === 1);
  await gateway.publish('2', { rooms: ['a'] });
  await stays.count(2);
  assert.equal(await open(gateway), 1);
});

test('what does not fit into a datagram is told of, either way', async (t) => {
  const gateway = await start(t, ['--udp-datagram-bytes-max', '600']);
  const client = await openUdp(t, gateway);
  await client.subscribe({ room: 'a' });
  client.send({ publish: { room: 'a', data: 'x'.repeat(600) } });
  assert.match((await client.next((one) => one.error)).error.message, /600 bytes/);
  await gateway.publish('x'.repeat(600), { rooms: ['a'] });
  await gateway.publish('y'.repeat(300_000), { rooms: ['a'] });
  await gateway.publish('small', { rooms: ['a'] });
  await client.count(1);
  assert.equal(client.objects.filter((one) => one.error?.code === 'too_large').length, 2);
  assert.equal(await gateway.metric('sluice_udp_too_large_total'), 2);
});

test('every address of the machine answers for itself, IPv4 and IPv6', async (t) => {
  const gateway = await startGateway(t, ['--listen-udp', '[::]:0', '--allow-anonymous']);
  const [, port] = splitAddress(gateway.address('udp'));
  for (const host of ['127.0.0.1', '127.0.0.3', '::1']) {
    const socket = dgram.createSocket(host.includes(':') ? 'udp6' : 'udp4');
    t.after(() => socket.close());
    // Connected: what comes from another address is not for it.
    socket.connect(port, host);
    await once(socket, 'connect');
    socket.send('{"subscribe":{"room":"a"}}');
    const [data] = await once(socket, 'message');
    assert.ok(JSON.parse(data).challenge, host);
  }
});

test('tokens, verdicts, limits and policies hold as on every wire', async (t) => {
  const gateway = await start(t, ['--client-messages', 'backend', '--connect-verdict', 'required', '--token-secret', secret]);
  const backend = await new Backend(gateway, {
    verdicts: true,
    onEvent: (event, self) => {
      if (event.kind !== 'connecting') return;
      // The first one is eve.
      const isGood = self.events.filter((one) => one.kind === 'connecting').length > 1;
      self.command({ id: 0, verdict: { connection: event.connection, verdict: event.connecting.verdict, ...(isGood ? { allow: { rooms: ['given'] } } : { refuse: { message: 'not you' } }) } });
    },
  }).attached();
  const nobody = await openUdp(t, gateway);
  assert.equal((await nobody.subscribe({})).error.code, 'unauthenticated');
  const eve = await openUdp(t, gateway);
  assert.equal((await eve.subscribe({ token: token({ sub: 'eve' }) })).error.message, 'not you');
  (await openUdp(t, gateway)).send({ publish: { data: 'of nobody', token: 'x' } });
  const sensor = await openUdp(t, gateway);
  sensor.send({ publish: { room: 'lobby', data: 21, token: token({ sub: 'ann' }) } });
  await backend.until(() => backend.events.some((one) => one.kind === 'message'), 'the message');
  const ann = await openUdp(t, gateway);
  const mine = token({ sub: 'ann' });
  assert.deepEqual((await ann.subscribe({ token: mine })).rooms, ['lobby']);
  assert.equal((await ann.subscribe({ room: 'other', token: mine })).error.code, 'forbidden');
  await gateway.publish('to the given', { rooms: ['given'] });
  await ann.count(1);
  await backend.until(() => backend.events.some((one) => one.kind === 'connected'), 'the client');
  const [{ protocol, connected }] = backend.events.filter((one) => one.kind === 'connected');
  assert.deepEqual([protocol, connected.user], ['PROTOCOL_UDP', 'ann']);
  ann.send({ leave: 'lobby' });
  await backend.until(() => backend.events.some((one) => one.kind === 'disconnected'), 'its end');
  assert.equal(backend.events.filter((one) => one.kind === 'connected').length, 1);
});

test('a flood from one sender is held to its rate', async (t) => {
  const gateway = await start(t, ['--messages-per-second-max', '10', '--over-rate', 'drop']);
  const sender = await openUdp(t, gateway);
  for (let number = 0; number < 200; ++number) sender.send({ publish: { room: 'a', data: number } });
  await gateway.untilMetric('sluice_drops_total', { reason: 'over_rate' }, (value) => value >= 150);
});

test('a draining gateway tells its members, and takes no new ones', async (t) => {
  const gateway = await start(t);
  const client = await openUdp(t, gateway);
  await client.subscribe({ room: 'a' });
  gateway.signal();
  assert.equal((await client.next((one) => one.notice === 'end')).code, 1001);
});

test('a port that is taken is named, also if another gateway has it', async (t) => {
  const gateway = await start(t);
  const other = await startGateway(null, ['--listen-udp', gateway.address('udp')], { isReady: (text) => /--listen-udp/.test(text) }).catch((error) => error);
  assert.match(String(other.message ?? other.stderr), /--listen-udp: cannot listen on 127\.0\.0\.1:\d+: the port is in use/);
});

test('with echo, too, nothing goes to who has not subscribed', async (t) => {
  const gateway = await start(t, ['--client-messages', 'echo']);
  const client = await openUdp(t, gateway);
  client.send(`{"publish":{"data":[1${'\n'.repeat(1300)},2]}}`);
  client.send({ publish: { data: 1 } });
  assert.deepEqual((await client.subscribe({ room: 'a' })).rooms, ['a']);
  assert.equal(client.raw.length, 2);
  client.send({ publish: { data: 'mine' } });
  await client.count(1);
  assert.deepEqual(client.texts, ['mine']);
});
