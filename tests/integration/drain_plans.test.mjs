// How a drain goes: its pace, its order, what clients are told, and how it ends: by Undrain, by SIGTERM, by a deadline.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { io } from 'socket.io-client';
import { Raw, binary, eventually, grpc, rejects, run, splitAddress, startGateway } from './harness.mjs';
import { freePort, freePorts } from './ports.mjs';
import { connectTcp } from './sockets.mjs';

const seconds = (count) => ({ seconds: Math.floor(count), nanos: Math.round((count % 1) * 1e9) });
const nodes = (gateway) => gateway.rpc('Nodes');

function drain(gateway, request = {}) {
  const stream = nodes(gateway).drain({ reportEvery: seconds(0.1), ...request });
  const reports = [];
  stream.on('data', (report) => reports.push(report));
  const began = new Promise((resolve) => stream.once('data', resolve));
  const done = new Promise((resolve) => {
    stream.on('end', () => resolve({ code: grpc.status.OK, reports }));
    stream.on('error', ({ code, details }) => resolve({ code, details, reports }));
  });
  return { began, done };
}
// Clients that came one after the other, a second apart in the eyes of nobody: order is by when they came.
async function inOrder(gateway, count) {
  const clients = [];
  for (let at = 0; at < count; ++at) clients.push(await gateway.connect(`?room=${at}`));
  return clients;
}
// In which order they are closed.
function closings(clients) {
  const order = [];
  clients.forEach((client, at) => client.socket.on('close', () => order.push(at)));
  return order;
}
const isReady = async (gateway) => (await gateway.admin('/readyz')).status === 200;

test('a rate makes the time, and progress tells how long the plan still is', async (t) => {
  const gateway = await startGateway(t);
  const clients = await inOrder(gateway, 10);
  const began = Date.now();
  const { code, reports } = await drain(gateway, { perSecond: 10 }).done;
  assert.equal(code, grpc.status.OK);
  assert.ok(Date.now() - began > 700, `took ${Date.now() - began} ms`);
  assert.equal(reports[0].connectionsAtStart, 10);
  assert.ok(Number(reports[0].left.seconds) + reports[0].left.nanos > 0 && reports.at(-1).done);
  for (const client of clients) assert.equal((await client.whenClosed()).code, 1001);
});

test('a deadline makes a rate faster that is too slow for it', async (t) => {
  const gateway = await startGateway(t);
  await inOrder(gateway, 40);
  const began = Date.now();
  const { reports } = await drain(gateway, { perSecond: 1, deadline: seconds(0.5) }).done;
  assert.ok(Number(reports[0].left.seconds) === 0 && reports[0].left.nanos <= 500e6, JSON.stringify(reports[0]));
  assert.ok(Date.now() - began < 20_000, `took ${Date.now() - began} ms`);
});

test('at the deadline whoever has not answered the close is cut off', async (t) => {
  const gateway = await startGateway(t, ['--close-timeout-seconds', '3600']);
  const raw = await Raw.upgrade(gateway.clients, { t });
  const { reports } = await drain(gateway, { over: seconds(0), deadline: seconds(0.3) }).done;
  assert.equal(reports.at(-1).done, true);
  assert.deepEqual(await raw.closeFrame(), { code: 1001, reason: 'draining' });
  await raw.untilEnd();
});

for (const [order, expected] of [['DRAIN_ORDER_NEWEST', [4, 3, 2, 1, 0]], ['DRAIN_ORDER_OLDEST', [0, 1, 2, 3, 4]]]) {
  test(`${order}: who goes first`, async (t) => {
    const gateway = await startGateway(t, ['--workers', '1']);
    const order_ = closings(await inOrder(gateway, 5));
    await drain(gateway, { over: seconds(1), order }).done;
    await eventually(() => order_.length === 5, 'all closed');
    assert.deepEqual(order_, expected);
  });
}

test('DRAIN_ORDER_IDLE: who had no message for the longest time goes first', async (t) => {
  const gateway = await startGateway(t, ['--workers', '1']);
  const clients = await inOrder(gateway, 3);
  // The clock of that has whole seconds.
  const [from] = [Date.now()];
  await eventually(() => Date.now() - from > 1100, 'a second');
  await gateway.publish('to the first', { rooms: ['0'] });
  await clients[0].count(1);
  const order = closings(clients);
  await drain(gateway, { over: seconds(1), order: 'DRAIN_ORDER_IDLE' }).done;
  await eventually(() => order.length === 3, 'all closed');
  assert.deepEqual(order, [1, 2, 0]);
});

