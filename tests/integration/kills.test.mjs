// What backends are told when they are killed under load, and when clients come and go in every way: each message and
// each end is told, and those of one connection in their order. CI runs a small part; SLUICE_KILLS=20 and
// SLUICE_CONNECTS=50000 run all of it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import WebSocket from 'ws';
import { io } from 'socket.io-client';
import { Watch, eventually, startGateway } from './harness.mjs';

const kills = Number(process.env.SLUICE_KILLS ?? 3);
const connects = Number(process.env.SLUICE_CONNECTS ?? 1500);
const isWhole = kills >= 20;
const long = 120_000;

// A replica that is a process; what it has dealt with is in `told`, as [kind, number, connection, text].
function replica(t, gateway, group = 'default') {
  const child = spawn(process.execPath, [fileURLToPath(new URL('backend_replica.mjs', import.meta.url)), gateway.address('grpc'), group], { stdio: ['ignore', 'pipe', 'inherit'] });
  const watch = new Watch();
  const one = { child, told: [], lost: 0, isThere: false };
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [kind, number, connection, text] = line.split(' ');
    if (kind === 'hello') one.isThere = true;
    else if (kind === 'lost') one.lost += Number(number);
    else one.told.push([kind, Number(number), connection, text]);
    watch.notify();
  });
  one.gone = new Promise((resolve) => child.on('close', resolve));
  one.attached = () => watch.until(() => one.isThere, () => 'a replica to attach');
  t.after(() => child.kill('SIGKILL'));
  return one;
}

async function openAll(count, open, together = 100) {
  const opened = [];
  while (opened.length < count) opened.push(...(await Promise.all(Array.from({ length: Math.min(together, count - opened.length) }, open))));
  return opened;
}

test('a replica that is killed loses no message, and none of its connections their order', { timeout: 600_000 }, async (t) => {
  const gateway = await startGateway(t, ['--client-messages', 'backend', '--no-backend-messages', 'hold']);
  const all = [replica(t, gateway), replica(t, gateway)];
  await Promise.all(all.map((one) => one.attached()));
  const clients = await openAll(isWhole ? 5000 : 200, () => new Promise((resolve, reject) => {
    const socket = new WebSocket(gateway.url());
    socket.on('open', () => resolve(socket)).on('error', reject);
  }));
  const perTick = isWhole ? 20 : 4;
  let sent = 0;
  const timer = setInterval(() => {
    for (let count = 0; count < perTick; ++count, ++sent) clients[sent % clients.length].send(String(sent));
  }, 10);
  t.after(() => clearInterval(timer));
  let alive = [...all];
  for (let killed = 0; killed < kills; ++killed) {
    const before = sent;
    await eventually(() => sent >= before + 100 * perTick / 2, 'some load', long);
    const victim = alive[killed % alive.length];
    victim.child.kill('SIGKILL');
    await victim.gone;
    const next = replica(t, gateway);
    all.push(next);
    alive = [...alive.filter((one) => one !== victim), next];
    await next.attached();
  }
  clearInterval(timer);
  const seen = () => {
    const ids = new Set();
    for (const one of all) for (const [kind, , , text] of one.told) if (kind === 'message') ids.add(Number(text));
    return ids;
  };
  await eventually(() => seen().size === sent, `all ${sent} messages`, long);
  assert.equal(Math.max(...seen()), sent - 1);
  for (const one of all) {
    assert.equal(one.lost, 0);
    const last = new Map();
    for (const [kind, number, connection, text] of one.told) {
      const before = last.get(connection);
      assert.ok(before === undefined || before.number < number, `${connection}: ${number} behind ${before?.number}`);
      if (kind === 'message' && before?.text !== undefined) assert.ok(Number(text) > before.text, `${connection}: ${text} behind ${before.text}`);
      last.set(connection, { number, text: kind === 'message' ? Number(text) : before?.text });
    }
  }
  const told = all.reduce((sum, one) => sum + one.told.length, 0);
  t.diagnostic(`${sent} messages of ${clients.length} clients, ${kills} kills, ${told - sent - clients.length} events told again`);
  for (const client of clients) client.terminate();
});

test('every connection that began has ended once, whatever ended it', { timeout: 600_000 }, async (t) => {
  const gateway = await startGateway(t, ['--client-messages', 'backend', '--user-connections-max', '0', '--drain-seconds', '1']);
  const all = [replica(t, gateway), replica(t, gateway)];
  await Promise.all(all.map((one) => one.attached()));
  const ends = [
    (socket) => socket.terminate(),
    (socket) => socket.close(),
    (socket) => socket._socket.resetAndDestroy?.() ?? socket.terminate(),
    (socket) => socket._socket.write(Buffer.from([0xff, 0xff])),
    (socket, id) => gateway.rpc().disconnect({ target: { connections: [id] } }),
  ];
  const random = (n) => Math.floor(Math.random() * n);
  const comeAndGo = () => new Promise((resolve, reject) => {
    const socket = new WebSocket(gateway.url('?envelope=1'));
    socket.on('error', () => {});
    socket.on('close', resolve);
    socket.on('message', (text) => {
      const { notice, id } = JSON.parse(text);
      if (notice === 'open') Promise.resolve(ends[random(ends.length)](socket, id)).catch(reject);
    });
  });
  const socketIo = () => new Promise((resolve) => {
    const socket = io(`http://${gateway.clients}`, { forceNew: true, reconnection: false, transports: [random(2) === 0 ? 'polling' : 'websocket'] });
    socket.on('connect', () => (random(2) === 0 ? socket.close() : socket.io.engine.close()));
    socket.on('disconnect', resolve).on('connect_error', resolve);
  });
  let done = 0;
  const worker = async () => {
    while (done < connects) {
      ++done;
      if (random(10) === 0) await socketIo();
      else await comeAndGo();
      if (done % Math.ceil(connects / 5) === 0) {
        const victim = all.at(-1);
        victim.child.kill('SIGKILL');
        all.push(replica(t, gateway));
      }
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  // Some are still there when the node drains.
  const staying = await openAll(50, () => new Promise((resolve) => {
    const socket = new WebSocket(gateway.url());
    socket.on('open', () => resolve(socket)).on('error', () => {});
  }));
  gateway.signal();
  await gateway.ended();
  await Promise.all(all.map((one) => one.gone));
  // An event that is told again has the same number.
  const numbers = { connected: new Map(), disconnected: new Map() };
  for (const one of all) {
    assert.equal(one.lost, 0);
    for (const [kind, number, connection] of one.told) {
      if (!numbers[kind]) continue;
      const known = numbers[kind].get(connection);
      assert.ok(known === undefined || known === number, `${connection} ${kind} as ${known} and as ${number}`);
      numbers[kind].set(connection, number);
    }
  }
  assert.ok(numbers.connected.size >= connects + staying.length, `${numbers.connected.size} were told`);
  assert.deepEqual([...numbers.disconnected.keys()].sort(), [...numbers.connected.keys()].sort());
  t.diagnostic(`${numbers.connected.size} connections began and ended`);
});
