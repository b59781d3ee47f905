// --takeover: a process takes the listening sockets over from the one that serves at the same addresses.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { makeCertificate, tlsFlags } from './certificates.mjs';
import { Client, eventually, grpc, handshake, run, splitAddress, startGateway } from './harness.mjs';
import { connectTcp, openUdp } from './sockets.mjs';

function folderFor(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-takeover-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
const sockets = ['--listen-tcp', '127.0.0.1:0', '--listen-udp', '127.0.0.1:0'];
const first = (t, socket, flags = []) => startGateway(t, ['--takeover', socket, ...sockets, ...flags]);
// Where another one serves.
function places(gateway) {
  const flags = ['clients', 'tcp', 'udp'].flatMap((what) => [{ clients: '--listen', tcp: '--listen-tcp', udp: '--listen-udp' }[what], gateway.address(what)]);
  return [...flags, '--grpc', gateway.address('grpc'), '--admin', gateway.address('admin')];
}
const next = (t, socket, old, flags = []) => startGateway(t, ['--takeover', socket, ...places(old), ...flags]);
const incarnation = async (gateway) => (await gateway.rpc('Nodes').getNode({})).node.incarnation;

test('the new process serves at all ports, the old one drains and ends', async (t) => {
  const socket = path.join(folderFor(t), 'takeover');
  const old = await first(t, socket, ['--drain-seconds', '1']);
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  const clients = await Promise.all(Array.from({ length: 10 }, () => old.connect()));
  const fresh = await next(t, socket, old);
  assert.ok(fresh.logged('taking_over') && fresh.logged('ready', { taken_over: true }));
  await old.until(() => old.logged('draining', { taken_over: true }), 'the old one to drain');
  const late = await Promise.all(Array.from({ length: 20 }, () => fresh.connect()));
  assert.equal((await fresh.publish('to the new one')).receipt.matched, 20, 'nobody came to the old one');
  for (const client of late) await client.has('to the new one');
  (await connectTcp(fresh)).send('{}');
  const udp = await openUdp(t, fresh);
  await udp.subscribe({ room: 'a' });
  assert.equal((await fresh.admin('/readyz')).status, 200);
  assert.match(JSON.stringify((await fresh.json('Nodes/GetNode', {})).body), new RegExp(await incarnation(fresh)));
  for (const client of clients) assert.equal((await client.whenClosed()).code, 1001);
  assert.deepEqual(await old.ended(), { code: 0, signal: null });
  assert.ok(existsSync(socket), 'the path is the new one’s');
  await fresh.stop();
  assert.ok(!existsSync(socket));
});

for (const [many, few] of [['3', '1'], ['1', '3']]) {
  test(`from ${many} workers to ${few}, and on to a third process`, async (t) => {
    const socket = path.join(folderFor(t), 'takeover');
    const old = await first(t, socket, ['--workers', many]);
    const second = await next(t, socket, old, ['--workers', few]);
    await old.ended();
    const third = await next(t, socket, second, ['--workers', '2']);
    await second.ended();
    const clients = await Promise.all(Array.from({ length: 40 }, () => third.connect()));
    assert.equal((await third.publish('hi')).receipt.matched, clients.length);
  });
}

// Connects as fast as that, says what a WebSocket client says, and hangs up once it is in.
class Connects {
  counts = { opened: 0, refused: 0, reset: 0, other: 0 };
  constructor(address, perSecond) {
    [this.host, this.port] = splitAddress(address);
    this.perSecond = perSecond;
  }
  start() {
    const began = performance.now();
    this.begun = 0;
    this.timer = setInterval(() => {
      for (const due = ((performance.now() - began) / 1000) * this.perSecond; this.begun < due; ++this.begun) this.#one();
    }, 2);
  }
  #one() {
    const socket = net.connect({ host: this.host, port: this.port });
    let answer = '';
    let outcome = null;
    const end = (what) => {
      if (outcome) return;
      outcome = what;
      ++this.counts[what];
      socket.destroy();
    };
    socket.on('connect', () => socket.write(handshake()));
    socket.on('data', (data) => {
      answer += data;
      if (answer.includes('\r\n\r\n')) end(answer.startsWith('HTTP/1.1 101') ? 'opened' : 'other');
    });
    socket.on('error', (error) => end(error.code === 'ECONNREFUSED' ? 'refused' : 'reset'));
    socket.on('close', () => end('reset'));
  }
  // Stops, and gives what became of all.
  async stop() {
    clearInterval(this.timer);
    await eventually(() => Object.values(this.counts).reduce((a, b) => a + b) === this.begun, 'all to have ended');
    return this.counts;
  }
}

