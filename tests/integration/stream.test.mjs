// PublishStream: many requests in flight, a window, and ends of every kind.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { detailOf, eventually, grpc, startGateway } from './harness.mjs';

let gateway;
before(async () => {
  gateway = await startGateway(null, ['--publish-batch-max', '10']);
});
after(() => gateway.stop());

const to = (room, text, options) => ({ target: { rooms: [room] }, payload: { text }, options });

// A stream that records its answers; `done` gives the status that it ended with.
function openStream(to = gateway) {
  const stream = to.rpc().publishStream();
  stream.answers = [];
  stream.on('data', (answer) => stream.answers.push(answer));
  stream.done = new Promise((resolve) => {
    stream.on('error', resolve);
    stream.on('end', () => resolve({ code: grpc.status.OK }));
  });
  return stream;
}

test('a client that reads no answers is held back, and goes on when it reads', async () => {
  const total = 20_000;
  const stream = openStream();
  stream.pause();
  for (let sequence = 1; sequence <= total; ++sequence) {
    stream.write({ sequence, messages: [to('window', `${sequence}`)], receipts: true });
  }
  stream.end();
  // It is held back once two looks, a while apart, find the same.
  const published = () => gateway.metric('sluice_published_messages_total', { outcome: 'accepted' });
  let before = -1;
  await eventually(async () => {
    const now = await published();
    const isStill = now > 0 && now === before;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 200));
    return isStill;
  }, 'the stream to be held back');
  assert.ok(before < total, `${before} of ${total} were published before an answer was read`);
  stream.resume();
  assert.equal((await stream.done).code, grpc.status.OK);
  assert.equal(await published(), total);
  assert.equal(stream.answers.at(-1).acknowledged, total);
  assert.ok(stream.answers.every((answer) => answer.window === 256));
  const receipts = stream.answers.flatMap((answer) => answer.results);
  assert.equal(receipts.length, total);
  const offsets = receipts.map((one) => Number(one.result.receipt.position.split('-')[1]));
  assert.deepEqual(offsets, offsets.map((_, at) => offsets[0] + at), 'receipts come in the order of the stream');
});

test('a stream that outruns the workers is held back, and none of its messages is refused', async (t) => {
  const small = await startGateway(t, ['--mailbox-messages-max', '64', '--workers', '2']);
  const clients = await Promise.all(Array.from({ length: 100 }, () => small.connect()));
  const stream = openStream(small);
  const texts = Array.from({ length: 5000 }, (_, at) => `${at}`);
  for (let sequence = 1; sequence <= 500; ++sequence) {
    stream.write({ sequence, messages: texts.slice(sequence * 10 - 10, sequence * 10).map((text) => to('lobby', text)) });
  }
  stream.end();
  assert.equal((await stream.done).code, grpc.status.OK);
  assert.deepEqual(stream.answers.flatMap((answer) => answer.results), [], 'only what is refused has a result');
  for (const client of clients) {
    await client.count(texts.length);
    assert.deepEqual(client.messages, texts);
  }
});

test('acknowledgements are cumulative and never go back', async () => {
  const stream = openStream();
  for (let sequence = 1; sequence <= 1000; ++sequence) stream.write({ sequence, messages: [to('acks', 'x'), to('acks', 'y')] });
  stream.end();
  assert.equal((await stream.done).code, grpc.status.OK);
  const acknowledged = stream.answers.map((answer) => answer.acknowledged);
  assert.deepEqual(acknowledged, [...acknowledged].sort((a, b) => a - b));
  assert.equal(acknowledged.at(-1), 1000);
  assert.ok(stream.answers.every((answer) => answer.results.length === 0), 'no result unless asked for or failed');
});

test('a message that fails is named by request and place, and does not hold up the others', async () => {
  const client = await gateway.connect('?room=mixed');
  const stream = openStream();
  stream.write({ sequence: 1, messages: [to('mixed', '1'), to('', 'bad'), to('mixed', '2')] });
  stream.write({ sequence: 2, messages: [to('mixed', '3')] });
  stream.end();
  assert.equal((await stream.done).code, grpc.status.OK);
  const [failed, ...others] = stream.answers.flatMap((answer) => answer.results);
  assert.deepEqual([failed.sequence, failed.index, failed.result.error.code], [1, 1, grpc.status.INVALID_ARGUMENT]);
  assert.equal(failed.result.error.detail.field, 'target.rooms[0]');
  assert.deepEqual(others, []);
  await client.count(3);
  assert.deepEqual(client.messages, ['1', '2', '3']);
  client.terminate();
});

for (const [what, requests, code] of [
  ['a first sequence number that is not 1', [{ sequence: 2, messages: [to('x', 'x')] }], 'INVALID_ARGUMENT'],
  ['a sequence number twice', [1, 1].map((sequence) => ({ sequence, messages: [to('x', 'x')] })), 'INVALID_ARGUMENT'],
  ['a hole in the sequence numbers', [1, 3].map((sequence) => ({ sequence, messages: [to('x', 'x')] })), 'INVALID_ARGUMENT'],
  ['a request without messages', [{ sequence: 1, messages: [] }], 'INVALID_ARGUMENT'],
  ['more messages than --publish-batch-max', [{ sequence: 1, messages: Array(11).fill(to('x', 'x')) }], 'INVALID_ARGUMENT'],
]) {
  test(`${what} ends the stream at once with ${code}`, async () => {
    const stream = openStream();
    for (const request of requests) stream.write(request);
    const error = await stream.done;
    assert.equal(grpc.status[error.code], code, error.details);
    assert.ok(detailOf(error).reason);
  });
}

test('a stream without requests ends with OK', async () => {
  const stream = openStream();
  stream.end();
  assert.equal((await stream.done).code, grpc.status.OK);
});

test('an idempotency key holds across streams and Publish', async () => {
  const client = await gateway.connect('?room=keys');
  const message = to('keys', 'once', { idempotencyKey: 'shared-key' });
  const { receipt } = await gateway.rpc().publish(message);
  const stream = openStream();
  stream.write({ sequence: 1, messages: [message, to('keys', 'end')], receipts: true });
  stream.end();
  await stream.done;
  assert.deepEqual(stream.answers.flatMap((answer) => answer.results)[0].result.receipt, receipt);
  await client.count(2);
  assert.deepEqual(client.messages, ['once', 'end']);
  client.terminate();
});

test('a client that goes away in the middle leaves nothing behind', async () => {
  for (let at = 0; at < 20; ++at) {
    const stream = openStream();
    for (let sequence = 1; sequence <= 500; ++sequence) stream.write({ sequence, messages: [to('gone', 'x')], receipts: true });
    await new Promise((resolve) => stream.once('data', resolve));
    stream.cancel();
    assert.equal((await stream.done).code, grpc.status.CANCELLED);
  }
  await gateway.untilMetric('sluice_calls_in_progress', { method: 'PublishStream' }, (v) => v === 0);
  assert.ok((await gateway.metric('sluice_calls_total', { method: 'PublishStream', status: 'canceled' })) > 0);
});
