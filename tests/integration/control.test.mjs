// The control plane over gRPC: every call, every kind of bad input.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { before, after, test } from 'node:test';
import { detailOf, eventually, grpc, rejects, startGateway } from './harness.mjs';

let gateway;
let rpc;
before(async () => {
  gateway = await startGateway(null, ['--namespace', '/chat', '--publish-batch-max', '100', '--list-page-max', '500', '--room-name-bytes-max', '64', '--grpc-message-bytes-max', '1MiB']);
  rpc = gateway.rpc();
});
after(() => gateway.stop());

const unique = (() => {
  let next = 0;
  return (what) => `${what}-${++next}`;
})();
const idOf = async (client) => {
  await client.count(1);
  return client.parsed[0].id;
};

// Over a limit on number: it names the option, and trying again is no use.
async function rejectsTooMany(call, option, max) {
  const detail = detailOf(await rejects(call, 'INVALID_ARGUMENT'));
  assert.deepEqual([detail.reason, detail.limit, detail.retryable], ['too_large', { option, max }, false]);
}

test('Publish answers with the position and the exact count of a room', async () => {
  const room = unique('room');
  const clients = await Promise.all([1, 2, 3].map(() => gateway.connect(`?room=${room}`)));
  const { receipt } = await gateway.publish('hi', { rooms: [room] });
  assert.match(receipt.position, /^[0-9a-f]{16}-[1-9][0-9]*$/);
  assert.deepEqual([receipt.count, receipt.matched], ['matched', 3]);
  await Promise.all(clients.map((client) => client.has('hi')));
  assert.equal((await gateway.publish('nobody', { rooms: [unique('empty')] })).receipt.matched, 0);
  clients.forEach((client) => client.terminate());
});