test('while many connect, one process after the other takes over, and nobody is refused or reset', async (t) => {
  const perSecond = Number(process.env.SLUICE_TAKEOVER_CONNECTS ?? 300);
  const rounds = Number(process.env.SLUICE_TAKEOVER_ROUNDS ?? 3);
  const socket = path.join(folderFor(t), 'takeover');
  let gateway = await first(t, socket, ['--drain-seconds', '5']);
  const connects = new Connects(gateway.clients, perSecond);
  connects.start();
  for (let round = 0; round < rounds; ++round) {
    const before = connects.counts.opened;
    await eventually(() => connects.counts.opened > before + perSecond, 'a second of connects');
    const fresh = await next(t, socket, gateway, ['--drain-seconds', '5']);
    const during = connects.counts.opened;
    await eventually(() => connects.counts.opened > during + perSecond, 'another second of connects');
    assert.equal((await gateway.ended()).code, 0);
    gateway = fresh;
  }
  const { begun } = connects;
  const counts = await connects.stop();
  t.diagnostic(`${begun} connects at ${perSecond}/s over ${rounds} takeovers: ${JSON.stringify(counts)}`);
  assert.deepEqual({ ...counts, opened: 0 }, { opened: 0, refused: 0, reset: 0, other: 0 });
});

test('TLS listeners are taken over, and show the certificates of the new process', async (t) => {
  const folder = folderFor(t);
  const socket = path.join(folder, 'takeover');
  const pair = (name) => tlsFlags(makeCertificate(path.join(folder, name), { name }));
  const tcp = ['--listen-tcp-tls', '127.0.0.1:0', '--listen-tls', '127.0.0.1:0'];
  const old = await first(t, socket, [...tcp, ...pair('old.example'), '--drain-seconds', '1']);
  const where = ['clients_tls', 'tcp_tls'].map((what) => old.address(what));
  const subjectAt = async (address) => {
    const [host, port] = splitAddress(address);
    const client = tls.connect({ host, port, rejectUnauthorized: false });
    t.after(() => client.destroy());
    // The old process cuts it off.
    client.on('error', () => {});
    await once(client, 'secureConnect');
    return client.getPeerCertificate().subject.CN;
  };
  const secure = await old.connect('', { url: `wss://${where[0]}/`, rejectUnauthorized: false });
  for (const address of where) assert.equal(await subjectAt(address), 'old.example');
  const fresh = await next(t, socket, old, ['--listen-tls', where[0], '--listen-tcp-tls', where[1], ...pair('new.example')]);
  for (const address of where) assert.equal(await subjectAt(address), 'new.example');
  const late = await fresh.connect('', { url: `wss://${where[0]}/`, rejectUnauthorized: false });
  await fresh.publish('by TLS');
  await late.has('by TLS');
  assert.equal((await secure.whenClosed()).code, 1001);
  assert.equal((await old.ended()).code, 0);
});

test('a process that cannot start gives up, and the old one goes on', async (t) => {
  const folder = folderFor(t);
  const socket = path.join(folder, 'takeover');
  const old = await first(t, socket);
  const holder = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.on('listening', resolve));
  t.after(() => holder.close());
  const failed = await run(['serve', '--takeover', socket, ...places(old), '--listen', `127.0.0.1:${holder.address().port}`]);
  assert.equal(failed.code, 1, failed.stderr);
  assert.match(failed.stderr, /in use/);
  await old.until(() => old.logged('takeover_given_up'), 'it to notice');
  await old.connect();
  await old.publish('still here');
  const fresh = await next(t, socket, old);
  await fresh.connect();
  assert.equal((await old.ended()).code, 0);
});

