// Engine.IO 4: handshake, long-polling, WebSocket, heartbeats, overlaps, limits.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Socket as EngineClient } from 'engine.io-client';
import { Raw, startGateway } from './harness.mjs';
import { Engine, isRefusal, openEngine } from './engine.mjs';

let gateway;
before(async () => {
  gateway = await startGateway(null, ['--client-messages', 'echo', '--workers', '3', '--message-bytes-max', '1000']);
});
after(() => gateway.stop());

const session = (t, { gateway: on = gateway, ...options } = {}) => openEngine(t, on, options);

test('a handshake says what the session is like', async (t) => {
  const engine = new Engine(gateway);
  t.after(() => engine.close());
  const { status, headers } = await engine.open();
  assert.equal(status, 200);
  assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
  assert.equal(headers['cache-control'], 'no-store');
  const { sid, ...rest } = engine.handshake;
  assert.match(sid, /^[\w-]{48}$/);
  assert.deepEqual(rest, { upgrades: ['websocket'], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1000 });
  const client = await new Engine(gateway).socket();
  await client.count(1);
  assert.deepEqual(JSON.parse(client.messages[0].slice(1)).upgrades, []);
  await client.close();
});

const refusals = [
  ['no transport', '/engine.io/?EIO=4', {}, 0, 'Transport unknown'],
  ['another transport', '/engine.io/?EIO=4&transport=abc', {}, 0, 'Transport unknown'],
  ['no revision', '/engine.io/?transport=polling', {}, 5, 'Unsupported protocol version'],
  ['an old revision', '/engine.io/?EIO=3&transport=polling', {}, 5, 'Unsupported protocol version'],
  ['another method', '/engine.io/?EIO=4&transport=polling', { method: 'POST' }, 2, 'Bad handshake method'],
  ['a session id that is none', '/engine.io/?EIO=4&transport=polling&sid=x', {}, 1, 'Session ID unknown'],
  ['a WebSocket without an upgrade', '/engine.io/?EIO=4&transport=websocket', {}, 3, 'Bad request'],
  ['an origin that may not connect', '/engine.io/?EIO=4&transport=polling', { headers: { origin: 'http://other' } }, 4, 'Forbidden'],
];
for (const [what, path, options, code, message] of refusals) {
  test(`a request with ${what} is refused`, async () => {
    const engine = new Engine(gateway);
    isRefusal(await engine.ask({ path, ...options }), code, message);
    engine.close();
  });
}

test('a forged id is refused at once, whatever worker it names', async (t) => {
  const engine = await session(t);
  const carried = await gateway.metric('sluice_requests_carried_total');
  for (let at = 0; at < 48; at += 5) {
    const forged = engine.sid.slice(0, at) + (engine.sid[at] === 'A' ? 'B' : 'A') + engine.sid.slice(at + 1);
    isRefusal(await engine.ask({ path: `/engine.io/?EIO=4&transport=polling&sid=${forged}` }), 1, 'Session ID unknown');
  }
  assert.equal(await gateway.metric('sluice_requests_carried_total'), carried);
});

test('an old client is refused with a log line that says what to do', async () => {
  const engine = new Engine(gateway);
  await engine.ask({ path: '/socket.io/?EIO=3&transport=polling' });
  engine.close();
  await gateway.until(() => gateway.log.some((line) => line.event === 'engine_io_refused' && /socket\.io-client 3/.test(line.why)), 'the log line');
});

test('the path may end without a slash, and t means nothing', async (t) => {
  const engine = new Engine(gateway, { route: '/engine.io', query: '&t=abc' });
  t.after(() => engine.close());
  assert.equal((await engine.open()).status, 200);
  assert.equal((await engine.post('4hi')).text, 'ok');
  assert.deepEqual(await engine.packets(), ['4hi']);
});

test('texts and bytes go there and back by polling', async (t) => {
  const engine = await session(t);
  const answer = await engine.post('4a\x1e4ä€\x1ebAQIDBA==\x1e4');
  assert.deepEqual([answer.status, answer.text], [200, 'ok']);
  const { text, headers } = await engine.poll();
  assert.equal(text, '4a\x1e4ä€\x1ebAQIDBA==\x1e4');
  assert.equal(Number(headers['content-length']), Buffer.byteLength(text));
});

test('texts and bytes go there and back by WebSocket', async () => {
  const client = await new Engine(gateway).socket();
  client.send('4a');
  client.send(Buffer.from([1, 2, 3]));
  client.send('bAQI=');
  await client.count(4);
  assert.deepEqual(client.messages.slice(1), ['4a', Buffer.from([1, 2, 3]), Buffer.from([1, 2])]);
  await client.close();
});

test('a poll waits until there is something', async (t) => {
  const engine = await session(t);
  const poll = engine.poll();
  await engine.post('4late');
  assert.equal((await poll).text, '4late');
});