const target = { rooms: ['lobby'] };
// Each is wrong in one thing; the last column is the field that its error names.
const badPublishes = [
  ['no target', { payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target'],
  ['an empty target', { target: {}, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target'],
  ['everyone beside rooms', { target: { everyone: true, rooms: ['a'] }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target'],
  ['except-rooms alone', { target: { exceptRooms: ['a'] }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target'],
  ['a bad name among the except-rooms', { target: { everyone: true, exceptRooms: [''] }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target.except_rooms[0]'],
  ['a bad name among the users', { target: { users: ['a', 'b\0'] }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target.users[1]'],
  ['a bad id among the except-connections', { target: { everyone: true, exceptConnections: ['?'] }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target.except_connections[0]'],
  ['more names than a target may have', { target: { rooms: Array(1001).fill('a') }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target'],
  ['an event name over 255 bytes', { target, payload: { event: 'x'.repeat(256), text: 'x' } }, 'INVALID_ARGUMENT', 'payload.event'],
  ['a key for a policy that conflates nothing', { target, payload: { text: 'x' }, options: { slowPolicy: 'SLOW_POLICY_CLOSE', conflationKey: 'k' } }, 'INVALID_ARGUMENT', 'options.conflation_key'],
  ['JSON nested too deep', { target, payload: { json: '['.repeat(129) + ']'.repeat(129) } }, 'INVALID_ARGUMENT', 'payload.json'],
  ['arguments that are no array', { target, payload: { arguments: '{}' } }, 'INVALID_ARGUMENT', 'payload.arguments'],
  ['attachments that nothing refers to', { target, payload: { text: 'x', attachments: [Buffer.from('a')] } }, 'INVALID_ARGUMENT', 'payload.attachments'],
  ['a placeholder without its attachment', { target, payload: { json: '{"_placeholder":true,"num":1}', attachments: [Buffer.from('a')] } }, 'INVALID_ARGUMENT', 'payload.attachments'],
  ['too many attachments', { target, payload: { json: '1', attachments: Array(11).fill(Buffer.from('a')) } }, 'INVALID_ARGUMENT', 'payload.attachments'],
  ['no payload', { target }, 'INVALID_ARGUMENT', 'payload'],
  ['an unknown namespace', { target: { namespace: '/none', rooms: ['a'] }, payload: { text: 'x' } }, 'NOT_FOUND', 'target.namespace'],
  ['an empty room name', { target: { rooms: ['a', ''] }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target.rooms[1]'],
  ['a room name over the limit', { target: { rooms: ['x'.repeat(65)] }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target.rooms[0]'],
  ['a control character in a room name', { target: { rooms: ['a\nb'] }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target.rooms[0]'],
  ['a connection id that is none', { target: { connections: ['x-1'] }, payload: { text: 'x' } }, 'INVALID_ARGUMENT', 'target.connections[0]'],
  ['JSON that is none', { target, payload: { json: '{"a":' } }, 'INVALID_ARGUMENT', 'payload.json'],
  ['a reserved event', { target, payload: { event: 'disconnect', text: 'x' } }, 'INVALID_ARGUMENT', 'payload.event'],
  ['a line break in an event', { target, payload: { event: 'a\nb', text: 'x' } }, 'INVALID_ARGUMENT', 'payload.event'],
  ['conflating without a key', { target, payload: { text: 'x' }, options: { slowPolicy: 'SLOW_POLICY_CONFLATE' } }, 'INVALID_ARGUMENT', 'options.conflation_key'],
];
for (const [what, request, code, field] of badPublishes) {
  test(`Publish refuses ${what} and names the field`, async () => {
    const error = await rejects(rpc.publish(request), code);
    assert.equal(detailOf(error).field, field);
    assert.ok(error.details.length > 10, error.details);
  });
}

test('each value at its limit is taken', async () => {
  await rpc.publish({ target: { rooms: ['x'.repeat(64)] }, payload: { event: 'x'.repeat(255), json: '['.repeat(64) + ']'.repeat(64) } });
  await rpc.publish({ target: { rooms: Array.from({ length: 1000 }, (_, at) => `limit ${at}`) }, payload: { text: '' } });
  await rpc.publish({ target: { users: ['somebody'] }, payload: { binary: Buffer.alloc(0) }, options: { conflationKey: 'k'.repeat(255) } });
});

test('a request over the limit on its size is refused', async () => {
  await rejects(gateway.publish('x'.repeat(1 << 20)), 'INVALID_ARGUMENT');
});

test('an idempotency key publishes once; with another request it is refused', async () => {
  const room = unique('once');
  const client = await gateway.connect(`?room=${room}`);
  const key = { idempotencyKey: unique('key') };
  const first = await gateway.publish('once', { rooms: [room] }, key);
  assert.deepEqual(await gateway.publish('once', { rooms: [room] }, key), first);
  await rejects(gateway.publish('twice', { rooms: [room] }, key), 'ALREADY_EXISTS');
  await gateway.publish('end', { rooms: [room] });
  await client.has('end');
  assert.deepEqual(client.messages, ['once', 'end']);
  client.terminate();
});

test('PublishBatch keeps the order and has a result for each message', async () => {
  const room = unique('batch');
  const client = await gateway.connect(`?room=${room}`);
  const message = (text, rooms = [room]) => ({ target: { rooms }, payload: { text } });
  const { results } = await rpc.publishBatch({ messages: [message('1'), message('bad', ['']), message('2')] });
  assert.deepEqual(results.map((one) => one.outcome), ['receipt', 'error', 'receipt']);
  assert.equal(results[1].error.code, grpc.status.INVALID_ARGUMENT);
  const error = await rejects(rpc.publishBatch({ messages: [message('3'), message('bad', [''])], allValid: true }), 'INVALID_ARGUMENT');
  assert.equal(detailOf(error).field, 'messages[1].target.rooms[0]');
  await rejects(rpc.publishBatch({ messages: [] }), 'INVALID_ARGUMENT');
  await rejectsTooMany(rpc.publishBatch({ messages: Array(101).fill(message('x')) }), 'publish-batch-max', 100);
  const many = await rpc.publishBatch({ messages: Array(100).fill(message('x', [unique('elsewhere')])) });
  assert.equal(many.results.length, 100, 'what is equal to the limit is allowed');
  await gateway.publish('end', { rooms: [room] });
  await client.has('end');
  assert.deepEqual(client.messages, ['1', '2', 'end']);
  client.terminate();
});

test('PublishStream takes many requests in flight, keeps their order and acknowledges all', async () => {
  const room = unique('stream');
  const client = await gateway.connect(`?room=${room}`);
  const stream = rpc.publishStream();
  const answers = [];
  const ended = new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
  stream.on('data', (answer) => answers.push(answer));
  const count = 2000;
  for (let sequence = 1; sequence <= count; ++sequence) {
    stream.write({ sequence, messages: [{ target: { rooms: [room] }, payload: { text: String(sequence) } }], receipts: sequence === 7 });
  }
  stream.write({ sequence: count + 1, messages: [{ target: { rooms: [''] }, payload: { text: 'bad' } }] });
  stream.end();
  await ended;
  await client.count(count);
  assert.deepEqual(client.messages, Array.from({ length: count }, (_, at) => String(at + 1)));
  assert.equal(answers.at(-1).acknowledged, count + 1);
  const results = answers.flatMap((answer) => answer.results);
  assert.deepEqual(results.map((one) => [one.sequence, one.result.outcome]), [[7, 'receipt'], [count + 1, 'error']]);
  client.terminate();
});

test('PublishStream ends with INVALID_ARGUMENT when a sequence number is wrong', async () => {
  const stream = rpc.publishStream();
  const failed = new Promise((resolve) => stream.on('error', resolve));
  stream.on('data', () => {});
  stream.write({ sequence: 5, messages: [{ target, payload: { text: 'x' } }] });
  assert.equal((await failed).code, grpc.status.INVALID_ARGUMENT);
});

test('JoinRooms and LeaveRooms answer when it is done', async () => {
  const [room, other] = [unique('joined'), unique('home')];
  const clients = await Promise.all([1, 2, 3, 4].map(() => gateway.connect(`?room=${other}`)));
  const joined = await rpc.joinRooms({ target: { rooms: [other] }, rooms: [room] });
  assert.deepEqual(joined, { matched: 4, changed: 4, refused: 0, silentNodes: [] });
  assert.equal((await gateway.publish('in', { rooms: [room] })).receipt.matched, 4);
  const left = await rpc.leaveRooms({ target: { rooms: [other] }, rooms: [room] });
  assert.deepEqual(left, { matched: 4, changed: 4, silentNodes: [] });
  assert.equal((await gateway.publish('out', { rooms: [room] })).receipt.matched, 0);
  assert.deepEqual(await rpc.leaveRooms({ target: { rooms: [other] }, rooms: [room] }), { matched: 4, changed: 0, silentNodes: [] });
  await gateway.publish('end', { rooms: [other] });
  for (const client of clients) {
    await client.has('end');
    assert.deepEqual(client.messages, ['in', 'end']);
    client.terminate();
  }
  await rejects(rpc.joinRooms({ target, rooms: [] }), 'INVALID_ARGUMENT');
  await rejects(rpc.joinRooms({ target, rooms: [''] }), 'INVALID_ARGUMENT');
});

test('a connection at its bound of rooms is counted as refused', async () => {
  const room = unique('full');
  const client = await gateway.connect(`?room=${room}`);
  for (let at = 0; at < 2; ++at) {
    await rpc.joinRooms({ target: { rooms: [room] }, rooms: Array.from({ length: 100 }, (_, n) => `${room}-${at}-${n}`) });
  }
  const answer = await rpc.joinRooms({ target: { rooms: [room] }, rooms: [unique('one-more')] });
  assert.deepEqual(answer, { matched: 1, changed: 0, refused: 1, silentNodes: [] });
  client.terminate();
});

test('Disconnect ends a target with the code and reason given', async () => {
  const room = unique('leaving');
  const clients = await Promise.all([1, 2, 3].map(() => gateway.connect(`?room=${room}`)));
  const stays = await gateway.connect();
  assert.equal((await rpc.disconnect({ target: { rooms: [room] }, closeCode: 4001, reason: 'enough' })).matched, 3);
  for (const client of clients) assert.deepEqual(await client.whenClosed(), { code: 4001, reason: 'enough' });
  assert.equal((await gateway.publish('x', { rooms: [room] })).receipt.matched, 0);
  assert.equal(stays.closed, null);
  stays.terminate();
  await rejects(rpc.disconnect({ target, closeCode: 1005 }), 'INVALID_ARGUMENT');
  await rejects(rpc.disconnect({ target, reason: 'x'.repeat(124) }), 'INVALID_ARGUMENT');
  await rejects(rpc.disconnect({}), 'INVALID_ARGUMENT');
});

test('GetConnection shows a connection, and NOT_FOUND once it is gone', async () => {
  const room = unique('seen');
  const client = await gateway.connect(`?envelope=1&room=${room}`);
  const id = await idOf(client);
  client.send('hi');
  await client.count(2);
  const { connection } = await rpc.getConnection({ id });
  assert.deepEqual([connection.id, connection.namespace, connection.protocol, connection.rooms], [id, '/', 'PROTOCOL_WEBSOCKET', [room]]);
  assert.match(connection.remoteAddress, /^127\.0\.0\.1:\d+$/);
  assert.deepEqual([connection.messagesReceived, connection.messagesSent], [1, 1]);
  assert.ok(connection.bytesReceived > 100 && connection.bytesSent > 100);
  await client.close();
  await rejects(rpc.getConnection({ id }), 'NOT_FOUND');
  await rejects(rpc.getConnection({ id: 'nonsense' }), 'INVALID_ARGUMENT');
  // Another incarnation, the same slot: nobody is hit.
  const stale = id.replace(/^[0-9a-f]{8}/, (old) => (old === '00000001' ? '00000002' : '00000001'));
  assert.equal((await rpc.disconnect({ target: { connections: [stale] } })).matched, 0);
});

test('ListConnections pages over all connections once, and filters', async () => {
  const room = unique('paged');
  const clients = await Promise.all(Array.from({ length: 25 }, () => gateway.connect(`?room=${room}`)));
  const seen = [];
  let pageToken = '';
  do {
    const page = await rpc.listConnections({ room, pageSize: 4, pageToken });
    assert.ok(page.connections.length <= 4);
    seen.push(...page.connections.map((one) => one.id));
    pageToken = page.nextPageToken;
  } while (pageToken);
  assert.equal(seen.length, 25);
  assert.equal(new Set(seen).size, 25);
  assert.equal((await rpc.listConnections({ room, namespace: '/chat' })).connections.length, 0);
  assert.equal((await rpc.listConnections({ room, user: 'nobody' })).connections.length, 0);
  await rejects(rpc.listConnections({ pageToken: 'forged' }), 'INVALID_ARGUMENT');
  await rejectsTooMany(rpc.listConnections({ pageSize: 501 }), 'list-page-max', 500);
  await rpc.listConnections({ pageSize: 500 });
  await rejects(rpc.listConnections({ namespace: '/none' }), 'NOT_FOUND');
  clients.forEach((client) => client.terminate());
});

test('ListRooms pages over all rooms of a prefix once', async () => {
  const prefix = unique('list');
  const clients = await Promise.all(Array.from({ length: 12 }, (_, at) => gateway.connect(`?room=${prefix}-${at}`)));
  await gateway.publish('kept', { rooms: [`${prefix}-history`] });
  const rooms = [];
  let pageToken = '';
  do {
    const page = await rpc.listRooms({ prefix, pageSize: 5, pageToken });
    rooms.push(...page.rooms);
    pageToken = page.nextPageToken;
  } while (pageToken);
  assert.equal(rooms.length, 13);
  assert.deepEqual(rooms.find((room) => room.name === `${prefix}-history`), { name: `${prefix}-history`, members: 0, historyMessages: 1 });
  assert.ok(rooms.every((room) => room.members === 1 || room.name.endsWith('history')));
  clients.forEach((client) => client.terminate());
});

test('Presence counts who is in a room, and lists them page by page', async () => {
  const room = unique('present');
  const clients = await Promise.all(Array.from({ length: 5 }, () => gateway.connect(`?room=${room}&envelope=1`)));
  const ids = await Promise.all(clients.map(idOf));
  const first = await rpc.presence({ room, pageSize: 2 });
  assert.deepEqual([first.count, first.nodes.map((one) => one.count), first.members.length], [5, [5], 2]);
  const members = [...first.members];
  for (let pageToken = first.nextPageToken; pageToken; ) {
    const page = await rpc.presence({ room, pageSize: 2, pageToken });
    members.push(...page.members);
    pageToken = page.nextPageToken;
  }
  assert.deepEqual(members.map((one) => one.connection).sort(), ids.sort());
  assert.deepEqual(await rpc.presence({ room, onlyCount: true }), { ...first, members: [], nextPageToken: '' });
  assert.equal((await rpc.presence({ room, namespace: '/chat' })).count, 0);
  await rejects(rpc.presence({}), 'INVALID_ARGUMENT');
  await rejects(rpc.presence({ room, pageToken: 'forged' }), 'INVALID_ARGUMENT');
  await rejects(rpc.presence({ room: 'another', pageToken: first.nextPageToken }), 'INVALID_ARGUMENT');
  await rejects(rpc.presence({ room, namespace: '/none' }), 'NOT_FOUND');
  await rejectsTooMany(rpc.presence({ room, pageSize: 501 }), 'list-page-max', 500);
  clients.forEach((client) => client.terminate());
});

test('History shows what a room keeps, from either end, with gaps told', async () => {
  const room = unique('history');
  const positions = [];
  for (let at = 0; at < 5; ++at) positions.push((await gateway.publish(String(at), { rooms: [room] })).receipt.position);
  const texts = (answer) => answer.messages.map((one) => one.payload.text);
  const all = await rpc.history({ room });
  assert.deepEqual(texts(all), ['0', '1', '2', '3', '4']);
  assert.equal(all.messages[4].position, positions[4]);
  assert.equal(all.more, false);
  assert.deepEqual(texts(await rpc.history({ room, since: positions[1] })), ['2', '3', '4']);
  const limited = await rpc.history({ room, limit: 2, newestFirst: true });
  assert.deepEqual([texts(limited), limited.more], [['4', '3'], true]);
  assert.deepEqual(texts(await rpc.history({ room, before: positions[3], newestFirst: true, limit: 2 })), ['2', '1']);
  assert.equal((await rpc.history({ room, since: '0123456789abcdef-1' })).gap, 'GAP_OTHER_EPOCH');
  assert.equal((await rpc.history({ room, since: positions[0].replace(/-\d+/, '-999999') })).gap, 'GAP_FUTURE');
  for (let at = 0; at < 300; ++at) await gateway.publish('x', { rooms: [room] });
  assert.equal((await rpc.history({ room, since: positions[0] })).gap, 'GAP_EVICTED');
  await rejects(rpc.history({ room, since: 'x' }), 'INVALID_ARGUMENT');
  await rejects(rpc.history({}), 'INVALID_ARGUMENT');
});

test('GetNode shows the node', async () => {
  const { node } = await gateway.rpc('Nodes').getNode({});
  assert.ok(node.name && node.version);
  assert.equal(node.workers.length, 2);
  assert.deepEqual(node.namespaces.map((one) => one.name), ['/', '/chat']);
  assert.deepEqual([node.ready, node.draining], [true, false]);
});

test('a node that is alone is listed, found by its name, and watched as it changes', async () => {
  const nodes = gateway.rpc('Nodes');
  const { nodes: [own] } = await nodes.listNodes({});
  for (const node of ['', own.name, own.incarnation]) assert.equal((await nodes.getNode({ node })).node.incarnation, own.incarnation);
  await rejects(nodes.getNode({ node: 'nobody' }), 'NOT_FOUND');
  const changes = [];
  const watch = nodes.watchNodes({ reportEvery: { nanos: 100_000_000 } });
  watch.on('data', (response) => changes.push(...response.changes)).on('error', () => {});
  await eventually(() => changes.length === 1, 'the node itself');
  assert.deepEqual([changes[0].kind, changes[0].node.name], ['KIND_HERE', own.name]);
  const connections = changes[0].node.connections;
  const client = await gateway.connect();
  await eventually(() => changes.some((one) => one.kind === 'KIND_CHANGED' && one.node.connections > connections), 'its change');
  client.terminate();
  watch.cancel();
  const [error] = await once(nodes.watchNodes({ reportEvery: { nanos: 1 } }).resume(), 'error');
  assert.equal(grpc.status[error.code], 'INVALID_ARGUMENT');
});

test('a deadline that has passed cancels a call', async () => {
  await rejects(rpc.listConnections({}, -1000), 'DEADLINE_EXCEEDED');
});

test('health and reflection answer', async () => {
  const method = (name) => ({
    path: name, requestStream: false, responseStream: false,
    requestSerialize: (value) => value, requestDeserialize: (value) => value,
    responseSerialize: (value) => value, responseDeserialize: (value) => value,
  });
  const Health = grpc.makeGenericClientConstructor({ check: method('/grpc.health.v1.Health/Check') }, 'Health');
  const health = new Health(gateway.address('grpc'), grpc.credentials.createInsecure());
  const check = (request) => new Promise((resolve, reject) => health.check(request, (error, answer) => (error ? reject(error) : resolve(answer))));
  assert.deepEqual([...(await check(Buffer.alloc(0)))], [8, 1], 'SERVING');
  const name = 'sluice.v1.Gateway';
  assert.deepEqual([...(await check(Buffer.from([10, name.length, ...Buffer.from(name)])))], [8, 1]);
  health.close();
  const Reflection = grpc.makeGenericClientConstructor(
    { info: { ...method('/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo'), requestStream: true, responseStream: true } }, 'Reflection');
  const reflection = new Reflection(gateway.address('grpc'), grpc.credentials.createInsecure());
  const stream = reflection.info();
  const answer = new Promise((resolve, reject) => stream.on('data', resolve).on('error', reject));
  stream.write(Buffer.from([0x3a, 1, 0x2a])); // list_services: "*"
  const text = (await answer).toString('latin1');
  for (const service of ['sluice.v1.Gateway', 'sluice.v1.Nodes', 'grpc.health.v1.Health']) assert.ok(text.includes(service), service);
  stream.end();
  reflection.close();
});

test('Drain ends all connections over its time, reports progress, and takes no more', async (t) => {
  const one = await startGateway(t);
  const clients = await Promise.all(Array.from({ length: 40 }, () => one.connect()));
  const stream = one.rpc('Nodes').drain({ over: { seconds: 3, nanos: 0 }, reason: 'maintenance', reportEvery: { seconds: 0, nanos: 100_000_000 } });
  const reports = [];
  await new Promise((resolve, reject) => stream.on('data', (report) => reports.push(report)).on('end', resolve).on('error', reject));
  assert.equal(reports[0].connectionsAtStart, 40);
  assert.equal(reports.at(-1).connectionsLeft, 0);
  assert.equal(reports.at(-1).done, true);
  const left = reports.map((report) => report.connectionsLeft);
  assert.ok(left.some((count) => count > 0 && count < 40), `spread: ${left}`);
  for (const client of clients) assert.deepEqual(await client.whenClosed(), { code: 1001, reason: 'maintenance' });
  assert.equal((await one.admin('/readyz')).status, 503);
  assert.equal((await one.rpc('Nodes').getNode({})).node.draining, true);
});
