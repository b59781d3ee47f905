// How the gateway listens and what it says about it: options of sockets, the log, the two clients' paths.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import net from 'node:net';
import { availableParallelism, networkInterfaces } from 'node:os';
import { test } from 'node:test';
import { Client, run, splitAddress, startGateway } from './harness.mjs';

test('/ and /ws are the same', async (t) => {
  const gateway = await startGateway(t);
  const clients = await Promise.all(['/', '/ws'].map((route) => gateway.connect('', { url: gateway.url('?room=x', route) })));
  clients[0].send('hi');
  for (const client of clients) await client.has('hi');
  for (const route of ['/ws/', '/socket.io/x', '/engine.iox', '/sse/', '/WS', '//']) {
    assert.equal((await new Client(gateway.url('', route)).whenRefused()).status, 404, route);
  }
});

test('every worker takes connections, pinned to a core of its own when asked', async (t) => {
  const gateway = await startGateway(t, ['--workers', '2', '--pin-workers']);
  await Promise.all(Array.from({ length: 60 }, () => gateway.connect()));
  const { node } = await gateway.rpc('Nodes').getNode({});
  assert.deepEqual(node.workers.map((worker) => worker.connections > 0), [true, true]);
  const { connections } = await gateway.rpc().listConnections({ pageSize: 100 });
  for (const worker of [0, 1]) {
    assert.equal(connections.filter((one) => one.worker === worker).length, node.workers[worker].connections);
    const labels = { protocol: 'websocket', worker: String(worker) };
    assert.equal(await gateway.metric('sluice_connections', labels), node.workers[worker].connections);
  }
  // A thread may have ended since it was listed.
  const statusOf = (id) => {
    try {
      return readFileSync(`/proc/${gateway.pid}/task/${id}/status`, 'utf8');
    } catch {
      return '';
    }
  };
  const cores = readdirSync(`/proc/${gateway.pid}/task`)
    .map((id) => /Cpus_allowed_list:\s*(\S+)/.exec(statusOf(id))?.[1])
    .filter((list) => /^\d+$/.test(list));
  if (availableParallelism() < 2) return t.diagnostic('one core: nothing to pin to');
  assert.equal(cores.length, 2, 'two threads have one core each');
  assert.notEqual(cores[0], cores[1]);
});

test('options of sockets are taken', async (t) => {
  const flags = ['--tcp-no-delay=false', '--backlog', '1', '--socket-send-bytes-max', '100000'];
  const gateway = await startGateway(t, flags);
  const client = await gateway.connect();
  client.send('x'.repeat(500_000));
  await client.count(1);
  assert.equal(client.messages[0].length, 500_000);
});

test('the log has one listening line a port, as text and as JSON', async (t) => {
  const gateway = await startGateway(t, ['--listen', '127.0.0.1:0', '--listen', '127.0.0.1:0']);
  const lines = gateway.log.filter((line) => line.event === 'listening');
  assert.deepEqual(lines.map((line) => line.what), ['clients', 'clients', 'grpc', 'admin']);
  for (const { address } of lines) assert.match(address, /^127\.0\.0\.1:[1-9]\d*$/);
  assert.ok(gateway.log.indexOf(lines[3]) < gateway.log.findIndex((line) => line.event === 'ready'));
  for (const line of gateway.log) assert.match(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/, JSON.stringify(line));
  const text = await startGateway(null, ['--log-format', 'text'], { isReady: (log) => / ready( |$)/m.test(log) });
  assert.match(text.stderr, /^\S+Z info listening what=clients address=127\.0\.0\.1:\d+$/m);
  await text.stop();
});

test('nothing that a client sends is written to the log', async (t) => {
  const gateway = await startGateway(t, ['--log-level', 'trace']);
  const client = await gateway.connect('?room=private-room&token=query-secret', { headers: { cookie: 'session=cookie-secret' } });
  client.send('message-secret');
  await client.count(1);
  await gateway.publish('published-secret', { rooms: ['private-room'] }, { idempotencyKey: 'key-secret' });
  await client.count(2);
  await client.close();
  await new Client(gateway.url('?room=&token=query-secret')).whenRefused();
  await gateway.stop();
  assert.doesNotMatch(gateway.stderr, /secret/);
});

test('two nodes in one process each have an incarnation of their own, and ids that never meet', async (t) => {
  const [first, second] = [await startGateway(t), await startGateway(t)];
  const incarnations = [];
  for (const gateway of [first, second]) {
    const client = await gateway.connect('?envelope=1');
    await client.count(1);
    const { node } = await gateway.rpc('Nodes').getNode({});
    assert.equal(client.parsed[0].id.slice(0, 8), node.incarnation);
    incarnations.push(node.incarnation);
  }
  assert.notEqual(incarnations[0], incarnations[1]);
});

test('an admin port beyond loopback serves probes to all, calls to loopback alone', async (t) => {
  const own = Object.values(networkInterfaces()).flat().find((one) => !one.internal && one.family === 'IPv4');
  if (!own) return t.skip('this machine has no address beyond loopback');
  const gateway = await startGateway(t, ['--admin', '0.0.0.0:0']);
  const [, port] = splitAddress(gateway.address('admin'));
  for (const route of ['/healthz', '/readyz', '/metrics']) {
    assert.equal((await fetch(`http://${own.address}:${port}${route}`)).status, 200, route);
  }
  const call = (host) => fetch(`http://${host}:${port}/sluice.v1.Nodes/GetNode`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}',
  });
  assert.equal((await call(own.address)).status, 403);
  assert.equal((await call('127.0.0.1')).status, 200);
});

test('a port that is no port, an address that is not here, and two of ours on one: each is told', async () => {
  const serve = (...flags) => run(['serve', '--listen', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...flags]);
  const outside = await serve('--listen', `127.0.0.1:${2 ** 16}`);
  assert.equal(outside.code, 2, outside.stderr);
  assert.match(outside.stderr, /--listen/);
  // TEST-NET-1: an address that no machine has.
  const foreign = await serve('--listen', '192.0.2.1:0', '--client-messages', 'drop');
  assert.equal(foreign.code, 1, foreign.stderr);
  assert.match(foreign.stderr, /192\.0\.2\.1/);
  const probe = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.on('listening', resolve));
  const address = `127.0.0.1:${probe.address().port}`;
  await new Promise((resolve) => probe.close(resolve));
  const same = await run(['serve', '--listen', '127.0.0.1:0', '--grpc', address, '--admin', address]);
  assert.notEqual(same.code, 0);
  assert.match(same.stderr, /--admin.*--grpc|--grpc.*--admin/);
});
