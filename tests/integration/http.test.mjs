// Requests on the client port that are no WebSocket, or that may not become one: each has its own answer.
import assert from 'node:assert/strict';
import { before, after, test } from 'node:test';
import { Client, Raw, frame, handshake, startGateway } from './harness.mjs';

let gateway;
before(async () => {
  gateway = await startGateway(null, ['--http-header-bytes-max', '4096', '--room-name-bytes-max', '32', '--rooms-per-connection-max', '3']);
});
after(() => gateway.stop());

async function ask(bytes, t, to = gateway) {
  const raw = await Raw.open(to.clients, t);
  raw.write(bytes);
  await raw.untilEnd();
  const [head, body] = raw.received.toString().split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d+) /.exec(head)?.[1]), head, text: body, body: body ? JSON.parse(body) : null };
}
const get = (target, headers = '') => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`;

const answers = [
  ['an unknown path', get('/nothing'), 404, 'not_found'],
  ['a known path without an upgrade', get('/'), 426, 'bad_request', /Upgrade: websocket/i],
  ['another method', handshake().replace('GET', 'POST'), 405, 'bad_request', /Allow: GET/],
  ['another version of WebSocket', handshake('', '', { version: '8' }), 426, 'bad_request', /Sec-WebSocket-Version: 13/],
  ['no key', handshake().replace(/Sec-WebSocket-Key.*\r\n/, ''), 400, 'bad_request'],
  ['a key of another length', handshake().replace('dGhlIHNhbXBsZSBub25jZQ==', 'c2hvcnQ='), 400, 'bad_request'],
  ['HTTP/1.0', handshake().replace('HTTP/1.1', 'HTTP/1.0'), 400, 'bad_request'],
  ['no Host', handshake().replace('Host: localhost\r\n', ''), 400, 'bad_request'],
  ['two Hosts', handshake('', 'Host: other\r\n'), 400, 'bad_request'],
  ['both Content-Length and Transfer-Encoding', get('/', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'), 400, 'bad_request'],
  ['two Content-Lengths', get('/', 'Content-Length: 3\r\nContent-Length: 4\r\n'), 400, 'bad_request'],
  ['a folded header', get('/', 'X-Long: a\r\n b\r\n'), 400, 'bad_request'],
  ['bare line feeds', 'GET / HTTP/1.1\nHost: localhost\n\n', 400, 'bad_request'],
  ['a carriage return alone', get('/', 'X: a\rb\r\n'), 400, 'bad_request'],
  ['a NUL', get('/', 'X: a\0b\r\n'), 400, 'bad_request'],
  ['a space before the colon', get('/', 'X : a\r\n'), 400, 'bad_request'],
  ['an upgrade with a body', handshake('', 'Content-Length: 3\r\n'), 400, 'bad_request'],
  ['no HTTP at all', '\x00\x01\x02\x03', 400, 'bad_request'],
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00', 400, 'bad_request'],
  ['an absolute target', get('http://other/'), 400, 'bad_request'],
  ['a percent sign without digits', handshake('?room=%zz'), 400, 'bad_request'],
  ['an empty room name', handshake('?room='), 400, 'bad_request'],
  ['a room name over the limit', handshake(`?room=${'x'.repeat(33)}`), 400, 'bad_request'],
  ['a room name that is not UTF-8', handshake('?room=%ff'), 400, 'bad_request'],
  ['a room name with a control character', handshake('?room=a%0Ab'), 400, 'bad_request'],
  ['more rooms than allowed', handshake('?room=a&room=b&room=c&room=d'), 400, 'bad_request'],
  ['an envelope that is neither 0 nor 1', handshake('?envelope=yes'), 400, 'bad_request'],
  ['an unknown namespace', handshake('?namespace=/none'), 404, 'not_found'],
];
for (const [what, request, status, error, header] of answers) {
  test(`${what} is answered with ${status}`, async (t) => {
    const answer = await ask(Buffer.from(request, 'latin1'), t);
    assert.equal(answer.status, status, answer.head);
    assert.equal(answer.body.error, error);
    assert.ok(answer.body.message.length > 10, answer.body.message);
    assert.match(answer.head, /Connection: close/);
    if (header) assert.match(answer.head, header);
  });
}

test('headers over the limit are answered with 431, at the limit they pass', async (t) => {
  const pad = (size) => handshake('', `X-Pad: ${'x'.repeat(size - handshake('', 'X-Pad: \r\n').length)}\r\n`);
  assert.equal(pad(4096).length, 4096);
  const fits = await Raw.open(gateway.clients, t);
  fits.write(pad(4096));
  await fits.until(() => fits.received.includes('101'), 'the handshake');
  const answer = await ask(pad(4097), t);
  assert.equal(answer.status, 431);
  const endless = await ask(`GET / HTTP/1.1\r\nX: ${'x'.repeat(5000)}`, t);
  assert.equal(endless.status, 431);
});

test('a request that does not arrive in time is answered with 408', async (t) => {
  const hasty = await startGateway(t, ['--handshake-seconds-max', '0.4']);
  const answer = await ask('GET / HTT', t, hasty);
  assert.equal(answer.status, 408);
  assert.equal(answer.body.error, 'timed_out');
});

test('rooms and names at their limits are taken', async () => {
  const client = await gateway.connect(`?room=${'x'.repeat(32)}&room=${encodeURIComponent('größe 1')}&room=c`);
  await gateway.publish('to all three', { rooms: ['größe 1'] });
  await client.has('to all three');
  client.terminate();
});

test('a handshake that comes byte by byte succeeds', async (t) => {
  const raw = await Raw.open(gateway.clients, t);
  for (const byte of Buffer.concat([Buffer.from(handshake()), frame(1, 'hello')])) raw.write(Buffer.from([byte]));
  await raw.until(() => raw.received.includes('hello'), 'the relayed message');
});

test('refused requests are counted', async (t) => {
  const before = await gateway.metric('sluice_handshakes_refused_total');
  await ask(get('/nothing'), t);
  assert.equal(await gateway.metric('sluice_handshakes_refused_total'), before + 1);
});

test('origins: none passes, the page’s own host passes, null and others do not', async (t) => {
  const strict = await startGateway(t);
  const host = strict.clients;
  const tried = async (origin, headers = {}) => {
    const client = new Client(strict.url(), { headers: { ...(origin === undefined ? {} : { origin }), ...headers } });
    await client.until(() => client.refused || client.socket.readyState === 1, 'an answer');
    const status = client.refused?.status ?? 101;
    client.terminate();
    return status;
  };
  assert.equal(await tried(undefined), 101);
  assert.equal(await tried(`http://${host}`), 101);
  assert.equal(await tried('http://evil.example'), 403);
  assert.equal(await tried(`http://${host.split(':')[0]}`), 403, 'another port is another origin');
  assert.equal(await tried('null'), 403);
  assert.equal(await tried('https://app.example', { host: 'app.example' }), 101, 'behind a proxy that took TLS off');
  const listed = await startGateway(t, ['--allowed-origins', 'https://a.example', '--allowed-origins', 'http://b.example:81']);
  for (const [origin, status] of [['https://a.example', 101], ['http://a.example', 403], ['http://b.example:81', 101], ['null', 403]]) {
    const client = new Client(listed.url(), { headers: { origin } });
    await client.until(() => client.refused || client.socket.readyState === 1, 'an answer');
    assert.equal(client.refused?.status ?? 101, status, origin);
    client.terminate();
  }
});

