// Ending a part of a node's connections, and those that have become too old.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, rejects, run, startGateway } from './harness.mjs';

const seconds = (count) => ({ seconds: count, nanos: 0 });
const shed = (gateway, request) => gateway.rpc('Nodes').shed({ over: seconds(0), ...request });
const crowd = (gateway, count) => Promise.all(Array.from({ length: count }, () => gateway.connect()));
const left = (clients) => clients.filter((one) => !one.closed);

test('Shed ends its share, and the node stays in service', async (t) => {
  const gateway = await startGateway(t);
  const clients = await crowd(gateway, 40);
  const { connections } = await shed(gateway, { percent: 25, reason: 'elsewhere, please' });
  assert.ok(connections >= 9 && connections <= 11, `${connections}`);
  await eventually(() => left(clients).length === 40 - connections, 'its share to go');
  for (const one of clients.filter((client) => client.closed)) assert.deepEqual(one.closed, { code: 1001, reason: 'elsewhere, please' });
  assert.equal((await gateway.admin('/readyz')).status, 200);
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'shed' }, (value) => value === connections);
  await gateway.connect();
  assert.equal((await gateway.publish('still here')).receipt.matched, 41 - connections);
});

test('Shed takes its time; Undrain calls it off', async (t) => {
  const gateway = await startGateway(t);
  const clients = await crowd(gateway, 10);
  assert.equal((await shed(gateway, { percent: 100, over: seconds(3600) })).connections, 10);
  await gateway.rpc('Nodes').undrain({});
  assert.equal((await shed(gateway, { percent: 100, over: seconds(1) })).connections, 10);
  await eventually(() => left(clients).length === 0, 'all to go');
});

test('with a key that was used, nothing more is ended', async (t) => {
  const gateway = await startGateway(t);
  const clients = await crowd(gateway, 10);
  for (let round = 0; round < 2; ++round) assert.equal((await shed(gateway, { percent: 100, over: seconds(3600), idempotencyKey: 'k' })).connections, 10);
  assert.equal(left(clients).length, 10);
});

test('Shed is refused while the node drains, and with a share that is none', async (t) => {
  const gateway = await startGateway(t);
  await gateway.connect();
  for (const percent of [0, -1, 100.5, NaN]) await rejects(shed(gateway, { percent }), 'INVALID_ARGUMENT');
  const stream = gateway.rpc('Nodes').drain({ over: seconds(3600) });
  stream.on('error', () => {});
  await new Promise((resolve) => stream.once('data', resolve));
  const error = await rejects(shed(gateway, { percent: 10 }), 'UNAVAILABLE');
  assert.match(error.details, /drains/);
  stream.cancel();
  await gateway.rpc('Nodes').undrain({});
});

test('the command', async (t) => {
  const gateway = await startGateway(t);
  const clients = await crowd(gateway, 4);
  const grpcPort = ['--grpc', gateway.address('grpc')];
  assert.deepEqual(await run(['shed', '100%', '--seconds', '0', '--order', 'oldest', ...grpcPort]), { code: 0, stdout: 'connections=4\n', stderr: '' });
  for (const one of clients) assert.deepEqual(await one.whenClosed(), { code: 1001, reason: 'shedding load' });
  for (const words of [[], ['many'], ['0'], ['101'], ['1', '2', '3']]) assert.equal((await run(['shed', ...words, ...grpcPort])).code, 2, `${words}`);
});

test('no connection becomes older than it may, and they do not end together', async (t) => {
  const gateway = await startGateway(t, ['--connection-age-seconds-max', '12']);
  const began = Date.now();
  const clients = await crowd(gateway, 30);
  const ages = [];
  clients.forEach((client) => client.socket.on('close', () => ages.push((Date.now() - began) / 1000)));
  for (const one of clients) assert.deepEqual(await one.whenClosed(), { code: 1001, reason: 'the connection is as old as it may be' });
  assert.ok(Math.min(...ages) > 9.5 && Math.max(...ages) < 16, `${ages}`);
  assert.ok(Math.max(...ages) - Math.min(...ages) > 0.5, `${ages}`);
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'aged' }, (value) => value === 30);
});
