// What is wrong around a node is told clearly, and harms nobody else.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { rejects, run, startGateway } from '../integration/harness.mjs';
import { Authority } from './certificates.mjs';
import { Cluster } from './cluster.mjs';
import { startNats } from './nats.mjs';
import { startNodes, writeSecret } from './nodes.mjs';

const lobby = { rooms: ['lobby'] };
function folder(t) {
  const made = mkdtempSync(path.join(tmpdir(), 'sluice-refusals-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

const anywhere = ['--listen', '--grpc', '--admin'].flatMap((flag) => [flag, '127.0.0.1:0']);
// Runs a node that cannot start; gives its one line.
async function whyNot(t, flags) {
  const { code, stderr } = await run(['serve', '--broker', 'nats', ...anywhere, ...flags]);
  assert.ok([1, 2].includes(code), stderr);
  return stderr.trim().split('\n').at(-1);
}
async function works(nodes, text = 'hi') {
  const clients = await Promise.all([...nodes].map((node) => node.connect()));
  await [...nodes][0].publish(text, lobby);
  await Promise.all(clients.map((client) => client.has(text)));
  clients.forEach((client) => client.terminate());
}

const ways = {
  'a password': async () => ({
    configuration: 'authorization: { user: sluice, password: "right" }', client: { user: 'sluice', pass: 'right' },
    good: ['--nats-user', 'sluice', '--nats-password', 'right'], bad: [['--nats-user', 'sluice', '--nats-password', 'wrong'], []],
  }),
  'a token': async () => ({
    configuration: 'authorization: { token: "right" }', client: { token: 'right' },
    good: ['--nats-token', 'right'], bad: [['--nats-token', 'wrong'], []],
  }),
};
for (const [name, make] of Object.entries(ways)) {
  test(`a broker that wants ${name} is shown it, and a wrong one is told of`, async (t) => {
    const { good, bad, ...options } = await make();
    const nats = await startNats(t, options);
    for (const flags of bad) {
      const line = await whyNot(t, [...nats.flags(), ...flags, '--secret-file', writeSecret(t)]);
      assert.match(line, /Authorization Violation/);
      assert.doesNotMatch(line, /right|wrong/);
    }
    await works(await startNodes(t, nats, { count: 2, flags: good }));
  });
}

test('TLS both ways: an unknown authority, no certificate, and none at all are told of', async (t) => {
  const at = folder(t);
  const authority = new Authority(at);
  const stranger = new Authority(at, 'stranger');
  const server = authority.issue('server');
  const own = authority.issue('node');
  const tls = `tls: { cert_file: "${server.cert}", key_file: "${server.key}", ca_file: "${authority.file}", verify: true }`;
  const nats = await startNats(t, { configuration: tls, scheme: 'tls' });
  const good = ['--nats-ca', authority.file, '--nats-cert', own.cert, '--nats-key', own.key];
  const secret = ['--secret-file', writeSecret(t)];
  assert.match(await whyNot(t, [...nats.flags(), ...secret, ...good.slice(2)]), /certificate/);
  assert.match(await whyNot(t, [...nats.flags(), ...secret, '--nats-ca', stranger.file, ...good.slice(2)]), /certificate/);
  assert.match(await whyNot(t, [...nats.flags(), ...secret, '--nats-ca', authority.file]), /certificate/);
  assert.match(await whyNot(t, [...nats.flags(), ...secret, ...good.slice(0, 2), '--nats-cert', own.cert, '--nats-key', server.key]), /key values mismatch/);
  await works(await startNodes(t, nats, { count: 2, flags: good }));
});

test('a stream of that name with other settings is told of, and left alone', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { count: 1 });
  const name = await nats.onlyStream();
  await nodes.at(0).stop();
  const { streams } = await nats.manager(t);
  const { config } = await streams.info(name);
  await streams.delete(name);
  await streams.add({ name, subjects: ['somebody.elses'], max_msgs_per_subject: 7 });
  const before = (await streams.info(name)).config;
  const line = await whyNot(t, [...nats.flags(), '--secret-file', writeSecret(t)]);
  assert.match(line, new RegExp(`${name}.*max_msgs_per_subject`, 's'));
  assert.deepEqual((await streams.info(name)).config, before);
  await streams.delete(name);
  await streams.add({ ...config, num_replicas: 1 });
  await works(await startNodes(t, nats, { count: 2 }));
});

test('a broker that is not there yet, or has no JetStream, is waited for, and the log tells of it', async (t) => {
  const nats = await startNats(t);
  const [server] = nats.servers;
  await server.kill();
  const flags = ['--broker', 'nats', ...nats.flags(), '--secret-file', writeSecret(t)];
  const waiting = await startGateway(t, flags, { isReady: (log) => log.includes('broker_unreachable') });
  assert.equal(waiting.logged('broker_unreachable').server, server.address);
  assert.deepEqual([(await waiting.admin('/readyz')).status, (await waiting.admin('/healthz')).status], [503, 200]);
  // Whoever comes goes elsewhere at once.
  await assert.rejects(fetch(`http://${waiting.clients}/poll`), (error) => error.cause.code === 'ECONNREFUSED');
  await rejects(waiting.publish('too early'), 'UNAVAILABLE');
  await server.start();
  await waiting.ready();
  await works([waiting]);
  assert.equal((await waiting.admin('/readyz')).status, 200);

  const plain = await startNats(t, { jetstream: false });
  const vain = await startGateway(t, ['--broker', 'nats', ...plain.flags(), '--secret-file', writeSecret(t)], { isReady: (log) => log.includes('broker_stream_missing') });
  assert.match(vain.logged('broker_stream_missing').why, /JetStream/);
  vain.signal();
  assert.equal((await vain.ended()).code, 0, 'who waits can be ended');
});

test('clusters of different names on one broker hear nothing of each other', async (t) => {
  const nats = await startNats(t);
  const secret = writeSecret(t);
  const [one, other] = await Promise.all(['one', 'other'].map((name) => startNodes(t, nats, { count: 2, name, secret, flags: ['--cluster-name', name] })));
  const clients = await Promise.all([one, other].map((nodes) => nodes.at(1).connect()));
  await one.at(0).publish('for one', lobby);
  await other.at(0).publish('for other', lobby);
  await Promise.all(clients.map((client) => client.count(1)));
  await one.at(1).publish('end', lobby);
  await other.at(1).publish('end', lobby);
  await Promise.all(clients.map((client) => client.has('end')));
  assert.deepEqual(clients.map((client) => client.messages), [['for one', 'end'], ['for other', 'end']]);
});

test('nodes with different secrets tell of it, and messages come all the same', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { count: 1 });
  const [other] = await startNodes(t, nats, { count: 1, name: 'other' });
  const pairs = [[nodes.at(0), 'other0'], [other, 'node0']];
  for (const [node, peer] of pairs) await node.until(() => node.logged('secret_differs', { node: peer, level: 'error' }), 'a log line of the other secret');
  await works([nodes.at(0), other]);
  await other.untilMetric('sluice_cluster_other_secrets', {}, (value) => value === 1);
  const { stdout } = await run(['nodes', '--grpc', other.address('grpc')]);
  assert.match(stdout, /^node0 .* ready,other-secret /m);
  assert.match(stdout, /^other0 .* ready /m);
  const unknown = await run(['node', 'nosuch', '--grpc', other.address('grpc')]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /that is there: other0, node0/);
});

