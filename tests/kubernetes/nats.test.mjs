// The small NATS that a release may have of its own: its servers find each other, keep streams, and let in who has the password.
import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { render } from '../helm/chart.mjs';
import { Watch } from '../integration/watch.mjs';
import { openNamespace } from './kubernetes.mjs';

const isNats = (object) => object.metadata.labels['app.kubernetes.io/component'] === 'broker' || object.kind === 'Secret';
const small = { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '256Mi' } };

// Only NATS' part of a release; gives its password.
async function start(space, replicas) {
  const server = { enabled: true, replicas, storage: { persistent: false, size: '64Mi' }, resources: small };
  const { objects } = await render({ broker: 'nats', nats: { server } });
  await space.apply(objects.filter(isNats));
  await space.kubectl(['rollout', 'status', 'statefulset/chat-sluice-nats', '--timeout=120s']).catch(async (error) => {
    throw new Error(`${error.message}\n${await space.story()}`);
  });
  const { data } = await space.get('secret', 'chat-sluice');
  return Buffer.from(data['nats-password'], 'base64').toString();
}
const pods = (space) => space.list('pods', 'app.kubernetes.io/component=broker');
const monitor = async (pod, what) => (await fetch(`http://${pod.status.podIP}:8222/${what}`)).json();

// NATS' own words on a socket, with what it said to each.
class Session {
  text = '';
  #watch = new Watch();
  constructor(t, address) {
    const [host, port] = address.split(':');
    this.socket = net.connect({ host, port: Number(port) });
    this.socket.on('data', (data) => {
      this.text += data;
      this.#watch.notify();
    });
    this.socket.on('error', () => {});
    t.after(() => this.socket.destroy());
  }
  async say(words, answer) {
    this.socket.write(words);
    await this.#watch.until(() => answer.test(this.text), () => `${answer} in: ${this.text}`);
  }
}
const connectWords = (password) => `CONNECT ${JSON.stringify({ verbose: false, user: 'sluice', pass: password })}\r\nPING\r\n`;

test('three servers find each other, keep a stream three times, and one that goes comes back', async (t) => {
  const space = await openNamespace(t);
  const password = await start(space, 3);
  await space.eventually(async () => {
    const peers = await Promise.all((await pods(space)).map((pod) => monitor(pod, 'jsz')));
    return peers.every((one) => one.meta_cluster?.cluster_size === 3 && one.meta_cluster.leader);
  }, 'three servers to agree on a leader');
  await space.reached('chat-sluice-nats', 'nats');
  const session = new Session(t, await space.address('chat-sluice-nats', 'nats'));
  await session.say(connectWords(password), /PONG/);
  const stream = JSON.stringify({ name: 'kept', subjects: ['kept'], num_replicas: 3, storage: 'file', retention: 'limits', discard: 'old', max_bytes: 1 << 20 });
  await session.say(`SUB in 1\r\nPUB $JS.API.STREAM.CREATE.kept in ${stream.length}\r\n${stream}\r\n`, /stream_create_response[^\n]*"did_create":true/);
  const [gone] = await pods(space);
  await space.kubectl(['delete', 'pod', gone.metadata.name]);
  await space.kubectl(['rollout', 'status', 'statefulset/chat-sluice-nats', '--timeout=120s']);
  await space.eventually(async () => (await monitor((await pods(space))[0], 'jsz?streams=true')).streams === 1, 'the new server to have the stream');
});

test('a server alone lets in who has the password, and nobody else', async (t) => {
  const space = await openNamespace(t);
  const password = await start(space, 1);
  await space.reached('chat-sluice-nats', 'nats');
  const address = await space.address('chat-sluice-nats', 'nats');
  await new Session(t, address).say(connectWords(password), /PONG/);
  await new Session(t, address).say(connectWords('a guess'), /Authorization Violation/);
  const [pod] = await pods(space);
  const server = await monitor(pod, 'varz');
  assert.equal(server.server_name, pod.metadata.name);
  assert.equal(server.jetstream.config.max_storage, 64 << 20, 'the size that the disk has');
});
