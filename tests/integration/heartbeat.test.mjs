// Heartbeats: pings after silence, and an end for clients that give no sign of life.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Raw, frame, startGateway } from './harness.mjs';

const fast = ['--ping-interval-seconds', '0.2', '--ping-timeout-seconds', '0.2'];
// For clients that have to answer in time: pings come as often.
const patient = ['--ping-interval-seconds', '0.2', '--ping-timeout-seconds', '3'];

test('a client that answers pings lives, and is pinged after each silence', async (t) => {
  const gateway = await startGateway(t, patient);
  const client = await gateway.connect();
  let pings = 0;
  // For longer than interval and timeout together.
  await new Promise((resolve) => client.socket.on('ping', () => ++pings === 20 && resolve()));
  assert.equal(client.closed, null);
});

test('a client that does not answer is ended after interval and timeout, not before', async (t) => {
  const gateway = await startGateway(t, fast);
  const began = performance.now();
  const raw = await Raw.upgrade(gateway.clients, { t });
  assert.equal((await raw.closeFrame()).code, 1001);
  const took = performance.now() - began;
  assert.ok(took >= 395, `${took} ms`);
  assert.deepEqual(raw.frames.map((one) => one.opcode), [9, 8]);
  raw.socket.destroy();
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'heartbeat_timeout' }, (v) => v === 1);
});

test('any byte is a sign of life, even one of an unfinished frame', async (t) => {
  const gateway = await startGateway(t, patient);
  const raw = await Raw.upgrade(gateway.clients, { t });
  // Never answers a ping, but sends a byte of one large frame at each.
  const bytes = frame(2, Buffer.alloc(50));
  let at = 0;
  while (at < 20) {
    const pings = () => raw.frames.filter((one) => one.opcode === 9).length;
    await raw.until(() => pings() > at, 'a ping');
    raw.write(bytes.subarray(at, ++at));
  }
  assert.equal(raw.frames.some((one) => one.opcode === 8), false);
});