test('a node with another idea of the history does not start', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { count: 1, flags: ['--history-messages', '100'] });
  const line = await whyNot(t, [...nats.flags(), '--secret-file', writeSecret(t), '--history-messages', '200']);
  assert.match(line, /max_msgs_per_subject.*100.*200/);
  await works(nodes);
});

test('a secret that is too short, or not there, is told of', async (t) => {
  const nats = await startNats(t);
  assert.match(await whyNot(t, [...nats.flags(), '--secret-file', writeSecret(t, 31)]), /--secret-file.*32/);
  assert.match(await whyNot(t, [...nats.flags(), '--secret-file', path.join(folder(t), 'none')]), /--secret-file/);
  const { code, stderr } = await run(['serve', '--broker', 'nats', ...nats.flags()]);
  assert.ok([1, 2].includes(code), String(code));
  assert.match(stderr, /--secret-file/);
});

// Subjects that nodes publish to while they do all that they can do with each other.
async function subjectsInUse(connection, work) {
  const seen = new Map();
  const subscription = connection.subscribe('>', {
    callback: (error, message) => {
      if (!/^(_INBOX|\$)/.test(message.subject)) seen.set(message.subject, message);
    },
  });
  await connection.flush();
  await work();
  await connection.flush();
  subscription.unsubscribe();
  return seen;
}

