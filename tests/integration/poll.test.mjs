// GET /poll and POST /publish: clients that have nothing but HTTP requests, one after the other.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { Backend } from './backend.mjs';
import { eventually, splitAddress, startGateway } from './harness.mjs';
import { startNginx } from './nginx.mjs';
import { secret, token } from './tokens.mjs';

async function get(gateway, path, { headers = {}, method = 'GET', body, signal } = {}) {
  const answer = await fetch(`http://${gateway.clients}${path}`, { method, headers, body, signal });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, text, body: text && answer.headers.get('content-type') === 'application/json' ? JSON.parse(text) : null };
}
const poll = async (gateway, query, options) => {
  const { status, body, text } = await get(gateway, `/poll?${query}`, options);
  assert.equal(status, 200, text);
  return body;
};
const datas = (answer) => answer.messages.map((one) => one.data);
const publish = (gateway, query, body, options = {}) => get(gateway, `/publish?${query}`, { method: 'POST', body, ...options });

test('a short poller gets what came since its cursor, each message once', async (t) => {
  const gateway = await startGateway(t);
  const first = await poll(gateway, 'room=a');
  assert.deepEqual([first.messages, first.gap], [[], false]);
  await gateway.publish('1', { rooms: ['a'] });
  await gateway.publish('', { rooms: ['a'] }, {}, { event: 'say', json: '{"x":1}' });
  await gateway.publish('elsewhere', { rooms: ['b'] });
  const second = await poll(gateway, `cursor=${first.cursor}`);
  assert.deepEqual(second.messages.map(({ event, data, room }) => [event, data, room]), [['message', '1', 'a'], ['say', { x: 1 }, 'a']]);
  assert.ok(second.cursor.startsWith(`${second.messages[1].position}.`));
  // An answer that was lost may be asked for again.
  assert.deepEqual(datas(await poll(gateway, `cursor=${first.cursor}`)), ['1', { x: 1 }]);
  assert.deepEqual(datas(await poll(gateway, `cursor=${second.cursor}`)), []);
  assert.deepEqual(datas(await poll(gateway, `room=a&cursor=${second.messages[0].position}`)), [{ x: 1 }]);
  const { connections } = await gateway.rpc().listConnections({ protocol: 'PROTOCOL_POLL' });
  assert.equal(connections.length, 2);
});

test('a long poller is answered when something comes, or when its time is over', async (t) => {
  const gateway = await startGateway(t);
  const { cursor } = await poll(gateway, 'room=a&wait=0');
  const waiting = poll(gateway, `cursor=${cursor}&wait=20s`);
  await gateway.untilMetric('sluice_connections', { protocol: 'http' }, (value) => value >= 1);
  await gateway.publish('now', { rooms: ['a'] });
  const answer = await waiting;
  assert.deepEqual(datas(answer), ['now']);
  const began = Date.now();
  const empty = await poll(gateway, `cursor=${answer.cursor}&wait=300ms`);
  assert.deepEqual([empty.messages, empty.cursor], [[], answer.cursor]);
  assert.ok(Date.now() - began >= 290);
  const held = poll(gateway, `cursor=${empty.cursor}&wait=20`);
  await eventually(async () => {
    await gateway.publish('', { rooms: ['a'] }, { volatile: true }, { text: 'live' });
    return Promise.race([held.then(() => true), new Promise((resolve) => setTimeout(() => resolve(false), 20))]);
  }, 'a volatile message');
  assert.equal(datas(await held)[0], 'live');
});

