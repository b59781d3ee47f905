// Overload: what the node does when memory, queues or files run short, in which order, and that it ends.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { Client, Raw, binary, eventually, isSanitized, parseMetrics, splitAddress, startGateway } from './harness.mjs';

const MiB = 1 << 20;
const actions = ['pause_reads', 'shorten_timeouts', 'drop_volatile', 'refuse_clients', 'close_outboxes'];

// Clients of another process: some that read nothing, and healthy ones that say how they fare.
async function startDeaf(t, gateway, room, deaf, healthy) {
  const [, port] = splitAddress(gateway.clients);
  const child = spawn(path.join(path.dirname(binary), 'deaf'), [port, room, deaf, healthy].map(String), { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.stdin.end());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await lines.next()).value);
  assert.equal((await next()).open, deaf + healthy);
  return {
    end: async () => {
      child.stdin.end();
      await once(child, 'exit');
    },
    report: () => {
      child.stdin.write('\n');
      return next();
    },
  };
}

// What the log says began or ended, in order.
const said = (gateway, event) => gateway.log.filter((line) => line.event === event).map((line) => line.action);
const pressure = (gateway, resource) => gateway.metric('sluice_overload_pressure', { resource });

async function untilQuiet(gateway) {
  await eventually(async () => (await gateway.metric('sluice_overload_action')) === 0, 'all actions to end', 60_000);
  assert.deepEqual(said(gateway, 'overload_action_ended').sort(), said(gateway, 'overload_action_began').sort());
}

// What a gateway has before anybody comes.
async function memoryAlone(t) {
  const gateway = await startGateway(t);
  const found = await eventually(() => gateway.metric('sluice_overload_memory_bytes'), 'the first look');
  await gateway.stop();
  return found;
}

const keepsMemory = { skip: isSanitized && 'the sanitizer keeps what was freed' };

test('clients that read nothing are kept under the limit on memory, and the others do not lose a message', keepsMemory, async (t) => {
  // The kernel holds some 36 KB for each that reads nothing, 21 MB in all.
  const limit = (await memoryAlone(t)) + 32 * MiB;
  const gateway = await startGateway(t, ['--memory-max', String(limit), '--socket-send-bytes-max', '16KiB', '--outbox-bytes-max', '256MiB', '--outbox-age-ms-max', '3600000', '--overload-percent-min', '65']);
  const clients = await startDeaf(t, gateway, 'crowd', 600, 20);
  let highest = 0;
  let seen = [];
  const look = async () => {
    const series = parseMetrics((await gateway.admin('/metrics')).text);
    highest = Math.max(highest, series.find((one) => one.name === 'sluice_overload_memory_bytes').value);
    seen = series.filter((one) => one.name === 'sluice_overload_actions_total' && one.value > 0).map((one) => one.labels.action);
  };
  let sent = 0;
  const prefix = () => `${process.hrtime.bigint()}|`;
  const volatile = { volatile: true };
  await eventually(async () => {
    for (let at = 0; at < 20; ++at, ++sent) await gateway.publish(prefix().padEnd(2048, 'x'), { rooms: ['crowd'] });
    await gateway.publish('0', { rooms: ['crowd'] }, volatile);
    await look();
    const has = async (name, labels) => (await gateway.metric(name, labels)) > 0;
    return (await has('sluice_overload_relieved_total', { action: 'close_outboxes' })) && has('sluice_drops_total', { reason: 'overload' });
  }, 'the slowest to be closed', 60_000);
  await look();
  assert.ok(highest <= limit, `${highest} bytes`);
  assert.deepEqual(said(gateway, 'overload_action_began').slice(0, 5), actions, 'the mildest first');
  assert.deepEqual(seen, actions);
  // What operators and services need goes on.
  for (const page of ['/healthz', '/readyz', '/metrics']) assert.equal((await gateway.admin(page)).status, 200);
  assert.ok((await gateway.rpc('Nodes').getNode({})).node);
  let messages = 0;
  const end = await eventually(async () => {
    const report = await clients.report();
    messages += report.messages;
    return messages >= sent * 20 && report;
  }, `${sent} messages at each healthy client`);
  assert.equal(messages, sent * 20);
  assert.equal(end.healthy, 20);
  assert.ok(end.deaf < 600);
  // The load ends.
  await clients.end();
  await untilQuiet(gateway);
  assert.ok((await pressure(gateway, 'memory')) < 0.65);
  await gateway.connect('?room=crowd');
});

