// Slow clients: what befalls them, how it is counted, and that nobody else notices.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Raw, eventually, frame, startGateway } from './harness.mjs';

const small = ['--socket-send-bytes-max', '4608', '--outbox-bytes-max', '64KiB', '--outbox-messages-max', '50'];
const big = 'x'.repeat(16_000);
// A client that is to hear why it is closed reads again only after a while.
const patient = ['--close-timeout-seconds', '10'];

// A client whose kernel buffers and outbox fill up because it does not read.
async function stuckClient(gateway, query, t) {
  const raw = await Raw.upgrade(gateway.clients, { query, t });
  raw.socket.pause();
  return raw;
}
async function fill(gateway, count, options = {}, text = big) {
  for (let at = 0; at < count; ++at) await gateway.publish(`${at} ${text}`, { rooms: ['slow'] }, options);
}
const seen = (raw) => raw.frames.filter((frame) => frame.opcode === 1).map((frame) => frame.payload.toString());

test('close ends a client that does not read with 1013 and the reason, and counts it', async (t) => {
  const gateway = await startGateway(t, [...small, ...patient]);
  const raw = await stuckClient(gateway, '?room=slow', t);
  const healthy = await gateway.connect('?room=slow');
  for (let at = 0; at < 400; ++at) {
    await fill(gateway, 1);
    await healthy.count(at + 1);
  }
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'slow_client' }, (v) => v === 0 || v === 1);
  raw.socket.resume();
  const { code, reason } = await raw.closeFrame();
  assert.equal(code, 1013);
  assert.match(reason, /outbox/);
  await raw.untilEnd();
  assert.ok((await gateway.metric('sluice_drops_total', { reason: 'closing' })) > 0);
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'slow_client' }, (v) => v === 1);
});

test('drop-newest keeps what waits; an enveloped client is told of the gap', async (t) => {
  const gateway = await startGateway(t, small);
  const raw = await stuckClient(gateway, '?room=slow&envelope=1', t);
  await fill(gateway, 600, { slowPolicy: 'SLOW_POLICY_DROP_NEWEST' });
  const dropped = await gateway.untilMetric('sluice_drops_total', { reason: 'outbox_full_newest' }, (v) => v > 0);
  assert.ok(dropped);
  raw.socket.resume();
  await raw.until(() => seen(raw).some((text) => text.includes('"gap"')), 'the gap notice');
  await gateway.publish('end', { rooms: ['slow'] });
  await raw.until(() => seen(raw).at(-1)?.includes('"end"'), 'the end');
  const messages = seen(raw).map((text) => JSON.parse(text));
  const gap = messages.findIndex((one) => one.notice === 'gap');
  assert.equal(messages[gap].reason, 'dropped');
  const numbers = messages.slice(1, gap).map((one) => parseInt(one.data, 10));
  assert.deepEqual(numbers, [...numbers.keys()], 'the oldest are kept, in order');
});

test('drop-oldest makes room for what is new', async (t) => {
  const gateway = await startGateway(t, small);
  const raw = await stuckClient(gateway, '?room=slow', t);
  await fill(gateway, 600, { slowPolicy: 'SLOW_POLICY_DROP_OLDEST' });
  assert.ok((await gateway.metric('sluice_drops_total', { reason: 'outbox_full_oldest' })) > 0);
  raw.socket.resume();
  await raw.until(() => seen(raw).at(-1)?.startsWith('599 '), 'the newest');
  const numbers = seen(raw).map((text) => parseInt(text, 10));
  assert.deepEqual(numbers, [...numbers].sort((a, b) => a - b));
  assert.equal(numbers[0], 0, 'what was partly written is never dropped');
  assert.ok(numbers.length < 600);
});

for (const policy of ['SLOW_POLICY_DROP_NEWEST', 'SLOW_POLICY_DROP_OLDEST']) {
  test(`wherever ${policy} left a hole, an enveloped client finds a gap notice in it`, async (t) => {
    const gateway = await startGateway(t, small);
    const raw = await stuckClient(gateway, '?room=slow&envelope=1', t);
    const last = (text) => raw.until(() => seen(raw).at(-1)?.includes(`"${text}`), `the message ${text}`);
    // Twice: after it has caught up, a second loss is a second gap.
    for (const round of [0, 1]) {
      raw.socket.pause();
      await fill(gateway, 400, { slowPolicy: policy });
      raw.socket.resume();
      await gateway.untilMetric('sluice_outbox_messages', {}, (v) => v === 0);
      await gateway.publish(`end ${round}`, { rooms: ['slow'] });
      await last(`end ${round}`);
    }
    const messages = seen(raw).map((text) => JSON.parse(text)).slice(1);
    assert.ok(messages.filter((one) => one.notice === 'gap').length >= 2, 'two losses, two gaps');
    const offset = (one) => Number(one.position.split('-')[1]);
    let before = null;
    let isGap = false;
    for (const message of messages) {
      if (message.notice) {
        assert.equal(message.reason, 'dropped');
        isGap = true;
        continue;
      }
      if (before !== null) {
        assert.ok(offset(message) > before, 'in order');
        assert.equal(isGap, offset(message) > before + 1, `between ${before} and ${offset(message)}`);
      }
      before = offset(message);
      isGap = false;
    }
  });
}

