// The sub-protocol sluice.v1.json: commands of WebSocket clients, each answered once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Backend } from './backend.mjs';
import { eventually, startGateway } from './harness.mjs';
import { now, secret, token } from './tokens.mjs';

// A client that says commands: each gives the object that answers it.
async function open(gateway, query = '', { token: shown, ...options } = {}) {
  const protocols = ['sluice.v1.json', ...(shown ? [`bearer.${shown}`] : [])];
  const client = await gateway.connect(query, { protocols, ...options });
  let lastId = 0;
  client.say = async (command) => {
    const id = ++lastId;
    client.send(JSON.stringify({ id, ...command }));
    return client.reply(id);
  };
  client.reply = async (id) => {
    const find = () => client.parsed.filter((one) => one.reply === id);
    await client.until(() => find().length > 0, `the reply to ${id}`);
    return find()[0];
  };
  client.heard = () => client.parsed.filter((one) => 'event' in one);
  client.hears = (n) => client.until(() => client.heard().length >= n, `${n} messages`);
  await client.until(() => client.parsed.length > 0, 'the first notice');
  return client;
}
const start = (t, flags = []) => startGateway(t, flags);

test('a client joins, publishes, counts and leaves', async (t) => {
  const gateway = await start(t);
  const ann = await open(gateway, '?room=hall');
  assert.equal(ann.socket.protocol, 'sluice.v1.json');
  assert.equal(ann.parsed[0].notice, 'open');
  const plain = await gateway.connect('?room=a');
  const { ok } = await ann.say({ join: { rooms: ['a', 'b'] } });
  assert.match(ok.position, /^[0-9a-f]{16}-\d+$/);
  assert.deepEqual((await ann.say({ presence: { rooms: ['a', 'b', 'hall', 'nowhere'] } })).ok, { members: { a: 2, b: 1, hall: 1, nowhere: 0 } });
  assert.ok((await ann.say({ publish: { room: 'a', data: 'hi' } })).ok.position);
  await ann.say({ publish: { room: 'a', event: 'say', data: { n: [1, 'zwei'] } } });
  await ann.say({ publish: { room: 'a', data: 'AQID', encoding: 'base64' } });
  await ann.say({ publish: { data: 'to all of mine' } });
  await plain.count(4);
  assert.deepEqual(plain.messages.map((one) => (Buffer.isBuffer(one) ? [...one] : one)), ['hi', '{"event":"say","data":{"n":[1,"zwei"]}}', [1, 2, 3], 'to all of mine']);
  await ann.hears(4);
  assert.deepEqual(ann.heard().map((one) => [one.room, one.event, one.data]), [['a', 'message', 'hi'], ['a', 'say', { n: [1, 'zwei'] }], ['a', 'message', 'AQID'], ['hall', 'message', 'to all of mine']]);
  assert.deepEqual((await ann.say({ leave: { rooms: ['a', 'nowhere'] } })).ok, {});
  assert.deepEqual((await ann.say({ presence: { rooms: ['a'] } })).ok, { members: { a: 1 } });
  plain.send('after');
  await gateway.publish('end', { rooms: ['b'] });
  await ann.hears(5);
  assert.equal(ann.heard()[4].data, 'end');
});

test('joining since a position brings what was missed behind the reply, or says that it is lost', async (t) => {
  const gateway = await start(t, ['--history-messages', '3']);
  const client = await open(gateway);
  const from = client.parsed[0].position;
  for (const text of ['1', '2', '3']) await gateway.publish(text, { rooms: ['a'] });
  await gateway.publish('other', { rooms: ['b'] });
  const reply = await client.say({ join: { rooms: ['a'], since: from } });
  assert.equal(reply.ok.gap, undefined);
  await client.hears(3);
  assert.deepEqual(client.heard().map((one) => one.data), ['1', '2', '3']);
  assert.ok(client.parsed.findIndex((one) => one.reply === 1) < client.parsed.findIndex((one) => 'event' in one));
  await client.say({ leave: { rooms: ['a'] } });
  await gateway.publish('4', { rooms: ['a'] });
  assert.equal((await client.say({ join: { rooms: ['a'], since: from } })).ok.gap, 'evicted');
  await client.hears(6);
  assert.deepEqual(client.heard().slice(3).map((one) => one.data), ['2', '3', '4']);
  assert.equal((await client.say({ join: { rooms: ['b'], since: '0000000000000001-5' } })).ok.gap, 'other_epoch');
});