test('what stands behind a refused request is not taken for another one', async (t) => {
  const raw = await Raw.open(gateway.clients, t);
  raw.write(`${get('/nothing')}${handshake('?room=smuggled')}`);
  await raw.untilEnd();
  assert.equal(raw.received.toString().match(/HTTP\/1\.1 /g).length, 1, 'one answer, then the end');
  assert.match(raw.received.toString(), /^HTTP\/1\.1 404 /);
});

test('an answer is whole: its length is right, its type is JSON, and nothing of the request comes back', async (t) => {
  const answer = await ask(handshake('?room=%3Cscript%3E&room=', 'X-Mark: reflected\r\n'), t);
  assert.equal(answer.status, 400);
  assert.match(answer.head, /\r\nContent-Type: application\/json/i);
  const length = Number(/\r\nContent-Length: (\d+)/i.exec(answer.head)[1]);
  assert.equal(length, Buffer.byteLength(answer.text));
  assert.doesNotMatch(JSON.stringify(answer.body) + answer.head, /script|reflected/);
});

test('a client that is slow with its request is ended on time even while bytes come', async (t) => {
  const hasty = await startGateway(t, ['--handshake-seconds-max', '0.4']);
  const raw = await Raw.open(hasty.clients, t);
  let isOver = false;
  raw.socket.on('close', () => (isOver = true)).on('error', () => (isOver = true));
  // One byte a time for as long as it is listened to.
  const drip = () => !isOver && raw.socket.write('x', () => setTimeout(drip, 20));
  raw.write('GET /?');
  drip();
  await raw.untilEnd();
  assert.match(raw.received.toString(), /^HTTP\/1\.1 408 /);
});

test('a page that may not connect is told so as JSON, and a * lets every page in but null', async (t) => {
  const any = await startGateway(t, ['--allowed-origins', '*']);
  const client = new Client(any.url(), { headers: { origin: 'https://anywhere.example' } });
  await client.opened();
  client.terminate();
  const strict = await startGateway(t);
  const refused = await new Client(strict.url(), { headers: { origin: 'https://anywhere.example' } }).whenRefused();
  assert.equal(refused.status, 403);
  assert.equal(JSON.parse(refused.body).error, 'forbidden');
});
