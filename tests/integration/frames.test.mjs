// RFC 6455 on the wire: what clients may send, and the close code that each mistake gets.
import assert from 'node:assert/strict';
import { before, after, test } from 'node:test';
import { Client, Raw, frame, handshake, startGateway } from './harness.mjs';

let gateway;
before(async () => {
  gateway = await startGateway(null, ['--client-messages', 'echo', '--message-bytes-max', '100000', '--fragments-per-message-max', '100']);
});
after(() => gateway.stop());

const open = (t, options = {}) => Raw.upgrade(gateway.clients, { t, ...options });
const text = (raw) => raw.frames.filter((one) => one.opcode === 1).map((one) => one.payload.toString());

test('the handshake answers the RFC’s own example', async (t) => {
  const raw = await open(t);
  assert.match(raw.head, /^HTTP\/1\.1 101 Switching Protocols\r\n/);
  assert.match(raw.head, /\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
  assert.doesNotMatch(raw.head, /Sec-WebSocket-(Extensions|Protocol)/i);
});

test('a frame right behind the handshake is not lost', async (t) => {
  const raw = await open(t, { extra: Buffer.concat([frame(1, 'early'), frame(9, 'ping')]) });
  await raw.until(() => raw.frames.length === 2, 'two frames');
  assert.deepEqual(raw.frames.map((one) => [one.opcode, one.payload.toString()]), [[1, 'early'], [10, 'ping']]);
});

test('frames that come byte by byte are put together', async (t) => {
  const raw = await open(t);
  const bytes = Buffer.concat([
    frame(1, 'gr', { fin: false }), frame(9, 'in between'), frame(0, Buffer.from('üß').subarray(0, 1), { fin: false }),
    frame(0, Buffer.from('üß').subarray(1)), frame(2, Buffer.alloc(300, 7)), frame(1, ''),
  ]);
  for (const byte of bytes) raw.write(Buffer.from([byte]));
  await raw.until(() => raw.frames.length === 4, 'four frames');
  assert.deepEqual(raw.frames.map((one) => one.opcode), [10, 1, 2, 1]);
  assert.equal(raw.frames[1].payload.toString(), 'grüß');
  assert.equal(raw.frames[2].payload.length, 300);
});

test('messages of every length class come back whole', async () => {
  const client = await gateway.connect();
  const sizes = [0, 1, 125, 126, 127, 128, 65535, 65536, 99999, 100000];
  for (const size of sizes) client.send(Buffer.alloc(size, size & 255));
  await client.count(sizes.length);
  assert.deepEqual(client.messages.map((message) => message.length), sizes);
  client.terminate();
});

const mistakes = [
  ['an unmasked frame', frame(1, 'hi', { masked: false }), 1002],
  ['a reserved bit', frame(1, 'hi', { rsv: 0x40 }), 1002],
  ['a reserved data opcode', frame(3, 'hi'), 1002],
  ['a reserved control opcode', frame(11, 'hi'), 1002],
  ['a fragmented control frame', frame(9, 'hi', { fin: false }), 1002],
  ['a control frame over 125 bytes', frame(9, 'x'.repeat(126)), 1002],
  ['a continuation of nothing', frame(0, 'hi'), 1002],
  ['a message inside another', Buffer.concat([frame(1, 'a', { fin: false }), frame(1, 'b')]), 1002],
  ['a length with the top bit set', Buffer.from([0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]), 1002],
  ['a length not in its shortest form', Buffer.from([0x82, 0xfe, 0, 1, 0, 0, 0, 0, 1]), 1002],
  ['a close frame with half a code', frame(8, Buffer.from([3])), 1002],
  ['a close reason that is not UTF-8', frame(8, Buffer.from([3, 0xe8, 0xff])), 1007],
  ['text that is not UTF-8', frame(1, Buffer.from([0xc0, 0xaf])), 1007],
  ['text cut in the middle of a character', frame(1, Buffer.from([0xe2, 0x82])), 1007],
  ['text wrong in the middle of a fragment, before its end', frame(1, Buffer.from([0x61, 0xff]), { length: 1000 }), 1007],
  ['a surrogate', frame(1, Buffer.from([0xed, 0xa0, 0x80])), 1007],
  ['a message over the limit, told by its head', frame(2, '', { length: 100001 }), 1009],
  ['fragments over the limit together', Buffer.concat([frame(2, 'x'.repeat(60000), { fin: false }), frame(0, '', { length: 40001 })]), 1009],
  ['more fragments than the limit', Buffer.concat([frame(2, '', { fin: false }), ...Array.from({ length: 100 }, () => frame(0, '', { fin: false }))]), 1009],
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((code) => [
    `close code ${code}`, frame(8, Buffer.from([code >> 8, code & 255])), 1002,
  ]),
];
for (const [what, bytes, code] of mistakes) {
  test(`${what} is answered with ${code}, and the connection is closed`, async (t) => {
    const raw = await open(t);
    raw.write(Buffer.concat([frame(1, 'before'), bytes]));
    assert.equal((await raw.closeFrame()).code, code);
    assert.deepEqual(text(raw), ['before']);
    await raw.untilEnd();
    assert.equal(raw.failure, null, 'closed, not reset');
  });
}

for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 4999]) {
  test(`close code ${code} comes back, and the server closes the connection`, async (t) => {
    const raw = await open(t);
    raw.write(Buffer.concat([frame(8, Buffer.from([code >> 8, code & 255, 0x62, 0x79, 0x65])), frame(1, 'after')]));
    assert.equal((await raw.closeFrame()).code, code);
    await raw.untilEnd();
    assert.deepEqual(text(raw), []);
  });
}

test('an empty close frame is answered with an empty one', async (t) => {
  const raw = await open(t);
  raw.write(frame(8));
  assert.equal((await raw.closeFrame()).code, null);
  await raw.untilEnd();
});

test('a pong that nobody asked for is let go', async (t) => {
  const raw = await open(t);
  raw.write(Buffer.concat([frame(10, 'unasked'), frame(1, 'hi')]));
  await raw.until(() => raw.frames.length > 0, 'an answer');
  assert.deepEqual(text(raw), ['hi']);
});

test('what stands behind a FIN is still answered', async (t) => {
  const raw = await open(t);
  raw.socket.end(Buffer.concat([frame(1, 'last'), frame(8, Buffer.from([3, 0xe8]))]));
  assert.equal((await raw.closeFrame()).code, 1000);
  assert.deepEqual(text(raw), ['last']);
});

test('sub-protocols that are not spoken here are not chosen, and malformed lists are refused', async () => {
  const client = new Client(gateway.url(), { protocols: ['graphql-ws', 'mqtt'] });
  // ws gives up when the server chooses none of several that it asked for; the server's answer was a 101.
  await client.until(() => client.failure, 'the client to give up');
  assert.match(client.failure.message, /no subprotocol/i);
  const raw = await Raw.open(gateway.clients);
  raw.write(handshake('', 'Sec-WebSocket-Protocol: a,,b c\r\n'));
  await raw.untilEnd();
  assert.match(raw.received.toString(), /^HTTP\/1\.1 400 /);
});
