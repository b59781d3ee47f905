// Socket.IO sockets whose connection broke, and who come back.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine, openSocket, plain } from './engine.mjs';
import { startGateway } from './harness.mjs';

let gateway;
before(async () => {
  gateway = await startGateway(null, ['--workers', '3']);
});
after(() => gateway.stop());
const open = (t, { on = gateway, ...options } = {}) => openSocket(t, on, options);

// Joins anew as the socket of `pid`; gives what the CONNECT says and what came before and behind it.
async function comeBack(t, { pid }, offset, on = gateway) {
  const client = await new Engine(on, { route: '/socket.io/' }).socket();
  t.after(() => client.terminate());
  await client.count(1);
  client.send(`40${JSON.stringify({ pid, ...(offset ? { offset } : {}) })}`);
  await client.until(() => client.messages.some((one) => one.startsWith('40{')), 'to be connected');
  client.sids = { '/': JSON.parse(client.messages.find((one) => one.startsWith('40{')).slice(2)) };
  return client;
}
const offsetOf = (packet) => JSON.parse(packet.slice(packet.indexOf('['))).at(-1);
const events = (client) => client.messages.filter((one) => typeof one === 'string' && one.startsWith('42')).map(plain);

test('a socket that broke comes back as itself, with what it missed, in its rooms', async (t) => {
  const client = await open(t, { query: '&room=back' });
  const own = client.sids['/'];
  await gateway.rpc().joinRooms({ target: { rooms: [own.sid] }, rooms: ['joined later'] });
  await gateway.publish('seen', { rooms: ['back'] });
  await client.count(1);
  const offset = offsetOf(client.messages[0]);
  client.terminate();
  await client.whenClosed();
  for (const room of ['back', 'joined later', 'another', own.sid]) await gateway.publish(`missed ${room}`, { rooms: [room] });
  const again = await comeBack(t, own, offset);
  assert.deepEqual(again.sids['/'], own);
  await again.until(() => events(again).length >= 3, 'what was missed');
  await gateway.publish('live', { rooms: ['joined later'] });
  await again.until(() => events(again).length >= 4, 'what comes now');
  assert.deepEqual(events(again), ['42["message","missed back"]', '42["message","missed joined later"]', `42["message","missed ${own.sid}"]`, '42["message","live"]']);
});

test('one that had no event yet gets all since it connected', async (t) => {
  const client = await open(t, { query: '&room=idle' });
  await gateway.publish('before', { rooms: ['other'] });
  client.terminate();
  await gateway.publish('missed', { rooms: ['idle'] });
  const again = await comeBack(t, client.sids['/']);
  await again.until(() => events(again).length >= 1, 'what was missed');
  assert.deepEqual(events(again), ['42["message","missed"]']);
});

test('a volatile message between does not spoil the offset', async (t) => {
  const client = await open(t, { query: '&room=volatile' });
  await gateway.publish('stored', { rooms: ['volatile'] });
  await gateway.publish('not stored', { rooms: ['volatile'] }, { volatile: true });
  await client.count(2);
  const offset = offsetOf(client.messages[1]);
  assert.equal(offset, offsetOf(client.messages[0]));
  client.terminate();
  await gateway.publish('missed', { rooms: ['volatile'] });
  const again = await comeBack(t, client.sids['/'], offset);
  await again.until(() => events(again).length >= 1, 'what was missed');
  assert.deepEqual(events(again), ['42["message","missed"]']);
});

test('one that comes back before its old connection is known to be dead takes over', async (t) => {
  for (let count = 0; count < 8; ++count) {
    const client = await open(t, { query: `&room=over${count}` });
    const again = await comeBack(t, client.sids['/']);
    assert.deepEqual(again.sids['/'], client.sids['/']);
    await gateway.publish('once', { rooms: [`over${count}`] });
    await again.until(() => events(again).length >= 1, 'an event');
    assert.deepEqual(events(client), []);
    // And again, from wherever it is now.
    const third = await comeBack(t, client.sids['/'], offsetOf(again.messages.at(-1)));
    assert.deepEqual(third.sids['/'], client.sids['/']);
    assert.deepEqual(events(third), []);
  }
});

test('its own relayed events are not among what it missed', async (t) => {
  const client = await open(t, { query: '&room=own' });
  client.send('421["mine"]');
  await client.has('431[0]');
  client.terminate();
  const again = await comeBack(t, client.sids['/']);
  await gateway.publish('live', { rooms: ['own'] });
  await again.until(() => events(again).length >= 1, 'an event');
  assert.deepEqual(events(again), ['42["message","live"]']);
});

test('what was said in a room before it joined is not what it missed', async (t) => {
  const client = await open(t, { query: '&room=first' });
  const own = client.sids['/'];
  await gateway.publish('too early', { rooms: ['second'] });
  await gateway.rpc().joinRooms({ target: { rooms: [own.sid] }, rooms: ['second'] });
  client.terminate();
  await client.whenClosed();
  await gateway.publish('missed', { rooms: ['second'] });
  for (const _ of [1, 2]) {
    const again = await comeBack(t, own);
    await again.until(() => events(again).length >= 1, 'what was missed');
    assert.deepEqual(events(again), ['42["message","missed"]']);
    again.terminate();
    await again.whenClosed();
  }
});

test('one that left, was put out, or is made up, begins anew', async (t) => {
  const left = await open(t);
  left.send('41');
  left.send('40');
  await left.until(() => left.messages.some((one) => one.startsWith('40{')), 'to be back');
  const put = await open(t);
  await gateway.rpc().disconnect({ target: { rooms: [put.sids['/'].sid] } });
  await put.has('41');
  for (const pid of [left.sids['/'].pid, put.sids['/'].pid, 'made up', 'A'.repeat(48)]) {
    const again = await comeBack(t, { pid });
    assert.notEqual(again.sids['/'].pid, pid);
  }
});

test('one whose missed messages are lost begins anew', async (t) => {
  const own = await startGateway(t, ['--history-messages', '2']);
  const client = await open(t, { on: own });
  client.terminate();
  for (const text of ['a', 'b', 'c']) await own.publish(text);
  const again = await comeBack(t, client.sids['/'], undefined, own);
  assert.notEqual(again.sids['/'].sid, client.sids['/'].sid);
  const none = await startGateway(t, ['--recovery-sockets-max', '0']);
  const without = await open(t, { on: none });
  assert.equal(without.sids['/'].pid, undefined);
  await none.publish('x');
  await without.has('42["message","x"]');
});
