// The stream is lost while nodes run: another one, and with it another history, takes its place.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine, openSocket, plain } from '../integration/engine.mjs';
import { eventually } from '../integration/harness.mjs';
import { Cluster } from './cluster.mjs';
import { publishInTheEnd } from './nodes.mjs';
import { Listener, resumable, socketIoByPolling, socketIoByWebSocket } from './wires.mjs';

const lobby = { rooms: ['lobby'] };
const epochOf = ({ receipt }) => receipt.position.split('-')[0];

async function removeStream(t, nats) {
  const { streams } = await nats.manager(t);
  const { config } = await streams.info(await nats.onlyStream());
  await streams.delete(config.name);
  return () => streams.add(config);
}
const publish = (node, text, target = lobby) => publishInTheEnd(node, text, target);

test('who is there is told of a gap, and hears all that is published to the new stream, once', async (t) => {
  const { nats, nodes } = await Cluster.start(t, {});
  const connected = Object.entries({ ...resumable, socketIoByPolling, socketIoByWebSocket });
  const listeners = (await Promise.all([...nodes].map((node) => Promise.all(connected.map(async ([wire, connect]) => {
    const listener = Object.assign(new Listener('lobby'), { wire });
    const connection = await connect(node, listener);
    t.after(() => connection.close());
    return listener;
  }))))).flat();
  const before = await nodes.at(0).publish('before', lobby);
  await eventually(() => listeners.every((one) => one.heard.length === 1), 'all to have heard');
  for (let count = 0; count < 50; ++count) await nodes.at(count).publish('elsewhere', { rooms: ['nobody'] });
  await removeStream(t, nats);
  const told = (one) => [one.wire, one.gaps, one.heard];
  await publish(nodes.at(0), 'first');
  // Socket.IO clients are away for a moment, and begin anew where the history is then.
  await eventually(() => listeners.every((one) => one.gaps.length > 0), 'all to be told').catch(() => {});
  for (const one of listeners) assert.ok(one.gaps.length > 0, JSON.stringify(told(one)));
  const texts = Array.from({ length: 100 }, (_, at) => `${at}`);
  let last;
  for (const [at, text] of texts.entries()) last = await publish(nodes.at(at), text);
  assert.notEqual(epochOf(last), epochOf(before));
  await eventually(() => listeners.every((one) => one.heard.at(-1) === '99'), 'all to have heard').catch(() => {});
  for (const one of listeners) {
    const missed = one.wire.startsWith('socketIo') && !one.heard.includes('first');
    assert.deepEqual(one.heard, ['before', ...(missed ? [] : ['first']), ...texts], one.wire);
    // A poll that was held is told of it, and so is the next one, whose cursor is of the old history; and of UDP a renewal may
    // ask for the old one, too.
    assert.ok(one.gaps.length <= (['poll', 'udp'].includes(one.wire) ? 2 : 1), JSON.stringify(told(one)));
  }
  for (const node of nodes) assert.ok(node.logged('broker_stream_replaced'));
});

test('sockets of nodes that lived through it come back at nodes that did not', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { count: 2 });
  const [old, fresh] = nodes;
  const watch = await old.connect();
  t.after(() => watch.terminate());
  for (let count = 0; count < 1500; ++count) await old.publish('long ago', { rooms: ['nobody'] });
  await fresh.stop();
  await removeStream(t, nats);
  await publish(old, 'anew');
  await watch.has('anew');
  await old.until(() => old.logged('broker_stream_replaced'), 'it to be known');
  const again = await nodes.restart(1);
  const client = await openSocket(t, old, { query: '&room=a' });
  const own = client.sids['/'];
  await eventually(async () => (await old.metric('sluice_socket_records_written_total')) >= 1, 'its record');
  await publish(old, 'heard', { rooms: ['a'] });
  await client.until(() => client.messages.some((one) => one.includes?.('heard')), 'a message');
  const offset = JSON.parse(client.messages.findLast((one) => one.startsWith?.('42')).slice(2)).at(-1);
  await old.kill();
  await publish(again, 'missed', { rooms: ['a'] });
  const back = await new Engine(again, { route: '/socket.io/' }).socket();
  t.after(() => back.terminate());
  await back.count(1);
  back.send(`40${JSON.stringify({ pid: own.pid, offset })}`);
  await back.until(() => back.messages.some((one) => one.startsWith?.('40{')), 'to be connected');
  assert.equal(JSON.parse(back.messages.find((one) => one.startsWith('40{')).slice(2)).sid, own.sid, 'recovered');
  await publish(again, 'now', { rooms: ['a'] });
  const events = () => back.messages.filter((one) => typeof one === 'string' && one.startsWith('42')).map(plain);
  await eventually(() => events().length >= 2, 'both').catch(() => {});
  assert.deepEqual(events(), ['42["message","missed"]', '42["message","now"]']);
});

test('a stream that has lost all that it had, and says that it is the same, is another history', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { count: 2 });
  const listeners = await Promise.all([...nodes].map(async (node) => {
    const listener = new Listener('lobby');
    const connection = await resumable.websocket(node, listener);
    t.after(() => connection.close());
    return listener;
  }));
  let last;
  for (let count = 0; count < 300; ++count) last = await nodes.at(count).publish('long ago', lobby);
  const makeAgain = await removeStream(t, nats);
  await makeAgain();
  const texts = Array.from({ length: 50 }, (_, at) => `${at}`);
  for (const [at, text] of texts.entries()) await publish(nodes.at(at), text);
  const heard = (one) => one.heard.filter((data) => data !== 'long ago');
  await eventually(() => listeners.every((one) => heard(one).at(-1) === '49'), 'all to have heard').catch(() => {});
  for (const one of listeners) assert.deepEqual([heard(one), one.gaps], [texts, ['other_epoch']]);
  const now = await publish(nodes.at(0), 'now');
  assert.notEqual(epochOf(now), epochOf(last));
  // Who comes later finds the same history.
  const late = await nodes.at(1).connect('?envelope=1');
  t.after(() => late.terminate());
  await late.count(1);
  assert.equal(late.parsed[0].position.split('-')[0], epochOf(now));
});

test('a bucket that somebody removes is made again, also while nodes run', async (t) => {
  const { nats, nodes } = await Cluster.start(t, { count: 1 });
  const { streams } = await nats.manager(t);
  const names = [];
  for await (const { config } of streams.list()) names.push(config.name);
  const buckets = names.filter((name) => name.startsWith('KV_'));
  assert.equal(buckets.length, 2, String(names));
  for (const name of buckets) await streams.delete(name);
  await eventually(async () => (await Promise.all(buckets.map((name) => streams.info(name).catch(() => null)))).every(Boolean), 'both', 30_000);
  assert.ok(nodes.at(0).logged('session_bucket_missing'));
  const client = await openSocket(t, nodes.at(0), { query: '&room=a' });
  assert.ok(client.sids['/'].pid);
  await eventually(async () => (await nodes.at(0).metric('sluice_socket_records_written_total')) > 0, 'its record');
});