test('a client that was closed for being slow comes back and misses nothing', async (t) => {
  const gateway = await startGateway(t, [...small, ...patient, '--history-messages', '1000', '--history-bytes-max', '64MiB']);
  const raw = await stuckClient(gateway, '?room=slow&envelope=1', t);
  await fill(gateway, 400);
  raw.socket.resume();
  assert.equal((await raw.closeFrame()).code, 1013);
  const first = seen(raw).map((text) => JSON.parse(text));
  const again = await gateway.connect(`?room=slow&since=${first.at(-1).position}`);
  await gateway.publish('end', { rooms: ['slow'] });
  await again.until(() => again.parsed.at(-1).data === 'end', 'the end');
  const numbers = [...first, ...again.parsed.slice(0, -1)].filter((one) => 'data' in one).map((one) => parseInt(one.data, 10));
  assert.deepEqual(numbers, [...Array(400).keys()]);
  assert.equal(again.parsed.some((one) => one.notice === 'gap'), false);
});

test('conflate keeps the newest message of each key', async (t) => {
  const gateway = await startGateway(t, [...small, '--slow-policy', 'drop-newest']);
  const raw = await stuckClient(gateway, '?room=slow', t);
  const options = (key) => ({ slowPolicy: 'SLOW_POLICY_CONFLATE', conflationKey: key });
  for (let at = 0; at < 600; ++at) await fill(gateway, 1, options(`key ${at % 2}`), `${at % 2} ${at} ${big}`);
  assert.ok((await gateway.metric('sluice_drops_total', { reason: 'conflated' })) > 0);
  raw.socket.resume();
  await raw.until(() => seen(raw).at(-1)?.startsWith('0 1 599 '), 'the newest of key 1');
  assert.ok(seen(raw).at(-2).startsWith('0 0 598 '), 'the newest of key 0');
});

test('an outbox is bounded by the age of its oldest message too', async (t) => {
  const gateway = await startGateway(t, ['--socket-send-bytes-max', '4608', '--outbox-age-ms-max', '300', '--outbox-bytes-max', '16MiB', ...patient]);
  const raw = await stuckClient(gateway, '?room=slow', t);
  await fill(gateway, 300);
  await eventually(async () => (await gateway.rpc().listConnections({})).connections.length === 0, 'the end of the slow client');
  raw.socket.resume();
  assert.equal((await raw.closeFrame()).code, 1013);
});

test('all outboxes together are bounded by --queued-bytes-max', async (t) => {
  const gateway = await startGateway(t, [
    ...['--socket-send-bytes-max', '4608', '--outbox-bytes-max', '1MiB', '--queued-bytes-max', '1MiB'],
    ...['--slow-policy', 'drop-newest'],
  ]);
  const healthy = await gateway.connect('?room=lobby');
  // Rooms of their own, so that no frame is shared.
  const stuck = [];
  for (let at = 0; at < 8; ++at) stuck.push(await stuckClient(gateway, `?room=slow${at}`, t));
  for (let round = 0; round < 60; ++round) {
    for (let at = 0; at < 8; ++at) await gateway.publish(big, { rooms: [`slow${at}`] });
  }
  assert.ok((await gateway.metric('sluice_drops_total', { reason: 'outbox_full_newest' })) > 0);
  const { node } = await gateway.rpc('Nodes').getNode({});
  // Each worker may have one chunk more open than is bounded.
  assert.ok(node.queuedBytes <= node.queuedBytesMax + 2 * 65536 + 16_384, `${node.queuedBytes} of ${node.queuedBytesMax}`);
  await gateway.publish('healthy');
  await healthy.has('healthy');
});

test('a client that reads nothing and sends pings is not answered without bound', async (t) => {
  const gateway = await startGateway(t, [...small, '--outbox-bytes-max', '64KiB']);
  const raw = await stuckClient(gateway, '?room=slow', t);
  const pings = Buffer.concat(Array.from({ length: 500 }, () => frame(9, 'p'.repeat(125))));
  raw.socket.on('error', () => {});
  let isOver = false;
  raw.socket.on('close', () => (isOver = true));
  const flood = () => {
    if (isOver || raw.socket.destroyed) return;
    raw.socket.write(pings, () => setImmediate(flood));
  };
  flood();
  await gateway.untilMetric('sluice_connections', { protocol: 'websocket' }, (v) => v === 0);
  isOver = true;
  raw.socket.destroy();
});