test('each wire is told when to come back, as it can be, each client another time', async (t) => {
  const gateway = await startGateway(t, ['--listen-tcp', '127.0.0.1:0', '--drain-seconds', '0']);
  const streams = await Promise.all(Array.from({ length: 8 }, () => eventStream(gateway)));
  const bare = await gateway.connect();
  const enveloped = await gateway.connect('?envelope=1');
  const tcp = await connectTcp(gateway);
  tcp.send('{}');
  await tcp.next((one) => one.notice === 'open');
  const poll = (query) => fetch(`http://${gateway.clients}/poll?${query}`);
  // At once, so that each has a connection of its own, as what is held has.
  const [{ cursor }, { cursor: roomless }] = await Promise.all([0, 1].map(async () => (await poll('room=a')).json()));
  const polling = poll(`room=a&cursor=${cursor}&wait=20s`), pollingSomewhere = poll(`cursor=${roomless}&wait=20s`);
  await gateway.untilMetric('sluice_connections', { protocol: 'http' }, (value) => value >= 2);
  await drain(gateway, { over: seconds(0), returnWithin: seconds(8), reason: 'moving' }).done;
  const hints = [];
  for (const stream of streams) {
    await stream.over;
    hints.push(Number(/\nretry: (\d+)\n: moving\n\n$/.exec(stream.text)[1]));
  }
  assert.ok(hints.every((hint) => hint > 0 && hint <= 8000), `${hints}`);
  assert.ok(new Set(hints).size > 4, `${hints}`);
  assert.deepEqual(await bare.whenClosed(), { code: 1001, reason: 'moving' });
  assert.deepEqual(await enveloped.whenClosed(), { code: 1001, reason: 'moving' });
  assert.deepEqual(bare.messages, []);
  for (const notice of [enveloped.parsed.at(-1), await tcp.next((one) => one.notice === 'end')]) {
    const { retry_ms: hint, ...rest } = notice;
    assert.deepEqual(rest, { notice: 'end', code: 1001, reason: 'moving' });
    assert.ok(hint > 0 && hint <= 8000, `${hint}`);
  }
  // It goes on elsewhere by its position, if it says in which rooms.
  const { retry_ms: hint, ...goesOn } = await (await polling).json();
  assert.deepEqual(goesOn, { cursor: cursor.split('.')[0], messages: [], gap: false });
  assert.ok(hint > 0 && hint <= 8000, `${hint}`);
  const answer = await pollingSomewhere;
  assert.equal(answer.status, 503);
  const after = Number(answer.headers.get('retry-after'));
  assert.ok(after >= 1 && after <= 8, `${after}`);
});

// At a port that the kernel gives nobody else while the node does not listen.
const startAtPort = async (t) => startGateway(t, ['--listen', `127.0.0.1:${await freePort()}`]);

async function eventStream(gateway) {
  const [host, port] = splitAddress(gateway.clients);
  const response = await new Promise((resolve, reject) => http.get({ host, port, path: '/sse?room=a' }, resolve).on('error', reject));
  const stream = { text: '' };
  response.on('data', (data) => (stream.text += data));
  stream.over = new Promise((resolve) => response.on('close', resolve));
  return stream;
}

for (const transports of [['websocket'], ['polling']]) {
  test(`socket.io-client over ${transports} loses its transport, not its socket, and comes back to an undrained node`, async (t) => {
    const gateway = await startAtPort(t);
    const socket = io(`http://${gateway.clients}`, { transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 100, randomizationFactor: 0 });
    t.after(() => socket.disconnect());
    await new Promise((resolve) => socket.once('connect', resolve));
    const why = new Promise((resolve) => socket.once('disconnect', resolve));
    await drain(gateway, { over: seconds(0) }).done;
    // A poll may be answered by the end of its HTTP connection.
    assert.match(await why, /^transport (?:close|error)$/, 'after "io server disconnect" it would stay away');
    assert.equal((await nodes(gateway).undrain({})).wasDraining, true);
    await eventually(() => socket.connected, 'it to be back');
  });
}

test('Undrain: nobody is ended any more, the node is ready, and clients come in where they did', async (t) => {
  const [first, second, lines] = (await freePorts(3)).map((port) => `127.0.0.1:${port}`);
  const gateway = await startGateway(t, ['--listen-tcp', lines, '--listen', first, '--listen', second]);
  const client = await gateway.connect();
  const { began, done } = drain(gateway, { over: seconds(3600) });
  await began;
  assert.equal(await isReady(gateway), false);
  assert.equal(await gateway.metric('sluice_draining'), 1);
  assert.ok((await gateway.metric('sluice_drain_left_seconds')) > 3500);
  await assert.rejects(gateway.connect());
  assert.equal((await nodes(gateway).undrain({})).wasDraining, true);
  const ended = await done;
  assert.equal(ended.code, grpc.status.ABORTED);
  assert.match(ended.details, /Undrain/);
  assert.equal(await isReady(gateway), true);
  assert.equal(await gateway.metric('sluice_draining'), 0);
  for (let at = 0; at < 10; ++at) await gateway.connect('', { url: `ws://${gateway.address('clients', at % 2)}/` });
  (await connectTcp(gateway)).send('{}');
  assert.equal(client.closed, null);
  assert.equal((await nodes(gateway).undrain({})).wasDraining, false, 'there is nothing to undo');
  assert.ok(gateway.logged('undrained'));
});

