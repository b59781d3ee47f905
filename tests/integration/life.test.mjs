// Starting, listening, draining, ending; ports, limits, configuration.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Client, eventually, run, splitAddress, startGateway } from './harness.mjs';
import { freePort } from './ports.mjs';

const loopback = ['--listen', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--admin', '127.0.0.1:0'];

test('SIGTERM drains: not ready at once, connections closed with 1001 over the time, exit 0', async (t) => {
  const gateway = await startGateway(t, ['--drain-seconds', '4']);
  const clients = await Promise.all(Array.from({ length: 50 }, () => gateway.connect()));
  const times = [];
  const began = performance.now();
  clients.forEach((client) => client.socket.on('close', () => times.push(performance.now() - began)));
  gateway.signal();
  await eventually(async () => (await gateway.admin('/readyz')).status === 503, 'not ready');
  for (const client of clients) assert.equal((await client.whenClosed()).code, 1001);
  const { code } = await gateway.ended();
  assert.equal(code, 0);
  times.sort((a, b) => a - b);
  assert.ok(times[49] - times[0] > 1000, `spread over ${times[49] - times[0]} ms`);
  assert.ok(times[25] > 600 && times[25] < 3800, `half were gone after ${times[25]} ms`);
});

test('during --drain-delay-seconds clients are still accepted', async (t) => {
  const gateway = await startGateway(t, ['--drain-delay-seconds', '5']);
  gateway.signal();
  await gateway.until(() => gateway.logged('draining'), 'the draining line');
  assert.equal((await gateway.admin('/readyz')).status, 503);
  const client = await gateway.connect();
  assert.equal((await client.whenClosed()).code, 1001);
});

test('messages that were accepted before a drain still arrive', async (t) => {
  const gateway = await startGateway(t);
  const client = await gateway.connect();
  for (let at = 0; at < 200; ++at) client.send(String(at));
  await gateway.untilMetric('sluice_messages_received_total', {}, (v) => v === 200);
  gateway.signal();
  await client.whenClosed();
  assert.equal(client.messages.length, 200);
});

test('a second signal ends the gateway at once', async (t) => {
  const gateway = await startGateway(t, ['--drain-seconds', '600']);
  const client = await gateway.connect();
  gateway.signal();
  await gateway.until(() => gateway.logged('draining'), 'the draining line');
  gateway.expectedExit = 1;
  gateway.signal();
  await gateway.ended();
  assert.ok(gateway.logged('forced'));
  client.terminate();
});

for (const what of ['listen', 'grpc', 'admin']) {
  test(`a taken port of --${what} is a clear error and exit code 1`, async (t) => {
    const holder = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => holder.on('listening', resolve));
    t.after(() => holder.close());
    const address = `127.0.0.1:${holder.address().port}`;
    const flags = [...loopback];
    flags[flags.indexOf(`--${what}`) + 1] = address;
    const { code, stderr } = await run(['serve', ...flags]);
    assert.equal(code, 1, stderr);
    const line = stderr.trim().split('\n').at(-1);
    assert.match(line, new RegExp(`--${what}`));
    assert.ok(line.includes(address), line);
    assert.match(line, /in use/);
  });
}

test('a port that another Sluice has is an error too, unless both share it', async (t) => {
  const first = await startGateway(t);
  const second = await run(['serve', ...loopback.slice(2), '--listen', first.clients]);
  assert.equal(second.code, 1);
  assert.match(second.stderr, /in use/);
  const late = await run(['serve', ...loopback.slice(2), '--listen', '127.0.0.1:0', '--grpc', first.address('grpc')]);
  assert.equal(late.code, 1);
  assert.match(late.stderr, /--grpc/);
});

test('two processes share a port, and each broadcast reaches exactly its own node’s clients', async (t) => {
  const first = await startGateway(t, ['--share-port']);
  const second = await startGateway(t, ['--share-port', '--listen', first.clients]);
  const clients = await Promise.all(Array.from({ length: 60 }, () => first.connect()));
  const counts = [];
  for (const [gateway, text] of [[first, 'first'], [second, 'second']]) counts.push((await gateway.publish(text)).receipt.matched);
  assert.equal(counts[0] + counts[1], 60);
  assert.ok(counts[0] > 0 && counts[1] > 0, `spread: ${counts}`);
  for (const gateway of [first, second]) await gateway.publish('end');
  for (const client of clients) await client.has('end');
  assert.equal(clients.filter((client) => client.messages[0] === 'first').length, counts[0]);
  assert.ok(clients.every((client) => client.messages.length === 2));
});

