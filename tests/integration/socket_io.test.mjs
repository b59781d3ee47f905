// Socket.IO 5: namespaces, events, acknowledgements, binary values, what breaks the protocol.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { startGateway } from './harness.mjs';
import { Engine, openSocket, plain } from './engine.mjs';

let gateway;
before(async () => {
  gateway = await startGateway(null, ['--workers', '3', '--namespace', '/custom', '--namespace', '/other']);
});
after(() => gateway.stop());
const open = (t, { on = gateway, ...options } = {}) => openSocket(t, on, options);

test('CONNECT is answered with an id of each namespace', async (t) => {
  const client = await open(t, { namespaces: ['/', '/custom'] });
  const sids = [client.sids['/'].sid, client.sids['/custom'].sid];
  for (const sid of sids) assert.match(sid, /^[\w-]{20}$/);
  assert.notEqual(sids[0], sids[1]);
  assert.match(client.sids['/'].pid, /^[\w-]{48}$/);
});

test('a namespace that does not exist is refused, and the others stay', async (t) => {
  const client = await open(t);
  client.send('40/none,{"token":1}');
  await client.has('44/none,{"message":"Invalid namespace"}');
  client.send('420["x"]');
  await client.has('430[0]');
});

test('a namespace comes by its pattern when the first asks for it, and raw clients and callers share it', async (t) => {
  const gateway = await startGateway(t, ['--workers', '3', '--namespace-pattern', '/tenant-*', '--namespaces-max', '3']);
  const client = await openSocket(t, gateway, { namespaces: ['/tenant-1'] });
  const raw = await gateway.connect('?namespace=/tenant-1');
  raw.send('from raw');
  await client.until(() => client.messages.some((one) => plain(one) === '42/tenant-1,["message","from raw"]'));
  await gateway.publish('called', { namespace: '/tenant-1', everyone: true });
  await raw.has('called');
  await gateway.publish('first', { namespace: '/tenant-2', everyone: true });
  const { node } = await gateway.rpc('Nodes').getNode({});
  assert.deepEqual(node.namespaces.map((one) => one.name), ['/', '/tenant-1', '/tenant-2']);
  client.send('40/tenant-3,');
  await client.has('44/tenant-3,{"message":"Invalid namespace"}');
  assert.ok(gateway.logged('namespaces_exhausted'));
  await assert.rejects(gateway.publish('x', { namespace: '/tenant-3', everyone: true }), /namespaces-max/);
  await assert.rejects(gateway.publish('x', { namespace: '/other', everyone: true }), /namespace-pattern/);
});

test('the number reached is that of clients, in however many of the rooms each is', async (t) => {
  const on = await startGateway(t, ['--workers', '3']);
  const sender = await openSocket(t, on, { query: '&room=a&room=b&room=c' });
  for (const rooms of ['?room=a&room=b&room=c', '?room=a', '?room=b&room=c', '?room=d', '?room=c']) await on.connect(rooms);
  sender.send('421["x"]');
  await sender.has('431[4]');
});

test('a client without a namespace is closed in time', async (t) => {
  const hasty = await startGateway(t, ['--socket-io-connect-timeout-ms', '400']);
  const client = await new Engine(hasty, { route: '/socket.io/' }).socket();
  await client.whenClosed();
});

for (const [what, packets] of [
  ['a type that does not exist', ['4abc']],
  ['an event that is an object', ['42{}']],
  ['an event without a name', ['42[]']],
  ['an event whose name is an object', ['42[{}]']],
  ['a reserved event', ['42["disconnect"]']],
  ['letters in the place of an acknowledgement\'s id', ['42abc["x"]']],
  ['JSON that is none', ['42["x",]']],
  ['a second CONNECT', ['40']],
  ['an event for a namespace that was not joined', ['42/custom,["x"]']],
  ['an auth that is no object', ['40/custom,"x"']],
  ['bytes that belong to nothing', [Buffer.from([1])]],
  ['text where an attachment is awaited', ['451-["x",{"_placeholder":true,"num":0}]', '42["y"]']],
  ['a placeholder out of range', ['451-["x",{"_placeholder":true,"num":1}]']],
  ['a placeholder that is no number', ['451-["x",{"_placeholder":true,"num":"splice"}]']],
  ['too many attachments', ['4511-["x"]']],
  ['a CONNECT_ERROR', ['44{}']],
]) {
  test(`${what} closes the connection`, async (t) => {
    const client = await open(t);
    for (const packet of packets) client.send(packet);
    await client.whenClosed();
  });
}

test('another packet than CONNECT first closes the connection', async () => {
  const client = await new Engine(gateway, { route: '/socket.io/' }).socket();
  client.send('42["x"]');
  await client.whenClosed();
});