test('a node that was drained empty, several times, comes back each time', async (t) => {
  const gateway = await startAtPort(t);
  for (let round = 0; round < 3; ++round) {
    const client = await gateway.connect();
    await drain(gateway, { over: seconds(0) }).done;
    assert.equal((await client.whenClosed()).code, 1001);
    await assert.rejects(gateway.connect());
    await gateway.json('Nodes/Undrain', {});
  }
  await gateway.connect();
});

test('a port that somebody has by then: Undrain says which, and the node goes on draining', async (t) => {
  const gateway = await startAtPort(t);
  await drain(gateway, { over: seconds(0) }).done;
  const other = await startGateway(t, ['--listen', gateway.clients]);
  const error = await rejects(nodes(gateway).undrain({}), 'UNAVAILABLE');
  assert.match(error.details, new RegExp(`cannot listen on ${gateway.clients} again: .*in use`));
  assert.equal(await isReady(gateway), false);
  await other.connect();
  await other.stop();
  assert.equal((await nodes(gateway).undrain({})).wasDraining, true);
  await gateway.connect();
});

test('SIGTERM during a Drain goes on with its plan, and the process ends behind it', async (t) => {
  const gateway = await startGateway(t, ['--drain-delay-seconds', '3600', '--drain-seconds', '0']);
  const clients = await inOrder(gateway, 20);
  const order = closings(clients);
  const began = Date.now();
  await drain(gateway, { over: seconds(2), reason: 'moving' }).began;
  gateway.signal();
  await gateway.until(() => gateway.logged('draining', { goes_on: true }), 'the draining line');
  await rejects(nodes(gateway).undrain({}), 'UNAVAILABLE');
  for (const client of clients) assert.deepEqual(await client.whenClosed(), { code: 1001, reason: 'moving' });
  assert.ok(Date.now() - began > 1500, `took ${Date.now() - began} ms`);
  assert.equal(order.length, 20);
  assert.equal((await gateway.ended()).code, 0);
});

test('a Drain after SIGTERM has its own pace', async (t) => {
  const gateway = await startGateway(t, ['--drain-seconds', '3600']);
  const client = await gateway.connect();
  gateway.signal();
  await gateway.until(() => gateway.logged('draining'), 'the draining line');
  await drain(gateway, { over: seconds(0) }).done;
  assert.equal((await client.whenClosed()).code, 1001);
  assert.equal((await gateway.ended()).code, 0);
});

for (const [what, request] of [
  ['a rate beside a time', { over: seconds(1), perSecond: 5 }],
  ['a deadline before the end', { over: seconds(2), deadline: seconds(1) }],
  ['an order that nobody knows', { order: 9 }],
  ['hints over an hour', { returnWithin: seconds(3601) }],
]) {
  test(`Drain refuses ${what}`, async (t) => {
    const gateway = await startGateway(t);
    assert.equal((await drain(gateway, request).done).code, grpc.status.INVALID_ARGUMENT);
    assert.equal(await isReady(gateway), true);
  });
}

test('a drain of nobody is done at once', async (t) => {
  const gateway = await startGateway(t);
  const { code, reports } = await drain(gateway).done;
  assert.equal(code, grpc.status.OK);
  assert.deepEqual(reports.map(({ connectionsLeft, connectionsAtStart, done }) => [connectionsLeft, connectionsAtStart, done]), [[0, 0, true]]);
});

test('the commands: drain, and undrain while it is watched', async (t) => {
  const gateway = await startGateway(t);
  await inOrder(gateway, 2);
  const grpcPort = ['--grpc', gateway.address('grpc')];
  const watching = promisify(execFile)(binary, ['drain', '--seconds', '3600', '--report-seconds', '0.1', ...grpcPort]).catch((error) => error);
  await eventually(async () => !(await isReady(gateway)), 'it to drain');
  assert.deepEqual(await run(['undrain', ...grpcPort]), { code: 0, stdout: 'in service again\n', stderr: '' });
  assert.deepEqual(await run(['undrain', ...grpcPort]), { code: 0, stdout: 'it did not drain\n', stderr: '' });
  const { code, stdout, stderr } = await watching;
  assert.equal(code, 1);
  assert.match(stdout, /^left=2 of=2 elapsed=\S+ plan=\S+\n/);
  assert.match(stderr, /called the draining off/);
  const done = await run(['drain', '--per-second', '1000', '--order', 'newest', '--deadline-seconds', '5', '--return-within-seconds', '0.5', ...grpcPort]);
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /left=0 of=2 .* done\n$/);
  assert.equal((await run(['drain', '--order', 'last', ...grpcPort])).code, 2);
});