test('repeated addresses, IPv4, IPv6 and dual stack all take clients', async (t) => {
  const gateway = await startGateway(t, ['--listen', '127.0.0.1:0', '--listen', `[::1]:${await freePort()}`, '--listen', '[::]:0', '--allow-anonymous']);
  const [, v6] = splitAddress(gateway.address('clients', 1));
  const [, dual] = splitAddress(gateway.address('clients', 2));
  const urls = [`ws://${gateway.clients}/`, `ws://[::1]:${v6}/`, `ws://[::1]:${dual}/`, `ws://127.0.0.1:${dual}/`];
  const clients = await Promise.all(urls.map((url) => gateway.connect('', { url })));
  assert.equal((await gateway.publish('all')).receipt.matched, 4);
  for (const client of clients) await client.has('all');
  const { connections } = await gateway.rpc().listConnections({});
  assert.equal(connections.filter((one) => one.remoteAddress.startsWith('127.0.0.1:')).length, 2, 'IPv4 shows as IPv4');
  // An IPv6 address that is not [::] serves IPv6 alone.
  await assert.rejects(new Promise((resolve, reject) => net.connect(v6, '127.0.0.1').on('connect', resolve).on('error', reject)));
});

test('unsafe binds are refused with what to say', async () => {
  const relay = await run(['serve', ...loopback.slice(2), '--listen', '0.0.0.0:0', '--client-messages', 'relay']);
  assert.equal(relay.code, 2);
  assert.match(relay.stderr, /--allow-anonymous/);
  const grpc = await run(['serve', '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--grpc', '0.0.0.0:0']);
  assert.equal(grpc.code, 2);
  assert.match(grpc.stderr, /--insecure-control/);
});

test('every mistake in the configuration is named, with its source, and nothing starts', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-config-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'sluice.toml');
  writeFileSync(file, 'workers = "many"\nnonsense = 1\nping-interval-seconds = 0\nslow-policy = "shrug"\n');
  const { code, stderr } = await run(['serve', '--config', file]);
  assert.equal(code, 2, stderr);
  for (const part of [/:1: workers/, /:2: nonsense/, /:3: ping-interval-seconds/, /:4: slow-policy.*close, drop-newest/]) assert.match(stderr, part);
  const missing = await run(['serve', '--config', path.join(folder, 'none.toml')]);
  assert.notEqual(missing.code, 0);
  assert.match(missing.stderr, /none\.toml.*cannot be read/);
  for (const flags of [['--workers', '-1'], ['--message-bytes-max', '0'], ['--outbox-bytes-max', '0'], ['--listen', 'nowhere'], ['--bakclog', '3'], ['stray']]) {
    const wrong = await run(['serve', ...flags]);
    assert.equal(wrong.code, 2, `${flags}: ${wrong.stderr}`);
  }
});

test('flags win over the environment, which wins over the file', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-config-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'sluice.toml');
  writeFileSync(file, 'node-name = "from-file"\nnamespace = ["/file"]\nrooms-per-connection-max = 1\n');
  const gateway = await startGateway(t, ['--config', file, '--namespace', '/flag'], { env: { SLUICE_NODE_NAME: 'from-environment', SLUICE_NAMESPACE: '/environment' } });
  const { node } = await gateway.rpc('Nodes').getNode({});
  assert.equal(node.name, 'from-environment');
  assert.deepEqual(node.namespaces.map((one) => one.name), ['/', '/flag']);
  assert.equal((await new Client(gateway.url('?room=a&room=b')).whenRefused()).status, 400);
});

test('SIGHUP reloads the log level, and refuses a bad file whole', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-config-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'sluice.toml');
  writeFileSync(file, 'log-level = "info"\n');
  const gateway = await startGateway(t, ['--config', file]);
  writeFileSync(file, 'log-level = "warning"\nworkers = "x"\n');
  gateway.signal('SIGHUP');
  await gateway.until(() => gateway.log.some((line) => JSON.stringify(line).includes('workers')), 'the reason');
  writeFileSync(file, 'log-level = "debug"\n');
  gateway.signal('SIGHUP');
  await gateway.until(() => gateway.logged('reloaded'), 'the reload');
});