test('DISCONNECT leaves a namespace alone, with and without the comma', async (t) => {
  const client = await open(t, { namespaces: ['/', '/custom', '/other'] });
  const rooms = await gateway.metric('sluice_socketio_sockets');
  client.send('41/custom');
  client.send('41/other,');
  client.send('421["x"]');
  await client.has('431[0]');
  assert.equal(await gateway.metric('sluice_socketio_sockets'), rooms - 2);
  client.send('40/custom');
  await client.until(() => client.messages.some((one) => one.startsWith('40/custom,{')), 'to be in it again');
});

test('events reach the others of the room, in every form', async (t) => {
  const query = `&room=${t.name.length}a`;
  const [from, to] = await Promise.all([open(t, { query }), open(t, { query })]);
  const events = ['42["a"]', '42["b",1,"two",{"three":[3.10]}]', '42["c",null]', '42["message","text"]', '42["d","ä€😀\\n"]', '42[7,1]'];
  for (const event of events) from.send(event);
  await to.count(events.length);
  assert.deepEqual(to.messages.map(plain), ['42["a"]', '42["b",1,"two",{"three":[3.10]}]', '42["c",null]', '42["message","text"]', '42["d","ä€😀\\n"]', '42["7",1]']);
  assert.ok(to.messages.every((one) => /"[0-9a-f]{16}-\d+"\]$/.test(one)));
  assert.deepEqual(from.messages, []);
});

test('binary values stay what they are, and nothing comes between them', async (t) => {
  const query = '&room=binary';
  const [from, to] = await Promise.all([open(t, { query }), open(t, { query, namespaces: ['/', '/custom'] })]);
  const bytes = [Buffer.from([1, 2]), Buffer.from('x'.repeat(70_000))];
  from.send('452-["b",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]');
  for (const one of bytes) from.send(one);
  from.send('451-["c",{"_placeholder":true,"num":0}]');
  from.send(bytes[0]);
  await to.count(5);
  assert.deepEqual(to.messages.map(plain), [
    '452-["b",{"_placeholder":true,"num":0},{"deep":[{"_placeholder":true,"num":1}]}]', ...bytes, '451-["c",{"_placeholder":true,"num":0}]', bytes[0],
  ]);
});

test('an event of no attachments may say so', async (t) => {
  const query = '&room=zero';
  const [from, to] = await Promise.all([open(t, { query }), open(t, { query })]);
  from.send('450-["x"]');
  from.send('42["y"]');
  await to.count(2);
  assert.deepEqual(to.messages.map(plain), ['42["x"]', '42["y"]']);
});

test('an acknowledgement tells how many were reached', async (t) => {
  const query = '&room=acks';
  const clients = await Promise.all(Array.from({ length: 4 }, () => open(t, { query })));
  clients[0].send('42123["x"]');
  await clients[0].has('43123[3]');
});

test('a namespace of Socket.IO hears its own messages alone', async (t) => {
  const query = '&room=worlds';
  const [from, to] = await Promise.all([open(t, { query }), open(t, { query, namespaces: ['/', '/custom'] })]);
  from.send('42["main"]');
  await to.count(1);
  await gateway.publish('', { namespace: '/custom', rooms: ['worlds'] }, {}, { event: 'custom', arguments: '[1,2]' });
  await to.count(2);
  assert.deepEqual(to.messages.map(plain), ['42["main"]', '42/custom,["custom",1,2]']);
});

test('all kinds of clients meet in the lobby', async (t) => {
  const own = await startGateway(t, ['--workers', '3']);
  const [socket, polling, raw] = await Promise.all([open(t, { on: own }), new Engine(own), own.connect()]);
  t.after(() => polling.close());
  await polling.open();
  socket.send('42["message","one"]');
  await raw.has('one');
  raw.send('two');
  await socket.until(() => socket.messages.map(plain).includes('42["message","two"]'), 'two');
  raw.send(Buffer.from([1, 2]));
  await socket.until(() => socket.messages.includes(raw) || socket.messages.some(Buffer.isBuffer), 'bytes');
  assert.ok(socket.messages.map(plain).includes('451-["message",{"_placeholder":true,"num":0}]'));
  socket.send('42["news",{"a":1}]');
  await raw.has('{"event":"news","data":{"a":1}}');
  socket.send('42["many",1,"two"]');
  await raw.has('{"event":"many","args":[1,"two"]}');
  socket.send('451-["file",{"data":{"_placeholder":true,"num":0}}]');
  socket.send(Buffer.from([1, 2]));
  await raw.has('{"event":"file","data":{"data":{"$base64":"AQI="}}}');
  const seen = [];
  while (seen.length < 6) seen.push(...(await polling.packets()));
  assert.deepEqual(seen, ['4one', '4two', 'bAQI=', '4{"event":"news","data":{"a":1}}', '4{"event":"many","args":[1,"two"]}', '4{"event":"file","data":{"data":{"$base64":"AQI="}}}']);
});