for (const [where, behind] of [['', async (t, gateway) => gateway], [' behind nginx as it comes', async (t, gateway) => ({ clients: (await startNginx(t, gateway.clients)).address })]]) test(`a poll loop over four workers${where} under publishing loses and doubles nothing`, async (t) => {
  // Who cannot keep up for a moment finds what it missed in the history, which is as long as that.
  const gateway = await startGateway(t, ['--workers', '4', '--history-messages', '100000']);
  const door = await behind(t, gateway);
  const seconds = Number(process.env.SLUICE_POLL_SECONDS ?? 3);
  let { cursor } = await poll(door, 'room=a');
  let sent = 0;
  let isOver = false;
  const publishing = (async () => {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; ++sent) await gateway.publish(String(sent), { rooms: ['a'] });
    isOver = true;
  })();
  const got = [];
  // A new TCP connection for each request, so that each comes to any worker.
  while (!isOver || got.length < sent) {
    const answer = await poll(door, `cursor=${cursor}&wait=1s`, { headers: { connection: 'close' } });
    assert.equal(answer.gap, false);
    got.push(...datas(answer));
    ({ cursor } = answer);
  }
  await publishing;
  assert.deepEqual(got, Array.from({ length: sent }, (_, n) => String(n)));
  // A proxy may keep one connection, which may be where the session lives.
  if (door === gateway) assert.ok((await gateway.metric('sluice_requests_carried_total')) > 0);
  t.diagnostic(`${sent} messages in ${seconds} s`);
});

test('a poller is one connection over all its requests, and gone when no poll came', async (t) => {
  const gateway = await startGateway(t, ['--client-messages', 'backend', '--poll-linger-seconds', '2']);
  const backend = await new Backend(gateway).attached();
  let answer = await poll(gateway, 'room=lobby&mine=7');
  const { connection, protocol, connected } = await backend.event('connected');
  assert.deepEqual([protocol, connected.parameters], ['PROTOCOL_POLL', [{ name: 'mine', value: '7' }]]);
  backend.publish({ connection, namespace: '/' }, { text: 'hi' });
  const { cursor } = answer;
  answer = await poll(gateway, `cursor=${cursor}&wait=5s`);
  assert.deepEqual(datas(answer), ['hi']);
  const abandoned = new AbortController();
  const held = get(gateway, `/poll?cursor=${answer.cursor}&wait=30s`, { signal: abandoned.signal });
  held.catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(backend.events.filter((one) => one.kind === 'disconnected').length, 0, 'a held poll is life');
  abandoned.abort();
  assert.equal((await backend.event('disconnected')).disconnected.reason, 'heartbeat_timeout');
  assert.equal(backend.events.length, 2);
  const gone = await get(gateway, `/poll?cursor=${answer.cursor}`);
  assert.equal(gone.status, 410);
  await gateway.publish('meanwhile');
  assert.deepEqual(datas(await poll(gateway, `cursor=${answer.cursor.split('.')[0]}`)), ['meanwhile']);
});

test('the second of two polls at a time takes over', async (t) => {
  const gateway = await startGateway(t);
  const { cursor } = await poll(gateway, '');
  // Whichever comes first.
  const both = [1, 2].map(() => poll(gateway, `cursor=${cursor}&wait=20s`));
  assert.deepEqual((await Promise.race(both)).messages, []);
  await gateway.publish('x');
  assert.deepEqual((await Promise.all(both)).map(datas).sort(), [[], ['x']]);
});

test('what is lost is told, and a cursor of another history', async (t) => {
  const gateway = await startGateway(t, ['--history-messages', '2']);
  const { cursor } = await poll(gateway, '');
  for (const text of ['1', '2', '3']) await gateway.publish(text);
  const late = await poll(gateway, `cursor=${cursor}`);
  assert.deepEqual([late.gap, late.reason, datas(late)], [true, 'evicted', ['2', '3']]);
  const other = await poll(gateway, 'cursor=0000000000000001-5&wait=10s');
  assert.deepEqual([other.gap, other.reason, other.messages], [true, 'other_epoch', []]);
  await gateway.publish('4');
  assert.deepEqual(datas(await poll(gateway, `cursor=${other.cursor}`)), ['4']);
});

