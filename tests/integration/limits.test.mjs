// How many clients may come, from where, and how fast they may speak; and what is believed of where they are.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { io } from 'socket.io-client';
import { Backend } from './backend.mjs';
import { makeCertificate, tlsFlags } from './certificates.mjs';
import { Client, eventually, run, splitAddress, startGateway } from './harness.mjs';
import { secret, token } from './tokens.mjs';

const from = (address) => ({ headers: { 'x-forwarded-for': address } });
const local = ['--trusted-proxies', '127.0.0.0/8'];
async function refused(gateway, options = {}) {
  const { status, body, headers } = await new Client(gateway.url(), options).whenRefused();
  return { status, message: JSON.parse(body).message, headers };
}
// The error of a Socket.IO client that is not let in.
async function ioRefused(t, gateway, options = {}) {
  const socket = io(`http://${gateway.clients}`, { forceNew: true, reconnection: false, ...options });
  t.after(() => socket.close());
  return (await once(socket, 'connect_error'))[0];
}
async function ioConnected(t, gateway, options = {}) {
  const socket = io(`http://${gateway.clients}`, { forceNew: true, reconnection: false, ...options });
  t.after(() => socket.close());
  await once(socket, 'connect');
  return socket;
}

test('an address has so many clients at a time, of every kind', async (t) => {
  const gateway = await startGateway(t, ['--address-connections-max', '3']);
  const first = await gateway.connect();
  const polling = await ioConnected(t, gateway, { transports: ['polling'] });
  const second = await ioConnected(t, gateway, { transports: ['websocket'] });
  const { status, message, headers } = await refused(gateway);
  assert.deepEqual([status, headers['retry-after']], [429, '1']);
  assert.match(message, /as many clients from this address/);
  assert.equal((await ioRefused(t, gateway, { transports: ['polling'] })).description, 429);
  assert.equal(await gateway.metric('sluice_clients_over_limit_total', { limit: 'address' }), 2);
  // Each that leaves makes room for another, however it leaves.
  for (const leave of [() => first.terminate(), () => polling.close(), () => second.close()]) {
    await leave();
    let client;
    await eventually(async () => {
      client = new Client(gateway.url(), {});
      return await Promise.race([client.opened().then(() => true, () => false), client.whenRefused().then(() => false, () => false)]);
    }, 'room for another');
    assert.equal((await refused(gateway)).status, 429);
  }
});

test('behind a proxy that is trusted each client has its own address, which nobody can make up', async (t) => {
  const gateway = await startGateway(t, ['--address-connections-max', '1', ...local]);
  await gateway.connect('', from('1.2.3.4'));
  assert.equal((await refused(gateway, from('1.2.3.4'))).status, 429);
  assert.equal((await refused(gateway, from('6.6.6.6, 1.2.3.4'))).status, 429);
  await gateway.connect('', from('5.6.7.8:99'));
  assert.equal((await refused(gateway, { headers: { forwarded: 'for=7.7.7.7', 'x-forwarded-for': '1.2.3.4' } })).status, 429);
  const addresses = (await gateway.rpc().listConnections({})).connections.map((one) => one.remoteAddress).sort();
  assert.deepEqual(addresses, ['1.2.3.4:0', '5.6.7.8:99']);
  const other = await startGateway(t, ['--forwarded-header', 'forwarded', ...local]);
  await other.connect('', { headers: { forwarded: 'for="[2001:db8::1]:47";proto=https', 'x-forwarded-for': '6.6.6.6' } });
  assert.equal((await other.rpc().listConnections({})).connections[0].remoteAddress, '[2001:db8::1]:47');
  const untrusting = await startGateway(t, ['--address-connections-max', '1', '--trusted-proxies', '10.0.0.0/8']);
  await untrusting.connect('', from('1.2.3.4'));
  assert.equal((await refused(untrusting, from('5.6.7.8'))).status, 429);
});

test('a Socket.IO client keeps its address when it upgrades, and backends are told of it', async (t) => {
  const gateway = await startGateway(t, [...local, '--client-messages', 'backend', '--workers', '4']);
  const backend = await new Backend(gateway).attached();
  const socket = await ioConnected(t, gateway, { extraHeaders: { 'x-forwarded-for': '1.2.3.4' } });
  assert.equal((await backend.event('connected')).connected.remoteAddress, '1.2.3.4:0');
  await eventually(() => socket.io.engine.transport.name === 'websocket', 'the upgrade');
  await eventually(async () => (await gateway.metric('sluice_connections', { protocol: 'http' })) <= 1, 'its requests to end');
  const { connections } = await gateway.rpc().listConnections({});
  assert.deepEqual(connections.map((one) => one.remoteAddress), ['1.2.3.4:0']);
});