test('requests are answered by a backend, and by nobody else', async (t) => {
  const gateway = await start(t, ['--client-messages', 'backend', '--request-seconds-max', '3']);
  const client = await open(gateway);
  assert.deepEqual((await client.say({ request: { data: 1 } })).error.code, 'unavailable');
  assert.deepEqual((await client.say({ publish: { data: 1 } })).error.code, 'unavailable');
  const backend = await new Backend(gateway, {
    onEvent: (event, self) => {
      if (event.kind !== 'message' || !event.message._ackId) return;
      const { payload } = event.message;
      if (payload.event === 'twice') self.reply(event, [JSON.parse(payload.json) * 2]);
      if (payload.event === 'several') self.reply(event, [1, { _placeholder: true, num: 0 }], [Buffer.from([9])]);
    },
  }).attached();
  assert.deepEqual((await client.say({ request: { event: 'twice', data: 21 } })).ok, { data: 42 });
  assert.deepEqual((await client.say({ request: { event: 'several', data: null } })).ok, { args: [1, { $base64: 'CQ==' }] });
  assert.equal((await client.say({ request: { event: 'silence', data: '' } })).error.code, 'timed_out');
  assert.deepEqual((await client.say({ publish: { room: 'lobby', event: 'note', data: 'x' } })).ok, {});
  const { message } = await backend.event('message', (one) => one.message.payload.event === 'note');
  assert.deepEqual([message.room, message.payload.text], ['lobby', 'x']);
  assert.equal(client.parsed.filter((one) => 'reply' in one).length, 6);
});

test('with relay a request reaches a backend all the same', async (t) => {
  const gateway = await start(t);
  await new Backend(gateway, { onEvent: (event, self) => event.message?._ackId && self.reply(event, ['pong']) }).attached();
  const client = await open(gateway);
  assert.deepEqual((await client.say({ request: { event: 'ping', data: null } })).ok, { data: 'pong' });
});

test('rooms and permissions hold as for any client', async (t) => {
  const gateway = await start(t, ['--token-secret', secret, '--rooms-per-connection-max', '4']);
  const own = { sub: 'ann', sluice: { rooms: ['home'], join: ['news-*', 'x*'], publish: ['home'] } };
  const client = await open(gateway, '', { token: token(own) });
  const code = async (command) => (await client.say(command)).error?.code;
  assert.equal(await code({ join: { rooms: ['news-1', 'secret'] } }), 'forbidden');
  assert.deepEqual((await client.say({ presence: { rooms: ['home'] } })).ok, { members: { home: 1 } });
  assert.equal(await code({ presence: { rooms: ['secret'] } }), 'forbidden');
  assert.equal(await code({ join: { rooms: ['news-1', 'lobby'] } }), undefined);
  assert.equal(await code({ publish: { room: 'news-1', data: '' } }), 'forbidden');
  assert.equal(await code({ publish: { room: 'home', data: '' } }), undefined);
  assert.equal(await code({ join: { rooms: ['x1', 'x2'] } }), 'too_many');
  assert.deepEqual((await client.say({ presence: { rooms: ['x1'] } })).ok, { members: { x1: 0 } });
  const { connections } = await gateway.rpc().listConnections({});
  assert.deepEqual(connections[0].rooms.sort(), ['home', 'lobby', 'news-1']);
});

test('a token is refreshed in place, by one of the same user alone', async (t) => {
  const gateway = await start(t, ['--token-secret', secret, '--token-skew-seconds', '0']);
  const first = now() + 6;
  const client = await open(gateway, '', { token: token({ sub: 'ann', exp: first, sluice: { rooms: ['a'] } }) });
  const say = (text) => client.say({ token: text });
  assert.equal((await say(token({ sub: 'bob' }))).error.code, 'forbidden');
  assert.equal((await say('x')).error.code, 'unauthenticated');
  const until = now() + 600;
  assert.deepEqual((await say(token({ sub: 'ann', exp: until, jti: 'second', sluice: { rooms: ['b'] } }))).ok, { expires: until });
  await eventually(() => now() > first + 1, 'the first to be over', 20_000);
  assert.deepEqual((await client.say({ presence: { rooms: ['a', 'b'] } })).ok, { members: { a: 1, b: 1 } });
  await gateway.rpc('Access').revokeTokens({ tokenId: 'second' });
  assert.equal((await client.whenClosed()).code, 3000);
});

