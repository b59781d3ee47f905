// Who may come in is asked of a backend at whichever node.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Cluster } from './cluster.mjs';
import { io } from './packages.mjs';
import { areKnown, attachTo } from './replicas.mjs';

const flags = ['--client-messages', 'backend', '--connect-verdict', 'required', '--connect-verdict-seconds-max', '30'];
const judge = (user) => ({
  group: 'judges',
  verdicts: true,
  onEvent: (event, self) => {
    if (event.kind !== 'connecting') return;
    const isWanted = event.connecting.parameters.every((one) => one.value !== 'no') && !event.connecting.auth.includes('no');
    const answer = isWanted ? { allow: { user, rooms: ['vip'] } } : { refuse: { message: 'not today' } };
    self.command({ verdict: { connection: event.connection, verdict: event.connecting.verdict, ...answer } });
  },
});

test('verdicts come from the node where the backend is', async (t) => {
  const { nodes } = await Cluster.start(t, { flags });
  for (const node of nodes) assert.equal((await node.connect().catch((error) => error.message)).includes('503'), true);
  const [backend] = await attachTo([nodes.at(0)], nodes.all, judge('ann'));
  for (const node of nodes) {
    const client = await node.connect('?envelope=1');
    t.after(() => client.terminate());
    await client.until(() => client.messages.length === 1, 'the first frame');
    const { id } = JSON.parse(client.messages[0]);
    const { connected } = await backend.event('connected', (one) => one.connection === id);
    assert.deepEqual([connected.user, connected.rooms], ['ann', ['vip']]);
    assert.match(await node.connect('?please=no').catch((error) => error.message), /403.*not today/);
    const socket = io(`http://${node.clients}`, { transports: ['websocket'], forceNew: true, auth: { please: 'no' } });
    t.after(() => socket.close());
    const [error] = await once(socket, 'connect_error');
    assert.equal(error.message, 'not today');
  }
  assert.deepEqual(backend.results, []);
  // A second replica, elsewhere, takes over when the first goes.
  const [other] = await attachTo([nodes.at(1)], nodes.all, judge('bob'));
  backend.close();
  await areKnown(nodes.all, 1);
  const client = await nodes.at(2).connect();
  t.after(() => client.terminate());
  assert.equal((await other.event('connected')).connected.user, 'bob');
  other.close();
  await areKnown(nodes.all, 0);
  assert.match(await nodes.at(2).connect().catch((error) => error.message), /503/);
});

test('a client waits for its verdict while the node of the backend that was asked is killed', async (t) => {
  const { nodes } = await Cluster.start(t, { flags });
  // It is asked and does not come to an answer.
  const [silent] = await attachTo([nodes.at(2)], nodes.all, { group: 'judges', verdicts: true, acknowledges: false });
  const coming = nodes.at(0).connect();
  await silent.event('connecting');
  const [other] = await attachTo([nodes.at(1)], nodes.all, judge('bob'));
  await nodes.at(2).kill();
  const client = await coming;
  t.after(() => client.terminate());
  assert.equal((await other.event('connected')).connected.user, 'bob');
});