test('clients come no faster than they may, from one address and from all', async (t) => {
  const gateway = await startGateway(t, ['--address-connects-per-second-max', '2', '--connects-per-second-max', '5', ...local]);
  const tries = async (address, count) => {
    const statuses = await Promise.all(Array.from({ length: count }, async () => {
      const client = new Client(gateway.url(), from(address));
      return Promise.race([client.opened().then(() => 101, () => 0), client.whenRefused().then((one) => one.status, () => 0)]);
    }));
    return statuses.filter((one) => one === 101).length;
  };
  const began = Date.now();
  const first = await tries('1.1.1.1', 10);
  const second = await tries('2.2.2.2', 10);
  const third = await tries('3.3.3.3', 10);
  const seconds = (Date.now() - began) / 1000 + 1;
  assert.ok(first >= 2 && first <= 2 * seconds + 1, `${first} of one address in ${seconds} s`);
  assert.ok(second >= 1 && third >= 0);
  assert.ok(first + second + third <= 5 * seconds + 1, `${first + second + third} in all`);
  await eventually(async () => (await tries('4.4.4.4', 1)) === 1, 'another to be let in');
});

test('a user has so many connections at a time, of every kind', async (t) => {
  const gateway = await startGateway(t, ['--user-connections-max', '2', '--token-secret', secret]);
  const ann = { headers: { authorization: `Bearer ${token({ sub: 'ann' })}` } };
  const first = await gateway.connect('', ann);
  await ioConnected(t, gateway, { auth: { token: token({ sub: 'ann' }) }, transports: ['websocket'] });
  assert.match((await refused(gateway, ann)).message, /connections of this user/);
  const error = await ioRefused(t, gateway, { auth: { token: token({ sub: 'ann' }) }, transports: ['websocket'] });
  assert.deepEqual([error.message, error.data], ['there are as many connections of this user as may be', { code: 'too_many' }]);
  await gateway.connect('', { headers: { authorization: `Bearer ${token({ sub: 'bob' })}` } });
  assert.equal(await gateway.metric('sluice_clients_over_limit_total', { limit: 'user' }), 2);
  await first.close();
  await eventually(async () => {
    const client = new Client(gateway.url(), ann);
    return Promise.race([client.opened().then(() => true, () => false), client.whenRefused().then(() => false, () => false)]);
  }, 'room for another');
});

for (const [what, flags, query] of [['messages', ['--messages-per-second-max', '20'], 'x'], ['bytes', ['--bytes-per-second-max', '2000'], 'x'.repeat(100)]]) {
  test(`a client that sends too many ${what} is read no further for a while, and loses nothing`, async (t) => {
    const gateway = await startGateway(t, flags);
    const [fast, other] = [await gateway.connect('?room=a'), await gateway.connect('?room=b')];
    const began = Date.now();
    for (let n = 0; n < 50; ++n) fast.send(query);
    other.send('not slowed');
    await other.has('not slowed');
    await fast.count(50);
    const seconds = (Date.now() - began) / 1000;
    assert.ok(seconds > 1.2, `50 in ${seconds} s`);
    assert.deepEqual(new Set(fast.messages), new Set([query]));
    assert.ok((await gateway.metric('sluice_read_delays_total')) > 0);
  });
}

test('Socket.IO clients are slowed too, over WebSocket and by polling', async (t) => {
  const gateway = await startGateway(t, ['--messages-per-second-max', '20', '--client-messages', 'echo']);
  for (const transport of ['websocket', 'polling']) {
    const socket = await ioConnected(t, gateway, { transports: [transport] });
    const got = [];
    socket.on('n', (n) => got.push(n));
    const began = Date.now();
    for (let n = 0; n < 45; ++n) socket.emit('n', n);
    await eventually(() => got.length === 45, 'all of them', 20_000);
    assert.ok(Date.now() - began > 1000, transport);
    assert.deepEqual(got, Array.from({ length: 45 }, (_, n) => n));
    socket.close();
  }
});

test('what comes too fast may be dropped, or end the connection', async (t) => {
  const dropping = await startGateway(t, ['--messages-per-second-max', '5', '--over-rate', 'drop']);
  const client = await dropping.connect();
  for (let n = 0; n < 40; ++n) client.send(String(n));
  await dropping.untilMetric('sluice_drops_total', { reason: 'over_rate' }, (value) => value >= 20);
  await client.count(3);
  assert.deepEqual(client.messages.slice(0, 3), ['0', '1', '2']);
  const commands = await dropping.connect('', { protocols: ['sluice.v1.json'] });
  for (let id = 1; id <= 20; ++id) commands.send(JSON.stringify({ id, presence: { rooms: ['lobby'] } }));
  const replies = () => commands.parsed.filter((one) => one.reply);
  await commands.until(() => replies().length === 20, 'an answer to each');
  assert.ok(replies().some((one) => one.error?.code === 'too_many'));
  const closing = await startGateway(t, ['--messages-per-second-max', '5', '--over-rate', 'close']);
  const closed = await closing.connect();
  for (let n = 0; n < 40; ++n) closed.send(String(n));
  assert.equal((await closed.whenClosed()).code, 1008);
  await closing.untilMetric('sluice_connections_closed_total', { reason: 'over_rate' }, (value) => value === 1);
});

