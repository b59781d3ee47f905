// Running out: of connections, of descriptors, of room in mailboxes. Nothing spins, nobody inside notices, and it goes on
// when there is room.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Client, Raw, WebSocket, eventually, isSanitized, run, startGateway } from './harness.mjs';

const loopback = ['--listen', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--admin', '127.0.0.1:0'];

// CPU time in ticks of 10 ms. The pause is no synchronisation: it is the second over which is measured.
async function ticksInASecond(gateway) {
  const ticks = () => {
    const fields = readFileSync(`/proc/${gateway.pid}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  };
  const before = ticks();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return ticks() - before;
}

test('when connections run out, accepting pauses without spinning, and goes on when there is room', async (t) => {
  const gateway = await startGateway(t, ['--connections-max', '10', '--workers', '1']);
  const clients = await Promise.all(Array.from({ length: 10 }, () => gateway.connect()));
  const waiting = new Client(gateway.url());
  await gateway.untilMetric('sluice_accept_pauses_total', {}, (v) => v > 0);
  const ticks = await ticksInASecond(gateway);
  assert.ok(ticks <= 15, `${ticks} ticks of 10 ms in a second`);
  assert.equal(waiting.socket.readyState, WebSocket.CONNECTING);
  await gateway.publish('those inside do not notice');
  for (const client of clients) await client.count(1);
  clients[0].terminate();
  await waiting.opened();
  await gateway.publish('the one who waited hears it');
  await waiting.has('the one who waited hears it');
  waiting.terminate();
});

// UBSan's vptr check opens a pipe to see whether memory may be read, and reports an error when it cannot.
const noDescriptors = { skip: isSanitized && 'the sanitizer itself needs descriptors' };
test('when descriptors run out, the same', noDescriptors, async (t) => {
  const limit = 300;
  const wrap = `ulimit -n ${limit}; exec "$@"`;
  // What is done before it comes to that, overload.test.mjs has.
  const gateway = await startGateway(t, ['--workers', '1', '--connections-max', '20', '--overload-actions=false'], { wrap });
  const inside = await gateway.connect();
  // Descriptors that the gateway did not count on: connections to its other ports.
  const others = [];
  t.after(() => others.forEach((raw) => raw.socket.destroy()));
  for (let at = 0; at < limit; ++at) others.push(await Raw.open(gateway.address(at % 2 ? 'admin' : 'grpc')));
  await eventually(() => readdirSync(`/proc/${gateway.pid}/fd`).length >= limit, 'every descriptor to be taken');
  const waiting = new Client(gateway.url());
  await gateway.until(() => gateway.logged('accepting_paused'), 'the line that says so');
  const ticks = await ticksInASecond(gateway);
  assert.ok(ticks <= 25, `${ticks} ticks of 10 ms in a second`);
  inside.send('those inside do not notice');
  await inside.count(1);
  others.forEach((raw) => raw.socket.destroy());
  await waiting.opened();
  assert.equal((await gateway.admin('/readyz')).status, 200);
  waiting.terminate();
  inside.terminate();
});

test('a limit on files that is too low is a clear error at the start', async () => {
  const { code, stderr } = await run(['serve', ...loopback, '--connections-max', '1000000000']);
  assert.equal(code, 2, 'an option that is out of range is bad usage');
  assert.match(stderr, /connections-max/);
  const many = await run(['serve', ...loopback, '--connections-max', '15000000']);
  assert.equal(many.code, 1, many.stderr);
  assert.match(many.stderr, /--connections-max 15000000 needs .*\d+/);
  const none = await run(['serve', ...loopback], { wrap: 'ulimit -n 12; exec "$@"' });
  assert.equal(none.code, 1, none.stderr);
  assert.match(none.stderr.trim().split('\n').at(-1), /open files|ulimit/);
});

test('a publish that a full mailbox refuses reaches nobody, one that was accepted reaches everybody', async (t) => {
  const gateway = await startGateway(t, ['--mailbox-messages-max', '64', '--workers', '2']);
  const clients = await Promise.all(Array.from({ length: 100 }, () => gateway.connect()));
  const message = (text) => ({ target: { rooms: ['lobby'] }, payload: { text } });
  const accepted = [];
  for (let round = 0, refused = 0; refused === 0; ++round) {
    assert.ok(round < 100, 'a mailbox of 64 is full at some time');
    const messages = Array.from({ length: 1000 }, (_, at) => message(`${round} ${at}`));
    const { results } = await gateway.rpc().publishBatch({ messages });
    results.forEach(({ outcome, error }, at) => {
      if (outcome === 'receipt') return accepted.push(messages[at].payload.text);
      assert.deepEqual([error.code, error.detail.reason, error.detail.retryable], [8, 'exhausted', true]);
      refused++;
    });
  }
  assert.ok((await gateway.metric('sluice_published_messages_total', { outcome: 'exhausted' })) > 0);
  for (const client of clients) {
    await client.count(accepted.length);
    assert.deepEqual(client.messages, accepted);
  }
});

test('a client whose message no mailbox can ever take is not left hanging', async (t) => {
  const gateway = await startGateway(t, ['--mailbox-bytes-max', '64KiB']);
  const [loud, other] = [await gateway.connect(), await gateway.connect()];
  loud.send('x'.repeat(200_000));
  loud.send('after');
  await other.until(() => loud.closed || other.messages.includes('after'), 'an end, or the next message');
  other.send('the others go on');
  await other.has('the others go on');
});

test('senders that are faster than a mailbox are held back, and lose nothing', async (t) => {
  // Nobody is to be closed for being slow.
  const gateway = await startGateway(t, ['--mailbox-bytes-max', '64KiB', '--mailbox-messages-max', '64', '--outbox-bytes-max', '16MiB']);
  const clients = await Promise.all(Array.from({ length: 4 }, () => gateway.connect()));
  const each = 2000;
  clients.forEach((client, name) => {
    for (let at = 0; at < each; ++at) client.send(`${name} ${at} ${'x'.repeat(500)}`);
  });
  for (const client of clients) await client.count(each * clients.length);
  for (const client of clients) {
    assert.deepEqual(client.messages, clients[0].messages);
    for (let name = 0; name < clients.length; ++name) {
      const own = client.messages.filter((message) => message.startsWith(`${name} `)).map((one) => Number(one.split(' ')[1]));
      assert.deepEqual(own, [...Array(each).keys()]);
    }
  }
});