test('what is no command is answered with what was wrong, and costs nothing else', async (t) => {
  const gateway = await start(t);
  const client = await open(gateway);
  const odd = [
    ['hello', /one JSON object/], ['[]', /one JSON object/], ['{}', /needs an id/], ['{"id":-1,"join":{}}', /needs an id/], ['{"id":1.5}', /needs an id/], ['{"id":9007199254740992}', /needs an id/],
    ['{"id":1}', /one of join/], ['{"id":1,"jump":{}}', /no command "jump"/], ['{"id":1,"join":{"rooms":["a"]},"leave":{"rooms":["a"]}}', /one of join/],
    ['{"id":1,"join":[]}', /join needs rooms/], ['{"id":1,"join":1}', /join is not an object/], ['{"id":1,"join":{}}', /needs rooms/], ['{"id":1,"join":{"rooms":[]}}', /needs rooms/], ['{"id":1,"join":{"rooms":[1]}}', /needs rooms/],
    [JSON.stringify({ id: 1, join: { rooms: Array.from({ length: 101 }, (_, n) => `r${n}`) } }), /1 to 100 names/], ['{"id":1,"join":{"rooms":[""]}}', /name is empty/],
    ['{"id":1,"join":{"rooms":["a"],"since":"x"}}', /not a position/], ['{"id":1,"join":{"rooms":["a"],"form":"P"}}', /not known: "form"/],
    ['{"id":1,"publish":{"room":"a"}}', /needs data/], ['{"id":1,"publish":{"room":1,"data":1}}', /room is not a name/], ['{"id":1,"publish":{"event":"connect","data":1}}', /reserved: connect/],
    ['{"id":1,"publish":{"event":"","data":1}}', /event is not a name/], ['{"id":1,"publish":{"data":"?","encoding":"base64"}}', /not base64/], ['{"id":1,"publish":{"data":1,"encoding":"base64"}}', /a text in base64/],
    ['{"id":1,"publish":{"data":"","encoding":"hex"}}', /encoding is not base64/], ['{"id":1,"token":1}', /token is not a text/], ['{"id":1,"token":"x"}', /tokens are not used here/],
  ];
  for (const [text] of odd) client.send(text);
  client.send(Buffer.from([1]));
  await client.until(() => client.parsed.length === odd.length + 2, 'all answers');
  const answers = client.parsed.slice(1);
  for (const [at, [text, why]] of odd.entries()) {
    assert.match(answers[at].error.message, why, text);
    assert.equal(answers[at].reply, /"id":1[,}]/.test(text) ? 1 : null, text);
    assert.equal(answers[at].error.code, 'bad_request');
  }
  assert.match(answers.at(-1).error.message, /text, not bytes/);
  assert.equal((await client.say({ join: { rooms: ['a'] } })).reply, 1);
});

test('with echo and with drop a client learns what becomes of its message', async (t) => {
  for (const policy of ['echo', 'drop']) {
    const gateway = await start(t, ['--client-messages', policy]);
    const client = await open(gateway);
    const answer = await client.say({ publish: { data: 'x' } });
    if (policy === 'drop') assert.equal(answer.error.code, 'forbidden');
    else assert.deepEqual([answer.ok, client.heard()[0].data], [{}, 'x']);
  }
});

test('commands pipelined behind a slow backend are all answered, in their order', async (t) => {
  const gateway = await start(t, ['--client-messages', 'backend', '--backend-buffer-bytes-max', '65536']);
  const slow = await new Backend(gateway, { credits: 1, acknowledges: false }).attached();
  const client = await open(gateway);
  for (let id = 1; id <= 200; ++id) client.send(JSON.stringify({ id, publish: { data: 'x'.repeat(1000) } }));
  await gateway.untilMetric('sluice_reads_paused', {}, (value) => value === 1);
  slow.credit(1_000_000);
  for (let seen = 1; seen < 201; seen = slow.events.length) {
    const before = seen;
    await slow.until(() => slow.events.length > before);
    slow.acknowledge(slow.cursor);
  }
  await client.count(201);
  assert.deepEqual(client.parsed.slice(1).map((one) => one.reply), Array.from({ length: 200 }, (_, n) => n + 1));
});