// A connection that begins with these bytes, then asks for a WebSocket; gives the first bytes of the answer.
async function begin(gateway, ...pieces) {
  const [host, port] = splitAddress(gateway.clients);
  const socket = net.connect(port, host);
  socket.on('error', () => {});
  await once(socket, 'connect');
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  const answer = await new Promise((resolve) => {
    socket.on('data', (data) => resolve(data.toString())).on('close', () => resolve(''));
  });
  return { socket, status: answer.slice(9, 12) };
}

test('PROXY headers of both versions say where a client is', async (t) => {
  const gateway = await startGateway(t, [...local, '--proxy-protocol']);
  const binary = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000202c0000201dc0501bb', 'hex');
  const sockets = [];
  for (const pieces of [['PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n'], ['PROXY TC', 'P6 2001:db8::1 ::1 7 8\r\n'], [binary.subarray(0, 9), binary.subarray(9)]]) {
    const { socket, status } = await begin(gateway, ...pieces);
    assert.equal(status, '101');
    sockets.push(socket);
  }
  const addresses = (await gateway.rpc().listConnections({})).connections.map((one) => one.remoteAddress).sort();
  assert.deepEqual(addresses, ['192.0.2.1:56324', '192.0.2.2:56325', '[2001:db8::1]:7']);
  for (const socket of sockets) socket.destroy();
  assert.equal((await begin(gateway, '')).status, '');
  await gateway.until(() => gateway.logged('transport_failed'), 'the line');
  assert.ok(gateway.logged('transport_failed').why.includes('PROXY header'));
  const far = await startGateway(t, ['--trusted-proxies', '10.0.0.0/8', '--proxy-protocol']);
  const plain = await begin(far);
  assert.equal(plain.status, '101');
  plain.socket.destroy();
});

test('credentials of a client that broke off are not the next one’s', async (t) => {
  const gateway = await startGateway(t, ['--token-secret', secret, '--allow-anonymous', '--workers', '1']);
  const first = await gateway.connect('', { headers: { authorization: `Bearer ${token({ sub: 'ann', jti: 'gone' })}` } });
  first.terminate();
  await gateway.untilMetric('sluice_connections', { protocol: 'websocket' }, (value) => value === 0);
  const next = await gateway.connect();
  const { disconnected } = await gateway.rpc('Access').revokeTokens({ tokenId: 'gone' });
  assert.equal(disconnected, 0);
  next.send('still here');
  await next.has('still here');
});

test('limits that make no sense are refused with what is wanted', async () => {
  for (const [flags, why] of [[['--trusted-proxies', 'proxy.example'], /an address or a network/], [['--proxy-protocol'], /--trusted-proxies/], [['--over-rate', 'shout'], /delay/]]) {
    const { code, stderr } = await run(['serve', ...flags]);
    assert.equal(code, 2);
    assert.match(stderr, why);
  }
});

test('a client that is delayed for long and hangs up is gone soon', async (t) => {
  const gateway = await startGateway(t, ['--bytes-per-second-max', '1000']);
  const client = await gateway.connect();
  client.send('x'.repeat(500_000));
  await gateway.untilMetric('sluice_read_delays_total', {}, (value) => value > 0);
  client.terminate();
  await gateway.untilMetric('sluice_connections', { protocol: 'websocket' }, (value) => value === 0);
});

test('a PROXY header comes before TLS', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-proxied-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const gateway = await startGateway(t, [...local, '--proxy-protocol', '--listen-tls', '127.0.0.1:0', ...tlsFlags(makeCertificate(folder))]);
  const [host, port] = splitAddress(gateway.address('clients_tls'));
  const plain = net.connect(port, host);
  await once(plain, 'connect');
  plain.write('PROXY TCP4 192.0.2.9 192.0.2.2 5 443\r\n');
  const socket = tls.connect({ socket: plain, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  t.after(() => socket.destroy());
  socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  assert.match(String((await once(socket, 'data'))[0]), /^HTTP\/1\.1 101 /);
  assert.equal((await gateway.rpc().listConnections({})).connections[0].remoteAddress, '192.0.2.9:5');
});
