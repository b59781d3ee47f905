// Calls that change something may be repeated with their key: they are done once, and answer the same.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { detailOf, rejects, startGateway } from './harness.mjs';

let gateway;
let rpc;
before(async () => {
  gateway = await startGateway(null);
  rpc = gateway.rpc();
});
after(() => gateway.stop());

test('JoinRooms and LeaveRooms with a key are done once', async () => {
  const client = await gateway.connect('?room=home');
  const change = { target: { rooms: ['home'] }, rooms: ['other'] };
  const joined = await rpc.joinRooms({ ...change, idempotencyKey: 'join' });
  assert.deepEqual(joined, { matched: 1, changed: 1, refused: 0, silentNodes: [] });
  assert.deepEqual(await rpc.leaveRooms({ ...change, idempotencyKey: 'join' }), { matched: 1, changed: 1, silentNodes: [] }, 'each method has its own keys');
  assert.deepEqual(await rpc.joinRooms({ ...change, idempotencyKey: 'join' }), joined, 'the first answer again');
  assert.equal((await gateway.publish('x', { rooms: ['other'] })).receipt.matched, 0, 'but not done again');
  await rejects(rpc.joinRooms({ ...change, rooms: ['third'], idempotencyKey: 'join' }), 'ALREADY_EXISTS');
  client.terminate();
});

test('Disconnect with a key spares those who came back', async () => {
  const target = { rooms: ['leaving'] };
  const first = await gateway.connect('?room=leaving');
  assert.equal((await rpc.disconnect({ target, idempotencyKey: 'end' })).matched, 1);
  await first.whenClosed();
  const again = await gateway.connect('?room=leaving');
  assert.equal((await rpc.disconnect({ target, idempotencyKey: 'end' })).matched, 1, 'the first answer');
  await gateway.publish('still here', target);
  await again.has('still here');
  again.terminate();
});

test('a batch with a key is published once, messages with keys of their own too', async () => {
  const client = await gateway.connect('?room=batch');
  const message = (text, options) => ({ target: { rooms: ['batch'] }, payload: { text }, options });
  const batch = { messages: [message('1'), message('2', { idempotencyKey: 'two' })], idempotencyKey: 'batch' };
  const first = await rpc.publishBatch(batch);
  assert.deepEqual(await rpc.publishBatch(batch), first);
  const other = await rpc.publishBatch({ messages: [message('2', { idempotencyKey: 'two' }), message('3')] });
  assert.deepEqual(other.results[0], first.results[1]);
  await client.count(3);
  assert.deepEqual(client.messages, ['1', '2', '3']);
  client.terminate();
});

test('many that repeat the same call at the same time publish once', async () => {
  const client = await gateway.connect('?room=storm');
  const call = () => gateway.publish('once', { rooms: ['storm'] }, { idempotencyKey: 'storm' });
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, call));
  for (const outcome of outcomes) {
    // While the first is under way the others are told to come again.
    if (outcome.status === 'rejected') assert.equal(detailOf(outcome.reason).retryable, true);
  }
  const { receipt } = await call();
  for (const { value } of outcomes.filter((one) => one.value)) assert.deepEqual(value.receipt, receipt);
  await gateway.publish('end', { rooms: ['storm'] });
  await client.has('end');
  assert.deepEqual(client.messages, ['once', 'end']);
  client.terminate();
});

test('what failed is not remembered, and a key that is too long is refused', async () => {
  const options = { idempotencyKey: 'again' };
  await rejects(rpc.publish({ target: { rooms: [''] }, payload: { text: 'x' }, options }), 'INVALID_ARGUMENT');
  await gateway.publish('x', { rooms: ['lobby'] }, options);
  await gateway.publish('x', { rooms: ['lobby'] }, { idempotencyKey: 'k'.repeat(128) });
  const error = await rejects(gateway.publish('x', { rooms: ['lobby'] }, { idempotencyKey: 'k'.repeat(129) }), 'INVALID_ARGUMENT');
  assert.match(detailOf(error).field, /idempotency_key$/);
});

test('a key holds between JSON and gRPC', async () => {
  const request = { target: { rooms: ['lobby'] }, payload: { text: 'both' } };
  const { receipt } = await rpc.publish({ ...request, options: { idempotencyKey: 'both' } });
  const { status, body } = await gateway.json('Gateway/Publish', { ...request, options: { idempotencyKey: 'both' } });
  assert.equal(status, 200);
  assert.equal(body.receipt.position, receipt.position);
  const other = await gateway.json('Gateway/Publish', { ...request, payload: { text: 'other' }, options: { idempotencyKey: 'both' } });
  assert.deepEqual([other.status, other.body.code], [409, 'already_exists']);
});

test('the oldest keys are forgotten when there are more than --idempotency-keys-max', async (t) => {
  const small = await startGateway(t, ['--idempotency-keys-max', '10']);
  const call = (key) => small.publish('x', { rooms: ['lobby'] }, { idempotencyKey: key });
  const first = await call('first');
  assert.deepEqual(await call('first'), first);
  for (let at = 0; at < 10; ++at) await call(`later ${at}`);
  assert.notEqual((await call('first')).receipt.position, first.receipt.position);
});