// What a stranger says on the socket; gives what it hears.
const say = (socket, words, prefix = []) => {
  const script = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect(sys.argv[1])
s.settimeout(10)
try: s.send(sys.argv[2].encode())
except BrokenPipeError: pass  # refused already
try: answer = s.recv(1000)
except ConnectionResetError: answer = s.recv(1000)
print(answer.decode())`;
  const [program, ...args] = [...prefix, '/usr/bin/python3', '-c', script, socket, words];
  return spawnSync(program, args, { encoding: 'utf8' });
};

test('who asks for something else is refused, and so is another user', async (t) => {
  const folder = folderFor(t);
  const socket = path.join(folder, 'takeover');
  const old = await first(t, socket);
  assert.match(say(socket, 'sluice takeover 99').stdout, /^refused this gateway understands no such request/);
  assert.match(say(socket, 'taken').stdout, /^refused/);
  if (process.getuid() === 0) {
    chmodSync(folder, 0o755);
    const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];
    assert.match(say(socket, 'sluice takeover 1', nobody).stderr, /PermissionError/, 'the mode keeps others out');
    chmodSync(socket, 0o666);
    assert.match(say(socket, 'sluice takeover 1', nobody).stdout, /^refused only the user/);
  }
  await old.until(() => old.logged('takeover_refused'), 'the line about it');
  await old.connect();
  await next(t, socket, old);
  assert.equal((await old.ended()).code, 0);
});

test('a path that is no socket, or cannot be had, is a clear error', async (t) => {
  const folder = folderFor(t);
  const file = path.join(folder, 'file');
  writeFileSync(file, 'mine');
  const places_ = ['--listen', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  for (const [where, why] of [[file, /--takeover: .*file: is there, and is no socket/], [path.join(folder, 'none', 'x'), /--takeover: .*No such file/]]) {
    const { code, stderr } = await run(['serve', ...places_, '--takeover', where]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, why);
  }
  assert.equal((await run(['serve', ...places_, '--takeover', 'x'.repeat(91)])).code, 2);
});

test('the path that a killed process left is nobody’s', async (t) => {
  const socket = path.join(folderFor(t), 'takeover');
  const old = await first(t, socket);
  await old.kill();
  assert.ok(existsSync(socket));
  const fresh = await first(t, socket, ['--drain-seconds', '1']);
  assert.ok(fresh.logged('ready', { taken_over: false }));
  const third = await next(t, socket, fresh);
  await third.connect(); // to either of the two
  assert.equal((await fresh.ended()).code, 0);
});

test('while a process takes over, another one is refused; and the old one cannot be undrained', async (t) => {
  const socket = path.join(folderFor(t), 'takeover');
  const old = await first(t, socket, ['--drain-seconds', '3600', '--close-timeout-seconds', '0.2']);
  const client = await old.connect();
  const nodes = old.rpc('Nodes');
  await nodes.getNode({}); // a connection that stays with the old one
  const fresh = await next(t, socket, old);
  await old.until(() => old.logged('draining', { taken_over: true }), 'the old one to drain');
  const error = await nodes.undrain({}).catch((reason) => reason);
  assert.equal(error.code, grpc.status.UNAVAILABLE, error.message);
  const stream = nodes.drain({ over: { seconds: 0 } });
  stream.on('error', () => {}).resume();
  assert.equal((await client.whenClosed()).code, 1001);
  assert.equal((await old.ended()).code, 0);
  await fresh.connect();
});

test('new addresses are opened, old ones are given up', async (t) => {
  const socket = path.join(folderFor(t), 'takeover');
  const old = await first(t, socket);
  const fresh = await startGateway(t, ['--takeover', socket, '--listen', '127.0.0.1:0', '--grpc', old.address('grpc'), '--admin', old.address('admin')]);
  await old.ended();
  assert.notEqual(fresh.clients, old.clients);
  await fresh.connect();
  await assert.rejects(new Client(old.url()).opened());
});