test('a frame larger than one write is given whole', async (t) => {
  const big = await startGateway(t, ['--client-messages', 'echo', '--message-bytes-max', '1000000']);
  const engine = await session(t, { gateway: big });
  const text = `4${'x'.repeat(900_000)}`;
  await engine.post(text);
  await engine.post('4y');
  const packets = await engine.packets();
  while (packets.length < 2) packets.push(...(await engine.packets()));
  assert.deepEqual(packets, [text, '4y']);
});

for (const [what, body] of [['of no type', 'abc'], ['of nothing', ''], ['with an empty packet', '4a\x1e'], ['of bytes that are not base64', 'b==='], ['with a ping, which is the server\'s', '2']]) {
  test(`a payload ${what} ends the session`, async (t) => {
    const engine = await session(t);
    assert.equal((await engine.post(body)).status, 400);
    isRefusal(await engine.poll(), 1, 'Session ID unknown');
  });
}

test('a payload that is not UTF-8 ends the session', async (t) => {
  const engine = await session(t);
  assert.equal((await engine.post(Buffer.from([0x34, 0xff]))).status, 400);
  assert.equal((await engine.poll()).status, 400);
});

test('an octet stream is refused, as the third revision had it', async (t) => {
  const engine = await session(t);
  isRefusal(await engine.ask({ method: 'POST', path: engine.path('polling'), body: '4a', headers: { 'content-type': 'application/octet-stream' } }), 3, 'Bad request');
});

test('a payload over maxPayload is refused, announced or not, and the session stays', async (t) => {
  const engine = await session(t);
  assert.equal((await engine.post(`4${'x'.repeat(1000)}`)).status, 413);
  assert.equal((await engine.ask({ method: 'POST', path: engine.path('polling'), body: `4${'x'.repeat(1000)}`, headers: { 'transfer-encoding': 'chunked' } })).status, 413);
  assert.equal((await engine.post(`4${'x'.repeat(999)}`)).status, 200);
  assert.equal((await engine.packets())[0].length, 1000);
});

test('a message over maxPayload closes a WebSocket with 1009', async () => {
  const client = await new Engine(gateway).socket();
  client.send(`4${'x'.repeat(1000)}`);
  assert.equal((await client.whenClosed()).code, 1009);
});

test('a chunked body is read like any other', async (t) => {
  const engine = await session(t);
  const raw = await Raw.open(gateway.clients, t);
  raw.write(`POST ${engine.path('polling')} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n4a\r\n`);
  raw.write('3;x=y\r\n\x1e4b\r\n0\r\nTrailer: z\r\n\r\n');
  await raw.until(() => raw.received.toString().endsWith('ok'), 'the answer');
  assert.deepEqual(await engine.packets(), ['4a', '4b']);
});

test('requests on one connection are answered in their order, also those that came ahead', async (t) => {
  const engine = await session(t);
  const raw = await Raw.open(gateway.clients, t);
  const post = (body) => `POST ${engine.path('polling')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const get = `GET ${engine.path('polling')} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  raw.write(post('4one') + get + post('4two') + get);
  await raw.until(() => raw.received.toString().endsWith('4two'), 'all answers');
  const bodies = raw.received.toString().split(/HTTP\/1\.1 200 OK\r\n/).slice(1).map((one) => one.split('\r\n\r\n')[1]);
  assert.deepEqual(bodies, ['ok', '4one', 'ok', '4two']);
});

test('a client that closes gets a noop for its poll, and the session is gone', async (t) => {
  const engine = await session(t);
  const poll = engine.poll();
  await Promise.all([engine.post('1'), poll]);
  assert.deepEqual([(await poll).status, (await poll).text], [200, '6']);
  assert.equal((await engine.poll()).status, 400);
});

test('a second poll at a time ends the session', async (t) => {
  const engine = await session(t);
  const polls = await Promise.all([engine.poll(), engine.poll()]);
  assert.deepEqual(polls.map((one) => one.status).sort(), [200, 400]);
  assert.equal(polls.find((one) => one.status === 200).text, '1');
  assert.equal((await engine.poll()).status, 400);
});

test('a second POST at a time ends the session', async (t) => {
  const engine = await session(t);
  const raw = await Raw.open(gateway.clients, t);
  const carried = () => gateway.metric('sluice_requests_carried_total');
  const before = await carried();
  raw.write(`POST ${engine.path('polling')} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n4a`);
  // The first has been noticed once the second is refused; until then they do not overlap.
  for (let status = 200; status !== 400;) ({ status } = await engine.post('4b'));
  assert.equal((await engine.poll()).status, 400);
  assert.ok((await carried()) >= before);
});

test('a client that breaks its poll off ends the session', async (t) => {
  const engine = await session(t);
  const poll = engine.poll().catch((error) => error);
  await gateway.untilMetric('sluice_connections', { protocol: 'engineio' }, (value) => value > 0);
  engine.last.destroy();
  await poll;
  const other = new Engine(gateway);
  other.sid = engine.sid;
  for (;;) {
    const { status, text } = await other.post('4x');
    if (status === 400) {
      assert.equal(JSON.parse(text).code, 1);
      break;
    }
  }
  other.close();
});

// --- heartbeats ---

