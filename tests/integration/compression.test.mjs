// permessage-deflate (RFC 7692): off, shared, per connection.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { Raw, frame, startGateway } from './harness.mjs';

const json = (at) => JSON.stringify({ at, text: 'the same words again and again '.repeat(60) });
const deflated = { perMessageDeflate: true };
const offer = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n';

for (const policy of ['shared', 'per-connection']) {
  test(`${policy}: messages of every size go both ways whole, beside clients without compression`, async (t) => {
    const gateway = await startGateway(t, ['--compression', policy, '--compression-bytes-min', '100']);
    const plain = await gateway.connect();
    const narrow = await gateway.connect('', { perMessageDeflate: { serverMaxWindowBits: 9 } });
    const clients = [plain, narrow, await gateway.connect('', deflated), await gateway.connect('', deflated)];
    const enveloped = await gateway.connect('?envelope=1', deflated);
    assert.match(clients[2].socket.extensions, /permessage-deflate/);
    assert.equal(plain.socket.extensions, '');
    const sent = ['', 'short', json(1), json(2), 'é'.repeat(5000), json(3), 'x'.repeat(200_000), json(4)];
    for (const text of sent) {
      clients[2].send(text);
      await clients[2].until(() => clients[2].messages.at(-1) === text, 'its own message');
    }
    for (const client of clients) {
      await client.count(sent.length);
      assert.deepEqual(client.messages, sent);
    }
    await enveloped.count(sent.length + 1);
    assert.deepEqual(enveloped.parsed.slice(1).map((one) => one.data), sent);
    const bytes = Buffer.from(json(5));
    clients[3].send(bytes);
    await plain.count(sent.length + 1);
    assert.deepEqual(plain.messages.at(-1), bytes);
    assert.ok((await gateway.metric('sluice_inflated_messages_total')) > 0);
  });
}

test('shared: a fan-out is deflated once a worker and window, not once a client', async (t) => {
  const gateway = await startGateway(t, ['--workers', '1']);
  const clients = await Promise.all(Array.from({ length: 30 }, () => gateway.connect('', deflated)));
  await gateway.publish(json(1));
  for (const client of clients) await client.has(json(1));
  assert.equal(await gateway.metric('sluice_deflated_messages_total'), 1);
  assert.ok((await gateway.metric('sluice_deflated_after_bytes_total')) < (await gateway.metric('sluice_deflated_before_bytes_total')) / 4);
  assert.ok((await gateway.metric('sluice_wire_sent_bytes_total')) < 30 * 1500);
});

test('per-connection: later messages refer to earlier ones and are smaller on the wire', async (t) => {
  const gateway = await startGateway(t, ['--compression', 'per-connection', '--compression-bytes-min', '1']);
  const client = await gateway.connect('', deflated);
  const words = Array.from({ length: 100 }, (_, at) => `${at * 7919} word${at % 13}`).join(' ');
  const sizes = [];
  for (let at = 0; at < 3; ++at) {
    const before = await gateway.metric('sluice_deflated_after_bytes_total');
    await gateway.publish(words);
    await client.count(at + 1);
    sizes.push((await gateway.metric('sluice_deflated_after_bytes_total')) - before);
  }
  assert.ok(sizes[1] < sizes[0] / 5, `${sizes}`);
  assert.deepEqual(client.messages, [words, words, words]);
});

test('off, small messages and what does not compress are sent as they are', async (t) => {
  const off = await startGateway(t, ['--compression', 'off']);
  assert.equal((await off.connect('', deflated)).socket.extensions, '');
  const gateway = await startGateway(t);
  const client = await gateway.connect('', deflated);
  await gateway.publish('small '.repeat(20));
  await client.count(1);
  assert.equal(await gateway.metric('sluice_deflated_messages_total'), 0);
});

const close = async (t, flags, bytes) => {
  const gateway = await startGateway(t, flags);
  const raw = await Raw.upgrade(gateway.clients, { headers: offer, t });
  assert.match(raw.head, /permessage-deflate/);
  raw.write(bytes);
  return (await raw.closeFrame()).code;
};
const body = (text) => deflateRawSync(text, { finishFlush: 2 /* Z_SYNC_FLUSH */ }).subarray(0, -4);

test('a bomb stops at the limit with 1009', async (t) => {
  assert.equal(await close(t, ['--message-bytes-max', '10000'], frame(2, body(Buffer.alloc(50_000_000)), { rsv: 0x40 })), 1009);
});
test('what cannot be inflated is answered with 1007', async (t) => {
  assert.equal(await close(t, [], frame(1, Buffer.from([0xff, 0xff, 0xff]), { rsv: 0x40 })), 1007);
});
test('inflated text that is not UTF-8 is answered with 1007', async (t) => {
  assert.equal(await close(t, [], frame(1, body(Buffer.from([0xff, 0xfe])), { rsv: 0x40 })), 1007);
});
test('RSV1 on a continuation or a control frame is answered with 1002', async (t) => {
  assert.equal(await close(t, [], frame(9, 'x', { rsv: 0x40 })), 1002);
  assert.equal(await close(t, [], Buffer.concat([frame(1, 'a', { fin: false }), frame(0, 'b', { rsv: 0x40 })])), 1002);
});
test('a deflated message may come in fragments, with a ping between', async (t) => {
  const gateway = await startGateway(t, ['--client-messages', 'echo']);
  const raw = await Raw.upgrade(gateway.clients, { headers: offer, t });
  const whole = body(Buffer.from('hello hello hello'));
  raw.write(Buffer.concat([frame(1, whole.subarray(0, 3), { fin: false, rsv: 0x40 }), frame(9, 'p'), frame(0, whole.subarray(3))]));
  await raw.until(() => raw.frames.length === 2, 'two frames');
  assert.deepEqual(raw.frames.map((one) => [one.opcode, one.payload.toString()]), [[10, 'p'], [1, 'hello hello hello']]);
});