test('clients that have only HTTP publish, as the policy and their token say', async (t) => {
  const gateway = await startGateway(t, ['--token-secret', secret]);
  const headers = (claims = {}) => ({ authorization: `Bearer ${token(claims)}` });
  const { cursor } = await poll(gateway, 'room=a', { headers: headers() });
  const answer = await publish(gateway, 'room=a', 'plain', { headers: headers() });
  assert.equal(answer.status, 202);
  await publish(gateway, 'room=a&event=say', '{"x":1}', { headers: { ...headers(), 'content-type': 'application/json' } });
  await publish(gateway, 'room=a', Buffer.from([1, 2]), { headers: { ...headers(), 'content-type': 'application/octet-stream' } });
  const { messages } = await poll(gateway, `cursor=${cursor}&wait=5s`, { headers: headers() });
  assert.equal(messages[0].position, answer.body.position);
  const all = datas(await poll(gateway, `cursor=${cursor}`, { headers: headers() }));
  assert.deepEqual(all, ['plain', { x: 1 }, 'AQI=']);
  for (const [query, body, more, status] of [
    ['room=a', 'x', { authorization: 'Bearer x' }, 401], ['room=a', 'x', headers({ sluice: { publish: ['b'] } }), 403], ['room=a&event=error', 'x', headers(), 400], ['room=a&room=b', 'x', headers(), 400],
    ['room=', 'x', headers(), 400], ['room=a', '{', { ...headers(), 'content-type': 'application/json; charset=utf-8' }, 400], ['room=a', Buffer.from([0xff]), { ...headers(), 'content-type': 'text/plain' }, 400], ['namespace=/x', 'x', headers(), 404],
  ]) {
    assert.equal((await publish(gateway, query, body, { headers: more })).status, status, query);
  }
  assert.equal((await get(gateway, '/publish', { headers: headers() })).status, 405);
});

test('with backends a publish is told to them, or refused while none is there', async (t) => {
  const gateway = await startGateway(t, ['--client-messages', 'backend']);
  assert.equal((await publish(gateway, '', 'x')).status, 503);
  const backend = await new Backend(gateway).attached();
  assert.equal((await publish(gateway, 'event=say', 'hello')).status, 202);
  const { protocol, message } = await backend.event('message');
  assert.deepEqual([protocol, message.room, message.payload.event, message.payload.text], ['PROTOCOL_HTTP', 'lobby', 'say', 'hello']);
});

