// --connect-verdict: a backend says of each client whether it may come in, and as whom.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { Backend } from './backend.mjs';
import { Engine } from './engine.mjs';
import { eventually, startGateway } from './harness.mjs';
import { now, secret, token } from './tokens.mjs';

const required = ['--client-messages', 'backend', '--connect-verdict', 'required'];

// A backend that answers what `judge(event)` gives: an Allow, a Refuse, or null for no answer at all.
function attach(gateway, judge, options = {}) {
  return new Backend(gateway, {
    verdicts: true,
    onEvent: (event, self) => {
      const answer = event.kind === 'connecting' ? judge(event) : null;
      if (answer) self.command({ id: options.id ?? 0, verdict: { connection: event.connection, verdict: event.connecting.verdict, ...answer } });
    },
    ...options,
  }).attached();
}
const allow = (rest = {}) => ({ allow: rest });
const refuse = (rest = {}) => ({ refuse: rest });

// Asks for a WebSocket and gives the answer's { status, body, headers }; status 101 has no body.
function upgrade(gateway, query = '', headers = {}) {
  const [host, port] = gateway.clients.split(':');
  return new Promise((resolve, reject) => {
    const request = http.request({ host, port, path: `/ws${query}`, headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', ...headers } });
    request.on('upgrade', (answer, socket) => {
      socket.destroy();
      resolve({ status: 101, headers: answer.headers });
    });
    request.on('response', async (answer) => {
      const pieces = [];
      for await (const piece of answer) pieces.push(piece);
      resolve({ status: answer.statusCode, body: JSON.parse(Buffer.concat(pieces)), headers: answer.headers });
    });
    request.on('error', reject);
    request.end();
  });
}

test('a WebSocket comes in as whom the backend says, in the rooms that it says', async (t) => {
  const gateway = await startGateway(t, [...required, '--backend-headers', 'x-tenant', '--backend-headers', 'cookie']);
  const backend = await attach(gateway, (event) => allow({ user: 'ann', rooms: ['vip', event.connecting.parameters[0].value] }));
  const client = await gateway.connect('?want=red&room=lobby&envelope=1', { headers: { 'x-tenant': 't1', cookie: 'a=b' } });
  const { connecting, connection } = await backend.event('connecting');
  assert.deepEqual(connecting.parameters, [{ name: 'want', value: 'red' }]);
  assert.deepEqual(connecting.headers, [{ name: 'x-tenant', value: 't1' }, { name: 'cookie', value: 'a=b' }]);
  const connected = await backend.event('connected');
  assert.equal(connected.connection, connection);
  assert.equal(connected.connected.user, 'ann');
  assert.deepEqual(connected.connected.headers, connecting.headers);
  const { connections } = await gateway.rpc().listConnections({});
  assert.deepEqual([connections[0].user, connections[0].rooms.sort()], ['ann', ['lobby', 'red', 'vip']]);
  await gateway.publish('to ann', { users: ['ann'] });
  await eventually(() => client.messages.some((one) => String(one).includes('to ann')), 'the message');
});

test('who is refused is told why, and nobody hears of it again', async (t) => {
  const gateway = await startGateway(t, required);
  const backend = await attach(gateway, () => refuse({ message: 'not today', data: '{"code":7}' }));
  const { status, body } = await upgrade(gateway);
  assert.deepEqual([status, body], [403, { error: 'forbidden', message: 'not today', data: { code: 7 } }]);
  const socket = io(`http://${gateway.clients}`, { forceNew: true, transports: ['websocket'], auth: { token: 'x' } });
  t.after(() => socket.close());
  const [error] = await once(socket, 'connect_error');
  assert.deepEqual([error.message, error.data], ['not today', { code: 7 }]);
  const asked = await backend.event('connecting', (one) => one.protocol === 'PROTOCOL_SOCKET_IO');
  assert.deepEqual([JSON.parse(asked.connecting.auth), asked.namespace], [{ token: 'x' }, '/']);
  assert.ok(!backend.events.some((one) => one.kind !== 'connecting'));
  assert.equal(await gateway.metric('sluice_verdicts_total', { verdict: 'refused' }), 2);
  assert.equal((await gateway.rpc().listConnections({})).connections.length, 0);
});

test('without such a backend nobody comes in, and is told to try again', async (t) => {
  const gateway = await startGateway(t, required);
  await new Backend(gateway, { group: 'other' }).attached();
  const { status, body, headers } = await upgrade(gateway);
  assert.deepEqual([status, body.error, headers['retry-after']], [503, 'unavailable', '1']);
  const socket = io(`http://${gateway.clients}`, { forceNew: true });
  t.after(() => socket.close());
  assert.match((await once(socket, 'connect_error'))[0].message, /No backend/);
  const engine = new Engine(gateway);
  assert.equal((await engine.ask()).status, 503);
});

test('a verdict that does not come in time is a refusal, and one that comes later is told so', async (t) => {
  const gateway = await startGateway(t, [...required, '--connect-verdict-seconds-max', '0.1']);
  const backend = await attach(gateway, () => null);
  const { status } = await upgrade(gateway);
  assert.equal(status, 503);
  const { connection, connecting } = await backend.event('connecting');
  backend.command({ id: 9, verdict: { connection, verdict: connecting.verdict, allow: {} } });
  await backend.until(() => backend.results.length === 1, 'the result');
  assert.deepEqual([Number(backend.results[0].id), backend.results[0].error.code], [9, 5]);
  backend.command({ id: 10, verdict: { connection: 'rubbish', verdict: 1, allow: {} } });
  backend.command({ id: 11, verdict: { connection, verdict: connecting.verdict } });
  backend.command({ id: 12, verdict: { connection, verdict: 1, refuse: { data: '{' } } });
  await backend.until(() => backend.results.length === 4, 'three results more');
  assert.deepEqual(backend.results.slice(1).map((one) => one.error.code), [3, 3, 3]);
  assert.equal(await gateway.metric('sluice_verdicts_total', { verdict: 'late' }), 1);
});

test('Engine.IO and Socket.IO clients come in by polling, too, and each namespace is asked for', async (t) => {
  const gateway = await startGateway(t, [...required, '--workers', '3', '--namespace-pattern', '/tenant-*']);
  const backend = await attach(gateway, ({ namespace }) => (namespace === '/tenant-2' ? refuse({ message: 'no' }) : allow({ user: `of ${namespace}` })));
  const engine = new Engine(gateway);
  assert.equal((await engine.open()).status, 200);
  const manager = io(`http://${gateway.clients}/tenant-1`, { forceNew: true });
  t.after(() => manager.io._close());
  await once(manager, 'connect');
  const second = manager.io.socket('/tenant-2');
  assert.equal((await once(second, 'connect_error'))[0].message, 'no');
  const third = manager.io.socket('/elsewhere');
  third.connect();
  assert.equal((await once(third, 'connect_error'))[0].message, 'Invalid namespace');
  const event = await backend.event('connected', (one) => one.namespace === '/tenant-1');
  assert.equal(event.connected.user, 'of /tenant-1');
  assert.equal(event.connection, (await backend.event('connecting', (one) => one.namespace === '/tenant-1')).connection);
  // One that was refused has not come into being.
  const { node } = await gateway.rpc('Nodes').getNode({});
  assert.deepEqual(node.namespaces.map((one) => one.name), ['/', '/tenant-1']);
});

test('a client that comes back is asked about again, and is another if it is somebody else', async (t) => {
  const gateway = await startGateway(t, required);
  let user = 'ann';
  const backend = await attach(gateway, () => allow({ user, rooms: ['a'] }));
  const socket = io(`http://${gateway.clients}`, { forceNew: true, transports: ['websocket'], reconnectionDelay: 10 });
  t.after(() => socket.close());
  await once(socket, 'connect');
  const heard = once(socket, 'message');
  await gateway.publish('one', { rooms: ['a'] });
  await heard;
  const first = socket.id;
  socket.io.engine.close();
  await once(socket, 'connect');
  assert.deepEqual([socket.recovered, socket.id], [true, first]);
  assert.ok(backend.events.some((one) => one.connecting?.recovering));
  user = 'bob';
  socket.io.engine.close();
  await once(socket, 'connect');
  assert.deepEqual([socket.recovered, socket.id === first], [false, false]);
  await backend.event('connected', (one) => one.connected.user === 'bob');
});

test('what a client says while it waits is heard once it is in, and one that leaves is forgotten', async (t) => {
  const gateway = await startGateway(t, required);
  const waiting = [];
  const backend = await attach(gateway, (event) => void waiting.push(event));
  const [host, port] = gateway.clients.split(':');
  const request = http.request({ host, port, path: '/', headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' } });
  request.on('upgrade', (answer, socket) => t.after(() => socket.destroy()));
  request.flushHeaders();
  await backend.until(() => waiting.length === 1);
  // "hi", masked with zeros.
  request.socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]));
  await gateway.untilMetric('sluice_wire_received_bytes_total', {}, (bytes) => bytes > 150);
  const [{ connection, connecting }] = waiting;
  backend.command({ verdict: { connection, verdict: connecting.verdict, allow: {} } });
  assert.equal((await backend.event('message')).message.payload.text, 'hi');
  const gone = http.request({ host, port, path: '/', headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' } });
  gone.on('error', () => {});
  gone.flushHeaders();
  await backend.until(() => waiting.length === 2);
  gone.destroy();
  await eventually(async () => (await gateway.metric('sluice_open_connections')) === 1, 'the client to be gone');
  backend.command({ id: 1, verdict: { connection: waiting[1].connection, verdict: waiting[1].connecting.verdict, allow: {} } });
  await backend.until(() => backend.results.length === 1);
  assert.ok(!backend.events.some((one) => one.kind === 'connected' && one.connection === waiting[1].connection));
});

test('one group alone gives verdicts', async (t) => {
  const gateway = await startGateway(t, required);
  await attach(gateway, () => allow());
  const second = new Backend(gateway, { group: 'second', verdicts: true });
  await second.until(() => second.ended, 'to be refused');
  assert.match(second.ended.details, /subscribe .*another group gives verdicts/);
});

test('a verdict may give labels, permissions and an end', async (t) => {
  const gateway = await startGateway(t, [...required, '--token-secret', secret]);
  const until = now() + 5;
  const backend = await attach(gateway, () => allow({ labels: { plan: 'gold', b: '3' }, expires: { seconds: until }, join: { patterns: ['x-*'] }, publish: { patterns: [] } }));
  const shown = token({ sub: 'ann', sluice: { labels: { a: '1', b: '2' }, join: ['y'] } });
  const headers = { authorization: `Bearer ${shown}` };
  assert.equal((await upgrade(gateway, '?room=y', headers)).status, 403);
  const client = await gateway.connect('?room=x-1', { headers });
  const { connected } = await backend.event('connected');
  assert.deepEqual([connected.user, connected.rooms, connected.labels], ['ann', ['x-1'], { a: '1', b: '3', plan: 'gold' }]);
  assert.equal((await client.whenClosed()).code, 3000);
  assert.ok(now() >= until);
});

for (const [what, odd, field] of [
  ['labels', { labels: { a: 'x'.repeat(300) } }, 'verdict.allow.labels'],
  ['patterns', { join: { patterns: [''] } }, 'verdict.allow.join'],
]) {
  test(`a verdict with odd ${what} is none, and the client waits for another`, async (t) => {
    const gateway = await startGateway(t, required);
    const backend = await attach(gateway, () => allow(odd), { id: 1 });
    const wanted = upgrade(gateway);
    await backend.until(() => backend.results.length === 1, 'the result');
    assert.equal(backend.results[0].error.detail.field, field);
    const { connection, connecting } = backend.events[0];
    backend.command({ verdict: { connection, verdict: connecting.verdict, allow: {} } });
    assert.equal((await wanted).status, 101);
  });
}

test('a Socket.IO client’s rooms are those that the verdict lets it ask for', async (t) => {
  const gateway = await startGateway(t, [...required, '--client-rooms', 'granted']);
  const backend = await attach(gateway, (event) => allow(event.connecting.parameters.some((one) => one.name === 'vip') ? { rooms: ['secret'] } : { join: { patterns: ['public-*'] } }));
  const come = (query) => {
    const socket = io(`http://${gateway.clients}`, { forceNew: true, reconnection: false, transports: ['websocket'], query });
    t.after(() => socket.close());
    return Promise.race([once(socket, 'connect').then(() => 'in'), once(socket, 'connect_error').then(([error]) => error.message)]);
  };
  assert.match(await come({ room: 'secret' }), /room was asked for/);
  assert.equal(await come({ room: 'public-1' }), 'in');
  assert.equal(await come({ room: 'secret', vip: '1' }), 'in');
  assert.deepEqual((await backend.event('connected', (one) => one.connected.rooms.includes('secret'))).connected.rooms.filter((room) => room === 'secret'), ['secret']);
});

test('what a verdict granted is granted still behind a new token', async (t) => {
  const gateway = await startGateway(t, [...required, '--token-secret', secret, '--client-rooms', 'granted']);
  await attach(gateway, () => allow({ rooms: ['vip'], expires: { seconds: 253_402_300_799 } }));
  const shown = () => token({ sub: 'ann' });
  const client = await gateway.connect('', { protocols: ['sluice.v1.json', `bearer.${shown()}`] });
  const say = async (id, command) => {
    client.send(JSON.stringify({ id, ...command }));
    await client.until(() => client.parsed.some((one) => one.reply === id), 'a reply');
    return client.parsed.find((one) => one.reply === id);
  };
  assert.ok((await say(1, { token: shown() })).ok);
  assert.ok((await say(2, { leave: { rooms: ['vip'] } })).ok);
  assert.ok((await say(3, { join: { rooms: ['vip'] } })).ok);
  assert.equal((await say(4, { join: { rooms: ['other'] } })).error.code, 'forbidden');
});

test('a token that is revoked while the verdict is awaited is refused', async (t) => {
  const gateway = await startGateway(t, [...required, '--token-secret', secret]);
  const backend = await attach(gateway, () => null);
  const wanted = upgrade(gateway, '', { authorization: `Bearer ${token({ sub: 'ann', jti: 'J' })}` });
  const { connection, connecting } = await backend.event('connecting');
  await gateway.rpc('Access').revokeTokens({ tokenId: 'J' });
  backend.command({ verdict: { connection, verdict: connecting.verdict, allow: { user: 'bob' } } });
  const { status, body } = await wanted;
  assert.equal(status, 401);
  assert.match(body.message, /revoked/);
});
