// An Engine.IO session goes to the node where its WebSocket came, in the middle of everything, and nobody notices.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Backend } from '../integration/backend.mjs';
import { Engine, plain } from '../integration/engine.mjs';
import { eventually } from '../integration/harness.mjs';
import { Cluster } from './cluster.mjs';

let cluster;
let nodes;
before(async () => {
  cluster = await Cluster.start(null, { flags: ['--client-messages', 'backend', '--client-rooms', 'open'] });
  ({ nodes } = cluster);
});
after(() => cluster.stop());

const offsetOf = (packet) => JSON.parse(packet.slice(packet.indexOf('['))).at(-1);
const events = (packets) => packets.filter((one) => typeof one === 'string' && one.startsWith('42')).map(plain);
const texts = (packets) => events(packets).map((one) => JSON.parse(one.slice(2))[1]);

// A client that polls at node `home`, in `room`, and moves to a WebSocket at node `away`.
class Mover {
  static async open(t, home, away, room) {
    const mover = new Mover();
    mover.engine = new Engine(home, { route: '/socket.io/', query: `&room=${room}` });
    mover.away = new Engine(away, { route: '/socket.io/', query: `&room=${room}` });
    t.after(() => mover.close());
    await mover.engine.open();
    mover.away.sid = mover.engine.sid;
    await mover.engine.post('40');
    const packets = await mover.engine.packets();
    const at = packets.findIndex((one) => one.startsWith('40{'));
    Object.assign(mover, JSON.parse(packets.splice(at, 1)[0].slice(2)), { polled: packets });
    return mover;
  }
  async move() {
    this.socket = await this.away.upgrade();
  }
  // Until the WebSocket works, polls go on, as clients do.
  async moveWhilePolling() {
    this.socket = await this.away.socket();
    this.socket.send('2probe');
    let isProbed = false;
    const probed = this.socket.has('3probe').then(() => (isProbed = true));
    while (!isProbed) this.polled.push(...(await this.engine.poll()).text.split('\x1e'));
    await probed;
    this.socket.send('5');
  }
  get heard() {
    return texts([...this.polled, ...(this.socket?.messages ?? [])]);
  }
  close() {
    this.engine.close();
    this.away.close();
    this.socket?.terminate();
  }
}

test('a stream of messages is heard whole and in order, whenever the session moves', async (t) => {
  const count = 400;
  const movers = await Promise.all(Array.from({ length: 24 }, (_, at) => Mover.open(t, nodes.at(at), nodes.at(at + 1 + (at % 2)), 'stream')));
  let published = 0;
  const publishing = (async () => {
    for (; published < count; ++published) await nodes.at(published).publish(String(published), { rooms: ['stream'] });
  })();
  for (const [at, mover] of movers.entries()) {
    await eventually(() => published >= ((at + 1) * count) / 30, 'some messages');
    await mover.moveWhilePolling();
  }
  await publishing;
  const all = Array.from({ length: count }, (_, at) => String(at));
  for (const [at, mover] of movers.entries()) {
    await eventually(() => mover.heard.length >= count, `all of it, by client ${at}: ${mover.heard.length}`);
    assert.deepEqual(mover.heard, all, `client ${at}`);
  }
});

test('what it missed meanwhile is asked for once, and offsets go on', async (t) => {
  const mover = await Mover.open(t, nodes.at(0), nodes.at(1), 'offsets');
  await nodes.at(2).publish('waits', { rooms: ['offsets'] });
  await mover.move();
  await nodes.at(2).publish('behind', { rooms: ['offsets'] });
  await eventually(() => mover.heard.length === 2, 'both');
  assert.deepEqual(mover.heard, ['waits', 'behind']);
  const offset = offsetOf(mover.socket.messages.at(-1));
  mover.socket.terminate();
  await nodes.at(0).publish('missed', { rooms: ['offsets'] });
  const again = await new Engine(nodes.at(2), { route: '/socket.io/' }).socket();
  t.after(() => again.terminate());
  await again.count(1);
  again.send(`40${JSON.stringify({ pid: mover.pid, offset })}`);
  await eventually(() => again.messages.some((one) => one.startsWith?.('40{')) && texts(again.messages).length > 0, 'to be back');
  assert.equal(JSON.parse(again.messages.find((one) => one.startsWith('40{')).slice(2)).sid, mover.sid);
  assert.deepEqual(texts(again.messages), ['missed']);
});

test('rooms that a call gave it go along, and calls by its session find it', async (t) => {
  const mover = await Mover.open(t, nodes.at(0), nodes.at(1), 'rooms');
  const joined = await nodes.at(0).rpc().joinRooms({ target: { rooms: [mover.sid] }, rooms: ['given'] });
  assert.equal(joined.matched, 1);
  await nodes.at(0).publish('too early', { rooms: ['later'] });
  await mover.move();
  await nodes.at(2).publish('hi', { rooms: ['given'] });
  await eventually(() => mover.heard.length === 1, 'it');
  await nodes.at(1).rpc().joinRooms({ target: { rooms: [mover.sid] }, rooms: ['later'] });
  await nodes.at(2).publish('now', { rooms: ['later'] });
  await eventually(() => mover.heard.length === 2, 'the other');
  assert.deepEqual(mover.heard, ['hi', 'now']);
});

