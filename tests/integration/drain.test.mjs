// Taking a node out of service by a call, and what ends with it.
import assert from 'node:assert/strict';
import { on } from 'node:events';
import { test } from 'node:test';
import { Client, Raw, grpc, startGateway } from './harness.mjs';

function drain(gateway, request = {}) {
  const stream = gateway.rpc('Nodes').drain({ reportEvery: { seconds: 0, nanos: 100_000_000 }, ...request });
  const reports = [];
  stream.on('data', (report) => reports.push(report));
  const done = new Promise((resolve) => {
    stream.on('end', () => resolve({ code: grpc.status.OK, reports }));
    stream.on('error', ({ code, details }) => resolve({ code, details, reports }));
  });
  return { stream, reports, done };
}
const seconds = (count) => ({ seconds: count, nanos: 0 });

test('a node that was drained takes no more clients, and says so everywhere, but lives and answers', async (t) => {
  const gateway = await startGateway(t);
  const client = await gateway.connect();
  const { code, reports } = await drain(gateway, { over: seconds(0) }).done;
  assert.equal(code, grpc.status.OK);
  assert.equal(reports.at(-1).done, true);
  assert.deepEqual(await client.whenClosed(), { code: 1001, reason: 'draining' });
  assert.equal((await gateway.admin('/readyz')).status, 503);
  assert.equal((await gateway.admin('/healthz')).status, 200, 'a node that drains is not sick');
  assert.equal(await gateway.metric('sluice_ready'), 0);
  const late = new Client(gateway.url());
  await late.until(() => late.failure || late.refused, 'a refusal');
  await gateway.publish('to nobody');
  assert.equal((await gateway.rpc('Nodes').getNode({})).node.ready, false);
});

test('the health service says NOT_SERVING while a node drains', async (t) => {
  const gateway = await startGateway(t);
  const bytes = (value) => value;
  const method = {
    path: '/grpc.health.v1.Health/Watch', requestStream: false, responseStream: true,
    requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes,
  };
  const Health = grpc.makeGenericClientConstructor({ watch: method }, 'Health');
  const health = new Health(gateway.address('grpc'), grpc.credentials.createInsecure());
  const watch = health.watch(Buffer.alloc(0));
  watch.on('error', () => {});
  const changes = on(watch, 'data');
  const nextState = async () => (await changes.next()).value[0][1];
  assert.equal(await nextState(), 1, 'SERVING');
  await drain(gateway, { over: seconds(0) }).done;
  assert.equal(await nextState(), 2, 'NOT_SERVING');
  watch.cancel();
  health.close();
});

test('a drain goes on when its caller goes away; a second call begins a new plan for those who are left', async (t) => {
  const gateway = await startGateway(t);
  const clients = await Promise.all(Array.from({ length: 10 }, () => gateway.connect()));
  const slow = drain(gateway, { over: seconds(3600) });
  await new Promise((resolve) => slow.stream.once('data', resolve));
  slow.stream.cancel();
  await slow.done;
  assert.equal((await gateway.rpc('Nodes').getNode({})).node.draining, true);
  const { reports } = await drain(gateway, { over: seconds(0), reason: 'now' }).done;
  assert.equal(reports.at(-1).done, true);
  for (const client of clients) assert.equal((await client.whenClosed()).code, 1001);
});

test('with a key that was used, no new plan starts', async (t) => {
  const gateway = await startGateway(t);
  const client = await gateway.connect();
  const key = { idempotencyKey: 'key' };
  const first = drain(gateway, { over: seconds(3600), ...key });
  await new Promise((resolve) => first.stream.once('data', resolve));
  const second = drain(gateway, { over: seconds(3600), ...key });
  await new Promise((resolve) => second.stream.once('data', resolve));
  assert.equal(second.reports[0].connectionsLeft, 1);
  assert.equal(client.closed, null);
  await drain(gateway, { over: seconds(0) }).done;
  for (const one of [first, second]) assert.equal((await one.done).code, grpc.status.OK, 'they see the end, too');
});

for (const [what, request] of [
  ['a time over an hour', { over: seconds(3601) }],
  ['a negative time', { over: seconds(-1) }],
  ['reports more often than each 0.1 s', { reportEvery: { seconds: 0, nanos: 1_000_000 } }],
  ['a reason over 123 bytes', { reason: 'x'.repeat(124) }],
]) {
  test(`Drain refuses ${what}, and nothing drains`, async (t) => {
    const gateway = await startGateway(t);
    assert.equal((await drain(gateway, request).done).code, grpc.status.INVALID_ARGUMENT);
    assert.equal((await gateway.admin('/readyz')).status, 200);
  });
}

test('a client that does not answer the close is ended after --close-timeout-seconds', async (t) => {
  const gateway = await startGateway(t, ['--close-timeout-seconds', '0.2']);
  const raw = await Raw.upgrade(gateway.clients, { t });
  await gateway.rpc().disconnect({ target: { everyone: true }, closeCode: 4000, reason: 'bye' });
  assert.deepEqual(await raw.closeFrame(), { code: 4000, reason: 'bye' });
  await raw.untilEnd();
});

test('a request that is not finished does not hold up SIGTERM', async (t) => {
  const gateway = await startGateway(t, ['--handshake-seconds-max', '3600']);
  const raw = await Raw.open(gateway.clients, t);
  raw.write('GET / HTTP/1.1\r\n');
  await gateway.untilMetric('sluice_open_connections', {}, (v) => v === 1);
  gateway.signal();
  await raw.untilEnd();
  assert.equal((await gateway.ended()).code, 0);
});

test('SIGINT is as good as SIGTERM', async (t) => {
  const gateway = await startGateway(t);
  const client = await gateway.connect();
  gateway.signal('SIGINT');
  assert.equal((await client.whenClosed()).code, 1001);
  assert.equal((await gateway.ended()).code, 0);
});