test('polls that ask for what cannot be are refused with what is wanted; large answers may be gzip', async (t) => {
  const gateway = await startGateway(t, ['--allowed-origins', 'https://app.example']);
  for (const [query, why] of [['wait=-1', /wait is not 0 to 60s/], ['wait=61s', /wait is not/], ['wait=x', /wait is not/], ['cursor=nonsense', /cursor is neither/], ['room=', /room's name/]]) {
    const { status, body } = await get(gateway, `/poll?${query}`);
    assert.equal(status, 400, query);
    assert.match(body.message, why);
  }
  assert.equal((await get(gateway, '/poll', { method: 'POST', body: 'x' })).status, 405);
  assert.equal((await get(gateway, '/poll', { headers: { origin: 'https://evil.example' } })).status, 403);
  const preflight = await get(gateway, '/poll', { method: 'OPTIONS', headers: { origin: 'https://app.example' } });
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin')], [204, 'https://app.example']);
  const forged = (await poll(gateway, '')).cursor.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'));
  assert.deepEqual(datas(await poll(gateway, `cursor=${forged}`)), [], 'its position counts');
  const { cursor } = await poll(gateway, '');
  await gateway.publish('x'.repeat(20_000));
  const packed = await get(gateway, `/poll?cursor=${cursor}`, { headers: { 'accept-encoding': 'gzip', origin: 'https://app.example' } });
  assert.deepEqual([packed.headers.get('content-encoding'), packed.headers.get('access-control-allow-origin')], ['gzip', 'https://app.example']);
  assert.equal(packed.body.messages[0].data.length, 20_000);
  assert.equal((await get(gateway, `/poll?cursor=${cursor}`, { headers: { 'accept-encoding': 'identity' } })).headers.get('content-encoding'), null);
});

test('answers have an end: a large message comes whole, many come in several answers', async (t) => {
  const gateway = await startGateway(t);
  let { cursor } = await poll(gateway, 'room=a');
  const held = poll(gateway, `cursor=${cursor}&wait=20s`);
  await publish(gateway, 'room=a', Buffer.alloc(900_000, 7), { headers: { 'content-type': 'application/octet-stream' } });
  assert.equal((await held).messages[0].data.length, 1_200_000);
  assert.equal((await poll(gateway, `cursor=${cursor}`)).messages[0].data.length, 1_200_000);
  ({ cursor } = await held);
  for (let number = 0; number < 200; ++number) await gateway.publish(`${number}`.padEnd(20_000, 'x'), { rooms: ['a'] });
  const got = [];
  let answers = 0;
  for (; got.length < 200; ++answers) {
    const answer = await poll(gateway, `cursor=${cursor}&wait=5s`);
    assert.equal(answer.gap, false);
    assert.ok(answer.messages.length > 0 && JSON.stringify(answer).length < 1_200_000);
    got.push(...datas(answer).map((text) => Number.parseInt(text, 10)));
    ({ cursor } = answer);
  }
  assert.deepEqual(got, Array.from({ length: 200 }, (_, at) => at));
  assert.ok(answers >= 4);
});

test('what was said to the client alone may be asked for again, until it asks from behind it', async (t) => {
  const gateway = await startGateway(t);
  const { cursor } = await poll(gateway, 'room=a');
  const [{ id }] = (await gateway.rpc().listConnections({ protocol: 'PROTOCOL_POLL' })).connections;
  const held = poll(gateway, `cursor=${cursor}&wait=20s`);
  await gateway.publish('in the room', { rooms: ['a'] });
  await held;
  await gateway.publish('for you', { connections: [id] });
  await eventually(async () => datas(await poll(gateway, `cursor=${cursor}`)).includes('for you'), 'it to have arrived');
  await gateway.publish('in the room, too', { rooms: ['a'] });
  const all = ['in the room', 'for you', 'in the room, too'];
  const first = await poll(gateway, `cursor=${cursor}`);
  assert.deepEqual(datas(first), all);
  assert.deepEqual(datas(await poll(gateway, `cursor=${cursor}`)), all);
  assert.deepEqual(datas(await poll(gateway, `cursor=${first.cursor}`)), []);
  const again = poll(gateway, `cursor=${first.cursor}&wait=20s`);
  await gateway.publish('while it waits', { connections: [id] });
  const answer = await again;
  assert.deepEqual(datas(answer), ['while it waits']);
  assert.deepEqual(datas(await poll(gateway, `cursor=${first.cursor}`)), ['while it waits']);
  assert.deepEqual(datas(await poll(gateway, `cursor=${answer.cursor}`)), []);
});

test('since is a place to begin from, as on other wires', async (t) => {
  const gateway = await startGateway(t);
  const { receipt } = await gateway.publish('1', { rooms: ['a'] });
  await gateway.publish('2', { rooms: ['a'] });
  assert.deepEqual(datas(await poll(gateway, `room=a&since=${receipt.position}`)), ['2']);
});

test('HEAD gets no body, and who closes its side behind a request gets the answer', async (t) => {
  const gateway = await startGateway(t);
  const [host, port] = splitAddress(gateway.clients);
  const ask = async (text) => {
    const socket = net.connect({ host, port });
    let answer = '';
    socket.on('data', (data) => (answer += data));
    socket.end(text);
    await once(socket, 'close');
    return answer;
  };
  for (const [path, origin, status] of [['/poll', 'http://evil', 403], ['/poll', '', 405], ['/nowhere', '', 404], ['/sse', '', 200]]) {
    const answer = await ask(`HEAD ${path} HTTP/1.1\r\nHost: x\r\n${origin && `Origin: ${origin}\r\n`}\r\n`);
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    assert.ok(answer.endsWith('\r\n\r\n'), answer);
  }
  const answer = await ask('POST /publish HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi');
  assert.match(answer, /^HTTP\/1.1 202 /);
});