test('with files running out new clients are turned away for a while that differs; those who are there stay', async (t) => {
  const limit = 400;
  const gateway = await startGateway(t, ['--listen-tcp', '127.0.0.1:0'], { wrap: `ulimit -n ${limit}; exec "$@"` });
  const old = await gateway.connect('?room=lobby');
  const idle = [];
  t.after(() => idle.forEach((raw) => raw.socket.destroy()));
  const files = () => readdirSync(`/proc/${gateway.pid}/fd`).length;
  const own = files();
  while (files() < limit * 0.92) {
    for (let at = 0; at < 10; ++at) idle.push(await Raw.open(gateway.address(idle.length % 2 ? 'admin' : 'grpc')));
    await eventually(() => files() >= own + idle.length, 'them to be accepted');
  }
  await gateway.until(() => said(gateway, 'overload_action_began').includes('refuse_clients'), 'the action');
  assert.equal(gateway.logged('overload_action_began', { action: 'refuse_clients' }).short, 'descriptors');
  assert.deepEqual(said(gateway, 'overload_action_began'), ['shorten_timeouts', 'refuse_clients'], 'what does not help with files is not done');

  const hints = new Set();
  for (let at = 0; at < 12; ++at) {
    const answer = await fetch(`http://${gateway.clients}/engine.io/?EIO=4&transport=polling`);
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /"exhausted".*too much to do/);
    hints.add(Number(answer.headers.get('retry-after')));
  }
  assert.ok(hints.size > 2 && Math.min(...hints) >= 5 && Math.max(...hints) <= 20, [...hints].join());
  const refused = await new Client(gateway.url('?room=lobby')).whenRefused();
  assert.equal(refused.status, 503);
  const line = await Raw.open(gateway.address('tcp'), t);
  line.write('{"join":"lobby"}\n');
  await line.untilEnd();
  assert.match(line.received.toString(), /too much to do/);
  assert.ok((await gateway.metric('sluice_overload_relieved_total', { action: 'refuse_clients' })) >= 14);

  await gateway.publish('still here');
  await old.has('still here');
  assert.equal((await gateway.admin('/healthz')).status, 200);
  assert.equal((await gateway.admin('/readyz')).status, 200);

  idle.splice(0).forEach((raw) => raw.socket.destroy());
  await untilQuiet(gateway);
  await gateway.connect('?room=lobby');
});

test('the loudest clients are read less, the quiet ones as ever', async (t) => {
  // An outbox that waits is pressure enough for the first action, and for no other.
  const gateway = await startGateway(t, ['--workers', '1', '--overload-percent-min', '10', '--queued-bytes-max', '8MiB', '--outbox-bytes-max', '8MiB', '--socket-send-bytes-max', '4608']);
  const deaf = await Raw.upgrade(gateway.clients, { query: '?room=deaf', t });
  deaf.socket.pause();
  while ((await pressure(gateway, 'queued_bytes')) < 0.16) await gateway.publish('x'.repeat(16_000), { rooms: ['deaf'] });
  await gateway.until(() => said(gateway, 'overload_action_began').includes('pause_reads'), 'the action');
  const loud = await gateway.connect('?room=loud');
  const quiet = await gateway.connect('?room=quiet');
  await eventually(async () => {
    for (let at = 0; at < 50; ++at) loud.send('y'.repeat(1000));
    return (await gateway.metric('sluice_overload_relieved_total', { action: 'pause_reads' })) > 2;
  }, 'the loud one to be paused');
  quiet.send('as ever');
  await quiet.has('as ever');
  assert.deepEqual(said(gateway, 'overload_action_began'), ['pause_reads']);
  deaf.socket.destroy();
  await untilQuiet(gateway);
  const before = loud.messages.length;
  loud.send('and again');
  await loud.has('and again');
  assert.ok(loud.messages.length > before);
});

test('--overload-actions=false only tells', async (t) => {
  const gateway = await startGateway(t, ['--memory-max', '1MiB', '--overload-actions=false']);
  await eventually(async () => (await pressure(gateway, 'memory')) > 1, 'the pressure');
  await gateway.connect('?room=lobby');
  assert.equal(await gateway.metric('sluice_overload_action'), 0);
  assert.equal(gateway.logged('overload_action_began'), undefined);
});