test('whatever anybody publishes to the subjects of a cluster harms no node and no message', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { count: 2, nats: { configuration: 'max_payload: 8MB' } });
  const connection = await nats.connect(t);
  const clients = await Promise.all([...nodes].map((node) => node.connect('?envelope=1')));
  t.after(() => clients.forEach((client) => client.terminate()));
  const seen = await subjectsInUse(connection, async () => {
    await nodes.at(0).publish('0', lobby);
    await nodes.at(1).rpc().joinRooms({ target: lobby, rooms: ['other'] });
    await nodes.at(1).rpc().listConnections({});
    await nodes.at(1).rpc('Nodes').getNode({});
    await Promise.all(clients.map((client) => client.until(() => client.parsed.some((one) => one.data === '0'), 'the first')));
  });
  assert.ok(seen.size > 0, 'nodes talk');
  for (const [subject, { data }] of seen) {
    const garbage = [Buffer.alloc(0), Buffer.from('garbage'), Buffer.alloc(1 << 20, 255), data.subarray(0, data.length / 2), Buffer.concat([data, data]), randomBytes(200)];
    for (let count = 0; count < 100; ++count) {
      const changed = Buffer.from(data);
      if (changed.length > 0) changed[count % changed.length] ^= 1 << count % 8;
      garbage.push(changed);
    }
    for (const [at, bytes] of garbage.entries()) connection.publish(subject, bytes, at % 2 === 0 ? { reply: 'nobody.listens' } : {});
  }
  await connection.flush();
  for (const [at, node] of [...nodes].entries()) await node.publish(`${at + 1}`, lobby);
  const texts = (client) => client.parsed.map((one) => one.data);
  for (const client of clients) {
    await client.until(() => texts(client).includes('2'), 'the last');
    assert.ok(texts(client).indexOf('1') > texts(client).indexOf('0'));
    assert.equal(client.closed, null);
  }
  for (const node of nodes) assert.equal((await node.admin('/healthz')).status, 200);
});

test('nodes whose clocks are hours apart are one cluster all the same', async (t) => {
  const nats = await startNats(t);
  const secret = writeSecret(t);
  // Debian's faketime; what measures durations is left as it is.
  const wrap = (offset) => `LD_PRELOAD=$(ls /usr/lib/*/faketime/libfaketimeMT.so.1) FAKETIME=${offset} FAKETIME_DONT_FAKE_MONOTONIC=1 exec "$@"`;
  const [right] = await startNodes(t, nats, { count: 1, name: 'right', secret });
  const [fast] = await startNodes(t, nats, { count: 1, name: 'fast', secret, options: { wrap: wrap('+3h') } });
  const [slow] = await startNodes(t, nats, { count: 1, name: 'slow', secret, options: { wrap: wrap('-3h') } });
  const nodes = [right, fast, slow];
  const clients = await Promise.all(nodes.map((node) => node.connect('?envelope=1')));
  t.after(() => clients.forEach((client) => client.terminate()));
  const { receipt } = await fast.publish('1', lobby);
  await slow.publish('2', lobby);
  await right.publish('3', lobby);
  for (const [at, client] of clients.entries()) {
    await client.count(4);
    assert.deepEqual(client.parsed.slice(1).map((one) => one.data), ['1', '2', '3']);
    const back = await nodes.at(at - 1).connect(`?since=${receipt.position}`);
    t.after(() => back.terminate());
    await back.count(3);
    assert.deepEqual(back.parsed.map((one) => one.notice ?? one.data), ['open', '2', '3']);
  }
});

test('a configuration that makes no sense is told of', async (t) => {
  const secret = ['--secret-file', writeSecret(t)];
  for (const [flags, told] of [
    [['--nats-url', 'http://127.0.0.1:1', ...secret], /--nats-url/],
    [['--nats-url', 'nats://127.0.0.1:1', '--nats-user', 'a', '--nats-token', 'b', ...secret], /--nats-token/],
    [['--nats-url', 'nats://127.0.0.1:1', '--stream-replicas', '2', ...secret], /--stream-replicas/],
    [['--nats-url', 'nats://127.0.0.1:1', '--cluster-name', 'a b', ...secret], /--cluster-name/],
    [['--nats-url', 'nats://127.0.0.1:1', '--nats-ca', '/nowhere', ...secret], /nowhere/],
    [secret, /--nats-url/],
  ]) {
    const { code, stderr } = await run(['serve', '--broker', 'nats', ...flags]);
    assert.ok([1, 2].includes(code), `${flags}: ${code} ${stderr}`);
    assert.match(stderr, told);
  }
});