test('pings come when they are due, on both transports, and silence ends the session', async (t) => {
  const other = await startGateway(t, ['--engine-ping-interval-ms', '300', '--engine-ping-timeout-ms', '3000']);
  const client = await new Engine(other).socket();
  await client.count(2);
  const took = [];
  for (let count = 3; count < 8; ++count) {
    assert.equal(client.messages[count - 2], '2');
    const last = performance.now();
    client.send('3');
    await client.count(count);
    took.push(performance.now() - last);
  }
  // Who is kept from its core sees some of them late, but not all.
  assert.ok(Math.min(...took) > 280 && Math.min(...took) < 400, `${took}`);
  await client.whenClosed();
  const polled = await session(t, { gateway: other });
  assert.equal((await polled.poll()).text, '2');
  await polled.post('3');
  assert.equal((await polled.poll()).text, '2');
  assert.equal((await polled.poll()).text, '1');
  assert.equal((await polled.poll()).status, 400);
});

// --- CORS ---

test('pages of allowed origins may read the answers, with their cookies', async (t) => {
  const other = await startGateway(t, ['--allowed-origins', 'http://page.example']);
  const engine = new Engine(other);
  t.after(() => engine.close());
  const headers = { origin: 'http://page.example' };
  const { headers: got } = await engine.ask({ headers });
  assert.equal(got['access-control-allow-origin'], 'http://page.example');
  assert.equal(got['access-control-allow-credentials'], 'true');
  assert.equal(got.vary, 'Origin');
  const preflight = await engine.ask({ method: 'OPTIONS', headers: { ...headers, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-mine' } });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers['access-control-allow-headers'], 'x-mine');
  assert.match(preflight.headers['access-control-allow-methods'], /POST/);
  const refused = await engine.ask({ headers: { origin: 'http://other.example' } });
  assert.equal(refused.status, 403);
  assert.equal(refused.headers['access-control-allow-origin'], undefined);
});

test('where every origin may connect, cookies mean nothing', async (t) => {
  const other = await startGateway(t, ['--allowed-origins', '*']);
  const engine = new Engine(other);
  t.after(() => engine.close());
  const { headers } = await engine.ask({ headers: { origin: 'http://any.example' } });
  assert.equal(headers['access-control-allow-origin'], '*');
  assert.equal(headers['access-control-allow-credentials'], undefined);
});

// --- the client library ---

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  test(`engine.io-client talks by ${transports.join(' and ')}`, async () => {
    const client = new EngineClient(`http://${gateway.clients}`, { path: '/engine.io/', transports });
    const got = [];
    await new Promise((resolve, reject) => {
      client.on('error', reject);
      client.on('message', (message) => {
        got.push(typeof message === 'string' ? message : Buffer.from(message));
        if (got.length === 20) resolve();
      });
      client.on('open', () => {
        for (let count = 0; count < 10; ++count) {
          client.send(`text ${count}`);
          client.send(Buffer.from([count]));
        }
      });
    });
    assert.deepEqual(got, Array.from({ length: 10 }, (_, count) => [`text ${count}`, Buffer.from([count])]).flat());
    client.close();
  });
}

test('Engine.IO and WebSocket clients meet in a room', async (t) => {
  const other = await startGateway(t, ['--workers', '3']);
  const engine = await session(t, { gateway: other, query: '&room=x' });
  const client = await other.connect('?room=x');
  client.send('from a WebSocket');
  assert.deepEqual(await engine.packets(), ['4from a WebSocket']);
  await engine.post('4from polling');
  await client.has('from polling');
  await other.publish('from a publisher', { rooms: ['x'] });
  assert.deepEqual((await engine.packets((packet) => packet.includes('publisher'))).at(-1), '4from a publisher');
  const { connections } = await other.rpc().listConnections({ room: 'x' });
  assert.deepEqual(connections.map((one) => one.protocol).sort(), ['PROTOCOL_ENGINE_IO', 'PROTOCOL_WEBSOCKET']);
});

test('an enveloped Engine.IO client resumes from its position', async (t) => {
  const other = await startGateway(t);
  const first = await session(t, { gateway: other, query: '&envelope=1' });
  const open = JSON.parse((await first.packets())[0].slice(1));
  assert.equal(open.notice, 'open');
  await other.publish('missed');
  const second = await session(t, { gateway: other, query: `&since=${open.position}` });
  const seen = [];
  while (seen.length < 2) seen.push(...(await second.packets()));
  assert.deepEqual(seen.map((packet) => JSON.parse(packet.slice(1)).data ?? 'open'), ['open', 'missed']);
});

test('a drained gateway closes sessions so that clients come back', async (t) => {
  const other = await startGateway(t);
  const engine = await session(t, { gateway: other });
  const poll = engine.poll();
  const client = await new Engine(other).socket();
  other.signal();
  assert.equal((await client.whenClosed()).code, 1001);
  const { status, text } = await poll;
  assert.ok((status === 200 && text === '1') || status === 503, `${status} ${text}`);
  await other.ended();
});
