// One node with nothing beside it, as a pod of the real cluster: it starts, is what it is said to be, and ends in peace.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { objectsIn, render, root } from '../helm/chart.mjs';
import { Client } from '../integration/clients.mjs';
import { connectTcp, openUdp } from '../integration/sockets.mjs';
import { binary } from '../integration/watch.mjs';
import { holdPod, openNamespace } from './kubernetes.mjs';

const small = { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '512Mi' } };
const values = (more = {}) => ({
  resources: small, minReadySeconds: 0, drain: { delaySeconds: 1, seconds: 1 }, ...more,
  options: { 'client-messages': 'relay', 'allow-anonymous': true, workers: 1, ...more.options },
});

async function connect(t, address, query = '?room=lobby') {
  const client = new Client(`ws://${address}/${query}`);
  t.after(() => client.terminate());
  return client.opened();
}

// A container's first process, as the machine under it sees it.
function processOf(pod) {
  const id = pod.status.containerStatuses[0].containerID.replace('containerd://', '');
  const isIts = (pid) => {
    try {
      return readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id);
    } catch {
      return false; // it has ended meanwhile
    }
  };
  return Number(readdirSync('/proc').filter((name) => /^\d+$/.test(name)).find(isIts));
}

// A caller with an API key: { line, key }, the line of the file of callers and what the caller shows.
function makeCaller(scope, name) {
  const { stdout, stderr } = spawnSync(binary, ['caller', '--scope', scope, name], { encoding: 'utf8' });
  const [line, key] = [stdout.trim(), /slk_[\w-]+/.exec(stderr)[0]];
  return { line, key };
}

test('a node is installed, clients of all wires meet in it, and helm test says so', async (t) => {
  const space = await openNamespace(t);
  const notes = await space.helm('chat', values({ clients: { ports: { tcp: 8090, udp: 8091 } } }));
  assert.match(notes, /1 node, broker embedded/);
  const addresses = Object.fromEntries(await Promise.all(['http', 'tcp', 'udp'].map(async (port) => [port, await space.address('chat-sluice', port)])));
  const service = { address: (wire) => addresses[wire] };
  const web = await connect(t, addresses.http);
  const lines = await connectTcp(service);
  t.after(() => lines.socket.destroy());
  await lines.ask(1, { join: 'lobby' });
  const datagrams = await openUdp(t, service);
  await datagrams.subscribe({ room: 'lobby' });
  web.send('hello');
  await Promise.all([web.has('hello'), lines.count(1), datagrams.count(1)]);
  assert.deepEqual([...lines.texts, ...datagrams.texts], ['hello', 'hello']);
  assert.match(await space.helmTest('chat'), /Phase: +Succeeded/);
});

test('a container runs with the arguments that were rendered, as nobody in particular, and can change nothing', async (t) => {
  const space = await openNamespace(t);
  await space.helm('chat', values());
  const pod = await space.gateway('chat');
  const inside = (script) => space.exec(pod, 'sh', '-c', script);
  const rendered = await render(values());
  assert.deepEqual((await inside('tr "\\0" "\\n" </proc/1/cmdline')).trim().split('\n'), ['sluice', ...rendered.container.args]);
  const status = await inside('cat /proc/1/status');
  assert.match(status, /\nUid:\t10001\t10001\t10001\t10001\n/);
  assert.match(status, /\nGid:\t10001\t10001\t10001\t10001\n/);
  assert.match(status, /\nCapEff:\t0+\n/);
  assert.match(status, /\nNoNewPrivs:\t1\n/);
  assert.match(status, /\nSeccomp:\t2\n/);
  for (const folder of ['/', '/tmp', '/etc/sluice/config', '/var/lib']) assert.match(await inside(`touch ${folder}/x 2>&1 || true`), /Read-only file system/);
  // Variables of Kubernetes' own for the Services beside it would be read as options.
  assert.deepEqual((await inside('env')).split('\n').filter((line) => line.startsWith('SLUICE_')), ['SLUICE_ADMIN=[::]:8082']);
  assert.match(await inside('sluice node --json'), new RegExp(pod.metadata.name), 'a node is named after its pod');
});

test('a node that drains leaves the Service, and lives on', async (t) => {
  const space = await openNamespace(t);
  await space.helm('chat', values());
  const pod = await space.gateway('chat');
  assert.deepEqual(await space.endpoints('chat-sluice'), [pod.status.podIP]);
  const client = await connect(t, await space.address('chat-sluice', 'http'));
  await space.exec(pod, 'sluice', 'drain', '--seconds', '1', '--reason', 'moving house');
  assert.deepEqual(await client.whenClosed(), { code: 1001, reason: 'moving house' });
  await space.eventually(async () => (await space.endpoints('chat-sluice')).length === 0, 'the pod to leave the Service');
  const { status } = await space.get('pod', pod.metadata.name);
  assert.deepEqual([status.containerStatuses[0].restartCount, status.phase], [0, 'Running']);
  assert.equal((await fetch(`http://${pod.status.podIP}:8082/readyz`)).status, 503);
});