test('a publisher reaches a socket by its id, which no client may use as a room', async (t) => {
  const [client, other] = await Promise.all([open(t), open(t)]);
  const { sid } = client.sids['/'];
  await gateway.publish('hi', { rooms: [sid] });
  await client.count(1);
  assert.equal(plain(client.messages[0]), '42["message","hi"]');
  assert.deepEqual(other.messages, []);
  const { connections } = await gateway.rpc().listConnections({ room: sid });
  assert.deepEqual(connections.map((one) => [one.session, one.protocol, [...one.rooms].sort()]), [[sid, 'PROTOCOL_SOCKET_IO', [sid, 'lobby'].sort()]]);
  const refused = new Engine(gateway, { route: '/socket.io/', query: `&room=${sid}` });
  assert.equal((await refused.ask()).status, 403);
  refused.close();
});

test('a publisher\'s attachments are native', async (t) => {
  const client = await open(t, { query: '&room=native' });
  await gateway.publish('', { rooms: ['native'] }, {}, { event: 'file', arguments: '["name",{"_placeholder":true,"num":0}]', attachments: [Buffer.from([9])] });
  await client.count(2);
  assert.deepEqual(client.messages.map(plain), ['451-["file","name",{"_placeholder":true,"num":0}]', Buffer.from([9])]);
});

test('Disconnect takes a socket out of its namespace; the connection stays', async (t) => {
  const client = await open(t, { namespaces: ['/', '/custom'] });
  await gateway.rpc().disconnect({ target: { rooms: [client.sids['/'].sid] } });
  await client.has('41');
  // What was on its way then breaks nothing.
  client.send('42["late"]');
  client.send('42/custom,5["x"]');
  await client.has('43/custom,5[0]');
});

test('rooms that a caller gives and takes are a socket\'s own', async (t) => {
  const client = await open(t);
  const target = { rooms: [client.sids['/'].sid] };
  await gateway.rpc().joinRooms({ target, rooms: ['given'] });
  await gateway.publish('in', { rooms: ['given'] });
  await client.count(1);
  await gateway.rpc().leaveRooms({ target, rooms: ['given'] });
  assert.equal((await gateway.publish('out', { rooms: ['given'] })).receipt.matched, 0);
});

// --- asking clients ---

async function emitWithAck(on, request) {
  const stream = on.rpc().emitWithAck(request);
  const acknowledgements = [];
  let summary;
  for await (const { acknowledgement, summary: last } of stream) {
    if (acknowledgement) acknowledgements.push(acknowledgement);
    summary = last ?? summary;
  }
  return { acknowledgements, summary };
}

test('a publisher asks clients, and is told who answered what and who did not', async (t) => {
  const own = await startGateway(t, ['--workers', '3']);
  const [a, b, silent] = await Promise.all([open(t, { on: own }), open(t, { on: own }), open(t, { on: own })]);
  await own.connect();
  for (const client of [a, b]) {
    client.socket.on('message', (data, isBinary) => {
      const asked = /^42(\d+)\["ask",1\]$/.exec(data.toString());
      if (!asked) return;
      client.send(`461-${asked[1]}["${client.sids['/'].sid}",{"_placeholder":true,"num":0}]`);
      client.send(Buffer.from([7]));
      client.send(`43${asked[1]}["again"]`);
    });
  }
  const { acknowledgements, summary } = await emitWithAck(own, { target: { rooms: ['lobby'] }, payload: { event: 'ask', json: '1' }, timeout: { seconds: 3 } });
  assert.deepEqual(acknowledgements.map((one) => one.session).sort(), [a, b].map((client) => client.sids['/'].sid).sort());
  for (const one of acknowledgements) {
    assert.equal(one.arguments, `["${one.session}",{"_placeholder":true,"num":0}]`);
    assert.deepEqual([...one.attachments[0]], [7]);
  }
  assert.deepEqual([summary.asked, summary.acknowledged, summary.missing.length], [3, 2, 1]);
  const { connection } = await own.rpc().getConnection({ id: summary.missing[0] });
  assert.equal(connection.session, silent.sids['/'].sid);
  const none = await emitWithAck(own, { target: { rooms: ['nobody'] }, payload: { event: 'ask', json: '1' } });
  assert.deepEqual(none.summary, { asked: 0, acknowledged: 0, missing: [], silentNodes: [] });
  await assert.rejects(emitWithAck(own, { target: { rooms: ['lobby'] }, payload: { event: 'ask', json: '1' }, timeout: { seconds: 4000 } }), /timeout must be from 10 ms/);
  await assert.rejects(emitWithAck(own, { payload: { event: 'ask', json: '1' } }), /target must be set/);
});

test('a client library answers by its callback', async (t) => {
  const socket = io(`http://${gateway.clients}`, { transports: ['polling'], forceNew: true, query: { room: 'callback' } });
  t.after(() => socket.close());
  socket.on('ask', (text, answer) => answer(`${text}!`));
  await once(socket, 'connect');
  const { acknowledgements } = await emitWithAck(gateway, { target: { rooms: ['callback'] }, payload: { event: 'ask', text: 'hey' } });
  assert.deepEqual(acknowledgements.map((one) => one.arguments), ['["hey!"]']);
});