test('backends are told that a connection has moved; what is said to the old one reaches the new one', async (t) => {
  const backends = await Promise.all([0, 1].map((at) => new Backend(nodes.at(at)).attached()));
  t.after(() => backends.forEach((backend) => backend.close()));
  // To whichever of them it is told.
  const event = (kind, passes = () => true) => Promise.any(backends.map((backend) => backend.event(kind, (one) => one.session === mover.sid && passes(one))));
  const mover = await Mover.open(t, nodes.at(0), nodes.at(1), 'told');
  const connected = await event('connected');
  await mover.engine.post('421["question","before"]');
  const message = await event('message');
  await mover.move();
  const left = await event('disconnected');
  assert.deepEqual([left.connection, left.disconnected.reason], [connected.connection, 'moved']);
  const moved = await event('connected', (one) => one.connection !== connected.connection);
  assert.deepEqual([moved.connected.recovered, moved.connected.movedFrom], [true, connected.connection]);
  // An answer to what the client asked, and a message, both to where it was.
  backends[0].reply(message, ['answer']);
  await mover.socket.has('431["answer"]');
  await nodes.at(2).publish('to the old one', { connections: [connected.connection] });
  await eventually(() => mover.heard.length === 1, 'it');
  await nodes.at(2).publish('to the new one', { connections: [moved.connection] });
  await eventually(() => mover.heard.length === 2, 'it');
  assert.deepEqual(mover.heard, ['to the old one', 'to the new one']);
});

test('plain messages over Engine.IO move as well', async (t) => {
  const engine = new Engine(nodes.at(0), { query: '&room=plain' });
  t.after(() => engine.close());
  await engine.open();
  await nodes.at(1).publish('waits', { rooms: ['plain'] });
  const away = new Engine(nodes.at(2), { query: '&room=plain' });
  away.sid = engine.sid;
  const socket = await away.upgrade();
  t.after(() => socket.terminate());
  await nodes.at(1).publish('behind', { rooms: ['plain'] });
  await socket.has('4behind');
  assert.deepEqual(socket.messages, ['3probe', '4waits', '4behind']);
});

test('a message without storage on its way is lost at most, never doubled', async (t) => {
  const mover = await Mover.open(t, nodes.at(0), nodes.at(1), 'volatile');
  let published = 0;
  let isOver = false;
  const publishing = (async () => {
    while (!isOver) await nodes.at(2).publish(String(published++), { rooms: ['volatile'] }, { volatile: true });
  })();
  await eventually(() => published > 20, 'some');
  await mover.moveWhilePolling();
  const before = mover.heard.length;
  await eventually(() => mover.heard.length > before + 20, 'some more');
  isOver = true;
  await publishing;
  await nodes.at(2).publish('last', { rooms: ['volatile'] });
  await eventually(() => mover.heard.at(-1) === 'last', 'the last one');
  const numbers = mover.heard.slice(0, -1).map(Number);
  assert.deepEqual(numbers, [...new Set(numbers)].sort((a, b) => a - b));
  // What is missing was said as it moved: it is one stretch.
  const missing = Array.from({ length: published }, (_, number) => number).filter((number) => !numbers.includes(number));
  assert.ok(missing.length === 0 || missing.at(-1) - missing[0] === missing.length - 1, `${missing}`);
});

test('a session whose node is killed as it moves is recovered', async (t) => {
  const extra = await Cluster.start(t, {});
  const mover = await Mover.open(t, extra.nodes.at(0), extra.nodes.at(1), 'killed');
  await eventually(async () => (await extra.nodes.at(0).metric('sluice_socket_records_written_total')) >= 1, 'it to be written');
  const socket = await mover.away.socket();
  socket.send('2probe');
  await socket.has('3probe');
  await extra.nodes.at(0).kill();
  socket.send('5');
  await socket.whenClosed();
  await extra.nodes.at(1).publish('missed', { rooms: ['killed'] });
  const again = await new Engine(extra.nodes.at(2), { route: '/socket.io/' }).socket();
  t.after(() => again.terminate());
  await again.count(1);
  again.send(`40${JSON.stringify({ pid: mover.pid })}`);
  await again.until(() => texts(again.messages).length > 0, 'what was missed');
  assert.equal(JSON.parse(again.messages.find((one) => one.startsWith?.('40{')).slice(2)).sid, mover.sid);
  assert.deepEqual(texts(again.messages), ['missed']);
});