test('a node that stands still is started anew', async (t) => {
  const space = await openNamespace(t);
  const liveness = { periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 2, terminationGracePeriodSeconds: 1 };
  await space.helm('chat', values({ probes: { liveness } }));
  const pod = await space.gateway('chat');
  process.kill(processOf(pod), 'SIGSTOP');
  await space.eventually(async () => {
    const now = await space.gateway('chat');
    return now.status.containerStatuses[0].restartCount === 1 && space.isReady(now);
  }, 'the container to be started anew');
});

test('a pod that is deleted goes on accepting, then sends its clients away over a time, and ends with 0', async (t) => {
  const space = await openNamespace(t);
  await space.helm('chat', values({ drain: { delaySeconds: 3, seconds: 3 } }));
  const pod = await space.gateway('chat');
  const held = await holdPod(space, pod);
  const direct = `${pod.status.podIP}:8080`;
  const clients = await Promise.all(Array.from({ length: 60 }, () => connect(t, direct)));
  const ends = [];
  for (const client of clients) client.socket.on('close', (code) => ends.push({ code, at: Date.now() }));
  await space.kubectl(['delete', 'pod', pod.metadata.name, '--wait=false']);
  await space.eventually(async () => (await fetch(`http://${pod.status.podIP}:8082/readyz`)).status === 503, 'the pod to say that it leaves');
  assert.equal(ends.length, 0);
  await connect(t, direct); // whoever was sent there by a balancer that does not know yet
  const { exitCode, reason } = await held.ended();
  assert.deepEqual([exitCode, reason], [0, 'Completed']);
  assert.deepEqual([...new Set(ends.map((one) => one.code))], [1001]);
  const spread = ends.at(-1).at - ends[0].at;
  assert.ok(spread > 2000 && spread < 4000, `60 clients were sent away over ${spread} ms`);
  await space.eventually(async () => (await space.gateways('chat')).some((one) => space.isReady(one)), 'another pod in its place');
  await connect(t, await space.address('chat-sluice', 'http'));
});

test('an upgrade refuses nobody who connects', async (t) => {
  const space = await openNamespace(t);
  await space.helm('chat', values({ drain: { delaySeconds: 5, seconds: 2 } }));
  const address = await space.address('chat-sluice', 'http');
  const before = await space.gateway('chat');
  let isOver = false;
  let accepted = 0;
  const failures = [];
  const knock = async () => {
    while (!isOver) {
      const client = new Client(`ws://${address}/?room=lobby`);
      await client.opened().then(() => (accepted += 1), (error) => failures.push(error.message));
      await client.close().catch((error) => failures.push(error.message));
    }
  };
  const knocking = Promise.all([knock(), knock()]);
  await space.helm('chat', values({ drain: { delaySeconds: 5, seconds: 2 }, options: { 'history-messages': 7 } }));
  await space.eventually(() => space.get('pod', before.metadata.name).then(() => false, () => true), 'the old pod to go');
  isOver = true;
  await knocking;
  assert.deepEqual(failures, []);
  assert.ok(accepted > 100, `${accepted} connects`);
  t.diagnostic(`${accepted} connects during the upgrade, none refused`);
});

test('callers with a key publish through the control Service, others do not', async (t) => {
  const space = await openNamespace(t);
  const { line, key } = makeCaller('publish', 'billing');
  await space.helm('chat', values({ control: { enabled: true }, secrets: { callers: `${line}\n` } }));
  const pod = await space.gateway('chat');
  const client = await connect(t, await space.address('chat-sluice', 'http'));
  const publish = (shown, text) => space.exec(pod, 'env', `SLUICE_API_KEY=${shown}`, 'sluice', 'publish', '--grpc', 'chat-sluice-control:8081', '--room', 'lobby', text);
  assert.match(await publish(key, 'paid'), /matched=1/);
  await client.has('paid');
  await assert.rejects(publish('slk_wrong', 'free'), /the API key is not one that is known here/);
  assert.match(await space.exec(pod, 'env', `SLUICE_API_KEY=${key}`, 'sluice', 'publish', '--grpc', 'chat-sluice-control-nodes:8081', '--room', 'lobby', 'to a node'), /matched=1/);
});

test('probes and Prometheus see a node from outside, callers without credentials do not', async (t) => {
  const space = await openNamespace(t);
  await space.helm('chat', values());
  const pod = await space.gateway('chat');
  const admin = `http://${pod.status.podIP}:8082`;
  assert.match(await (await fetch(`${admin}/metrics`)).text(), /^sluice_ready 1$/m);
  const call = await fetch(`${admin}/sluice.v1.Nodes/GetNode`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
  assert.equal(call.status, 403);
  await assert.rejects(fetch(`http://${pod.status.podIP}:8081/`), 'gRPC is on the pod\'s loopback');
});

test('the plain manifest of one node runs with a Secret made by hand', async (t) => {
  const space = await openNamespace(t);
  const { line } = makeCaller('publish', 'billing');
  await space.secret('sluice-secrets', { callers: `${line}\n` });
  await space.apply(objectsIn(readFileSync(path.join(root, 'deploy/kubernetes/one-node.yaml'), 'utf8')));
  await space.kubectl(['rollout', 'status', 'deployment/sluice', '--timeout=60s']).catch(async (error) => {
    throw new Error(`${error.message}\n${await space.story()}`);
  });
  const [pod] = await space.gateways('sluice');
  assert.equal(pod.spec.terminationGracePeriodSeconds, 85);
});
