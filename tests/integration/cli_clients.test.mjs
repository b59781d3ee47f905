// `sluice subscribe` and `sluice poll`: the command line as a client of the gateway.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, after, test } from 'node:test';
import { makeCertificate, tlsFlags } from './certificates.mjs';
import { Watch, binary, eventually, run, splitAddress, startGateway } from './harness.mjs';
import { freePort } from './ports.mjs';
import { secret, token } from './tokens.mjs';

let gateway;
before(async () => (gateway = await startGateway(null)));
after(() => gateway.stop());

const urlOf = (one) => `http://${one.clients}`;
const publish = (one, room, ...words) => run(['publish', '--room', room, '--grpc', one.address('grpc'), ...words]);
const datas = (lines) => lines.map((line) => JSON.parse(line).data);

// A command that goes on: its lines as they come, and its end.
function start(t, args, env = {}) {
  const child = spawn(binary, args, { env: { ...process.env, ...env } });
  const watch = new Watch();
  const one = { child, text: '', stderr: '', code: undefined };
  child.stdout.on('data', (data) => watch.notify((one.text += data)));
  child.stderr.on('data', (data) => watch.notify((one.stderr += data)));
  child.on('close', (code, signal) => watch.notify((one.code = code ?? signal)));
  t.after(() => child.kill('SIGKILL'));
  one.until = (condition, what) => watch.until(condition, () => `${what}: ${one.text.slice(-500)}${one.stderr}`);
  one.lines = () => one.text.split('\n').slice(0, -1);
  one.count = (n) => one.until(() => one.lines().length >= n, `${n} lines`);
  one.says = (what) => one.until(() => what.test(one.stderr), what);
  one.ended = async () => {
    await one.until(() => one.code !== undefined, 'the end');
    return one.code;
  };
  return one;
}

// A subscriber that is in its room.
async function subscriber(t, room, args = [], env = {}) {
  const one = start(t, ['subscribe', '--url', urlOf(gateway), '--room', room, ...args], env);
  await isIn(room);
  return one;
}
const isIn = (room) => hasMembers(gateway, room, 1);
function hasMembers(where, room, members) {
  return eventually(async () => {
    const { rooms } = await where.rpc().listRooms({ namespace: '/', prefix: room });
    return Number(rooms.find((one) => one.name === room)?.members ?? 0) === members;
  }, `${members} in ${room}`);
}

// A server whose answers the test gives.
async function serve(t, answer) {
  const server = http.createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections?.() ?? server.close());
  t.after(() => server.close());
  return `http://127.0.0.1:${server.address().port}`;
}

// Passes TCP on to a gateway, until it is cut; while it is shut, to nobody.
async function proxy(t, upstream) {
  const sockets = new Set();
  const keep = (socket) => sockets.add(socket.on('error', () => {}).on('close', () => sockets.delete(socket)));
  const [host, port] = splitAddress(upstream);
  const one = { isShut: false };
  const server = net.createServer((socket) => {
    keep(socket);
    if (one.isShut) return socket.destroy();
    const onward = net.connect(port, host);
    keep(onward);
    socket.pipe(onward).pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  one.cut = () => sockets.forEach((socket) => socket.destroy());
  one.url = `http://127.0.0.1:${server.address().port}`;
  t.after(() => {
    one.cut();
    server.close();
  });
  return one;
}

test('subscribe prints what is published to its rooms, for people and as JSON, until it is interrupted', async (t) => {
  const people = start(t, ['subscribe', '--url', urlOf(gateway), '--room', 'heard', '--room', 'heard-too']);
  const json = start(t, ['subscribe', '--url', urlOf(gateway), '--room', 'heard', '--room', 'heard-too', '--json']);
  await hasMembers(gateway, 'heard', 2);
  const { stdout } = await publish(gateway, 'heard', 'hi there');
  const position = /position=(\S+)/.exec(stdout)[1];
  await publish(gateway, 'heard-too', '--event', 'say', '--json-data', '{"x":\n1}');
  await publish(gateway, 'elsewhere', 'not for them');
  await publish(gateway, 'heard', 'two\nlines\u001b[2J');
  await Promise.all([people.count(3), json.count(3)]);
  assert.equal(people.lines()[0], `${position}  message  hi there`);
  assert.match(people.lines()[1], /^\S+ {2}say {2}\{"x":\?1\}$/);
  assert.match(people.lines()[2], /^\S+ {2}message {2}two\?lines\?\[2J$/);
  const said = json.lines().map((line) => JSON.parse(line));
  assert.deepEqual(said[0], { event: 'message', data: 'hi there', position });
  assert.deepEqual(said.slice(1).map(({ event, data }) => [event, data]), [['say', '{"x":\n1}'], ['message', 'two\nlines\u001b[2J']]);
  people.child.kill('SIGINT');
  json.child.kill('SIGTERM');
  assert.deepEqual([await people.ended(), await json.ended(), people.stderr + json.stderr], [0, 0, '']);
});

test('subscribe ends by itself after as many messages as it was to hear', async (t) => {
  const one = await subscriber(t, 'counted', ['--count', '2', '--json']);
  for (const text of ['1', '2', '3']) await publish(gateway, 'counted', text);
  assert.deepEqual([await one.ended(), datas(one.lines()), one.stderr], [0, ['1', '2'], '']);
});

test('subscribe begins behind a position, and says when what was there is lost', async (t) => {
  const short = await startGateway(t, ['--history-messages', '2']);
  const positions = [];
  for (const text of ['1', '2', '3', '4']) positions.push((await short.publish(text)).receipt.position);
  const hear = (since, ...more) => run(['subscribe', '--url', urlOf(short), '--since', since, '--count', '2', ...more]);
  const whole = await hear(positions[1], '--json');
  assert.deepEqual([whole.code, datas(whole.stdout.trim().split('\n')), whole.stderr], [0, ['3', '4'], '']);
  const lost = await hear(positions[0], '--json');
  assert.deepEqual(lost.stdout.trim().split('\n').map((line) => JSON.parse(line)).map((one) => one.notice ?? one.data), ['gap', '3', '4']);
  assert.equal(JSON.parse(lost.stdout.split('\n')[0]).reason, 'evicted');
  const people = await hear(positions[0]);
  assert.deepEqual([people.code, people.stdout.split('\n').length, people.stderr], [0, 3, 'sluice subscribe: a gap: messages are lost (evicted)\n']);
});

test('subscribe comes back when the gateway ends its connection, and has every message once', async (t) => {
  const one = await subscriber(t, 'ended', ['--json', '--count', '3']);
  await publish(gateway, 'ended', '1');
  await one.count(1);
  await run(['disconnect', '--room', 'ended', '--reason', 'move along', '--grpc', gateway.address('grpc')]);
  await publish(gateway, 'ended', '2');
  await one.says(/the connection ended \(move along\); trying again in \d/);
  await one.says(/connected again/);
  await publish(gateway, 'ended', '3');
  assert.deepEqual([await one.ended(), datas(one.lines())], [0, ['1', '2', '3']]);
});

test('subscribe loses and doubles nothing while its connection is cut again and again', async (t) => {
  const between = await proxy(t, gateway.clients);
  const one = start(t, ['subscribe', '--url', between.url, '--room', 'cut', '--json', '--count', '30']);
  await isIn('cut');
  const wanted = Array.from({ length: 30 }, (_, n) => String(n));
  for (const text of wanted) {
    await gateway.publish(text, { rooms: ['cut'] });
    if (text % 10 !== 5) continue;
    await one.count(Number(text) + 1);
    between.cut();
  }
  assert.deepEqual([await one.ended(), datas(one.lines())], [0, wanted]);
  assert.equal(one.stderr.split('connected again').length, 4);
});

test('subscribe waits for a gateway that is restarted, and says that its history began anew', async (t) => {
  const first = await startGateway(t, ['--listen', `127.0.0.1:${await freePort()}`]);
  const one = start(t, ['subscribe', '--url', urlOf(first), '--json']);
  await hasMembers(first, 'lobby', 1);
  first.signal();
  await one.says(/trying again/);
  await first.ended();
  await one.says(/no gateway answers at/);
  await startGateway(t, ['--listen', first.clients]);
  await one.count(1);
  assert.deepEqual(JSON.parse(one.lines()[0]), { notice: 'gap', reason: 'other_epoch' });
});

test('a reader that leaves ends subscribe and poll quietly, whether anything more comes or not', async (t) => {
  for (const room of ['left-idle', 'left-busy']) {
    const one = await subscriber(t, room);
    await publish(gateway, room, 'first');
    await one.count(1);
    one.child.stdout.destroy();
    if (room === 'left-busy') await publish(gateway, room, 'second');
    assert.deepEqual([await one.ended(), one.stderr], [0, '']);
  }
  for (const command of ['subscribe', 'poll --follow']) {
    for (const n of [1, 2, 3]) await gateway.publish('x'.repeat(70_000), { rooms: ['headed'] });
    const { position } = (await gateway.publish('last', { rooms: ['headed'] })).receipt;
    const since = position.replace(/\d+$/, (offset) => offset - 3);
    const head = await run([...command.split(' '), '--url', urlOf(gateway), '--room', 'headed', '--since', since], { wrap: '{ "$@"; echo "ended $?" >&2; } | head -n 1' });
    assert.match(head.stdout, /^\S+ {2}message {2}x{70000}\n$/);
    assert.match(head.stderr, /^ended 0\n$/);
  }
});

test('subscribe can be interrupted while nobody reads what it says', async (t) => {
  const one = start(t, ['subscribe', '--url', urlOf(gateway), '--room', 'unread']);
  one.child.stdout.pause();
  await isIn('unread');
  for (let n = 0; n < 30; ++n) await gateway.publish('x'.repeat(100_000), { rooms: ['unread'] });
  one.child.kill('SIGINT');
  await once(one.child, 'exit').then(([code]) => assert.equal(code, 0));
});

test('events arrive however their bytes are cut, with retry and a stream that falls silent', async (t) => {
  const asked = [];
  const url = await serve(t, async (request, answer) => {
    asked.push(request.headers['last-event-id']);
    answer.writeHead(200, { 'content-type': 'text/event-stream' });
    const text = asked.length === 1 ? '\ufeffretry: 10\r\nid: p-1\r\ndata: á\r\ndata: b\r\n\r\nid: p-2\rdata: two\r\rdata: lost\n' : 'data: three\n\n';
    for (const byte of Buffer.from(text)) {
      answer.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const one = start(t, ['subscribe', '--url', url, '--json', '--count', '3', '--silence-seconds', '3']);
  assert.equal(await one.ended(), 0);
  assert.deepEqual(one.lines().map((line) => JSON.parse(line)), [
    { event: 'message', data: 'á\nb', position: 'p-1' }, { event: 'message', data: 'two', position: 'p-2' }, { event: 'message', data: 'three', position: 'p-2' },
  ]);
  assert.deepEqual(asked, [undefined, 'p-2']);
  assert.match(one.stderr, /^sluice subscribe: nothing comes from http:\S+ any more; trying again in 1\dms\nsluice subscribe: connected again\n$/);
});

test('a message and an answer that are too large end the command', async (t) => {
  const { position } = (await gateway.publish('small', { rooms: ['large'] })).receipt;
  await gateway.publish('x'.repeat(2000), { rooms: ['large'] });
  for (const [command, option] of [['subscribe', '--message-bytes-max'], ['poll', '--answer-bytes-max']]) {
    const { code, stdout, stderr } = await run([command, '--url', urlOf(gateway), '--room', 'large', '--since', position, option, '1000']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.match(stderr, new RegExp(`^sluice ${command}: an? \\S+ has more than 1000 bytes \\(${option}\\)\n$`));
  }
});

test('poll prints what came since its cursor, and the cursor to go on from', async () => {
  const ask = async (...args) => {
    const asked = await run(['poll', '--url', urlOf(gateway), '--room', 'polled', ...args]);
    assert.equal(asked.code, 0, asked.stderr);
    return asked;
  };
  const cursorIn = ({ stderr }) => /^sluice poll: cursor (\S+)\n$/.exec(stderr)[1];
  const first = await ask();
  assert.equal(first.stdout, '');
  await publish(gateway, 'polled', 'one');
  await publish(gateway, 'polled', '--event', 'say', '--json-data', '{"x":\n1}');
  await publish(gateway, 'polled', '--binary', 'b');
  const second = await ask('--cursor', cursorIn(first));
  assert.match(second.stdout, /^\S+ {2}message {2}one\n\S+ {2}say {2}\{"x":\?1\}\n\S+ {2}message {2}\{"data":"Yg==","encoding":"base64"\}\n$/);
  assert.equal((await ask('--cursor', cursorIn(second))).stdout, '');
  const json = await ask('--cursor', cursorIn(first), '--json');
  assert.deepEqual([json.stdout.split('\n').length, json.stderr], [2, '']);
  const answer = JSON.parse(json.stdout);
  assert.deepEqual(answer.messages.map(({ data, room }) => [data, room]), [['one', 'polled'], [{ x: 1 }, 'polled'], ['Yg==', 'polled']]);
  const since = await ask('--since', answer.messages[1].position, '--json');
  assert.deepEqual(JSON.parse(since.stdout).messages.map((one) => one.data), ['Yg==']);
  const other = await ask('--cursor', '0000000000000001-7');
  assert.match(other.stderr, /^sluice poll: a gap: messages are lost \(other_epoch\)\nsluice poll: cursor \S+\n$/);
});

test('a poll is held until a message comes', async (t) => {
  const one = start(t, ['poll', '--url', urlOf(gateway), '--room', 'held', '--wait', '1m']);
  await isIn('held');
  assert.equal(one.code, undefined);
  await publish(gateway, 'held', 'now');
  assert.equal(await one.ended(), 0);
  assert.match(one.text, /^\S+ {2}message {2}now\n$/);
});

test('poll --follow goes on although its client was gone for too long, and tells its cursor when interrupted', async (t) => {
  const quick = await startGateway(t, ['--poll-linger-seconds', '0.05']);
  const between = await proxy(t, quick.clients);
  const one = start(t, ['poll', '--url', between.url, '--follow', '--wait', '20s']);
  await hasMembers(quick, 'lobby', 1);
  await quick.publish('1');
  await one.count(1);
  between.isShut = true;
  between.cut();
  await one.says(/trying again in/);
  await hasMembers(quick, 'lobby', 0);
  await quick.publish('2');
  between.isShut = false;
  // Its cursor is answered with 410; the cursor's position begins a new connection.
  await one.count(2);
  await quick.publish('3');
  await one.count(3);
  one.child.kill('SIGINT');
  assert.equal(await one.ended(), 0);
  assert.deepEqual(one.lines().map((line) => line.split('  ')[2]), ['1', '2', '3']);
  const cursor = /sluice poll: cursor (\S+)\n$/.exec(one.stderr)[1];
  assert.equal(cursor.split('.')[0], one.lines()[2].split('  ')[0]);
  const counted = start(t, ['poll', '--url', urlOf(quick), '--follow', '--json', '--since', one.lines()[0].split('  ')[0], '--count', '2']);
  assert.equal(await counted.ended(), 0);
  assert.deepEqual(counted.lines().flatMap((line) => JSON.parse(line).messages.map(({ data }) => data)), ['2', '3']);
});

for (const command of ['subscribe', 'poll']) {
  test(`${command} shows its token, given as a variable, and tells why it is refused`, async (t) => {
    const closed = await startGateway(t, ['--token-secret', secret, '--client-rooms', 'granted', '--namespace', '/x']);
    const { position } = (await closed.publish('for mary', { rooms: ['mary'], namespace: '/x' })).receipt;
    const since = position.replace(/\d+$/, '0');
    const ask = (more, env) => run([command, '--url', urlOf(closed), '--room', 'mary', ...more], { env });
    const mary = { SLUICE_TOKEN: token({ sub: 'mary', sluice: { join: ['mary'], namespaces: ['/x'] } }) };
    const heard = await ask(['--namespace', '/x', '--since', since, ...(command === 'subscribe' ? ['--count', '1'] : [])], mary);
    assert.equal(heard.code, 0, heard.stderr);
    assert.match(heard.stdout, /for mary\n$/);
    for (const [more, env, why] of [
      [[], { SLUICE_TOKEN: 'nonsense' }, /token/],
      [['--token', token({}, { key: 'another secret of thirty-two bytes' })], {}, /token|signature|key/],
      [['--room', 'staff'], mary, /room/],
      [['--namespace', '/none'], mary, /namespace/],
    ]) {
      const refused = await ask(more, env);
      assert.deepEqual([refused.code, refused.stdout, refused.stderr.trim().split('\n').length], [1, '', 1], refused.stderr);
      assert.match(refused.stderr, why);
      assert.ok(!/no gateway/.test(refused.stderr) && !refused.stderr.includes('nonsense'), refused.stderr);
    }
  });

  test(`${command} says what is wrong where no gateway is`, async (t) => {
    const page = await serve(t, (request, answer) => answer.end('<html>'));
    const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    t.after(() => silent.close());
    for (const [url, why, more = []] of [
      ['http://127.0.0.1:1', /no gateway answers at http:\/\/127\.0\.0\.1:1; is `sluice serve` running\? --url/],
      ['http://none.invalid', /the host of http:\/\/none\.invalid is not known/],
      [page, /is no gateway's client port/],
      [`http://${gateway.address('grpc')}`, /does not speak HTTP; --url wants the gateway's client port/],
      [`http://${gateway.address('admin')}`, /is no gateway's client port/],
      [`http://127.0.0.1:${silent.address().port}`, /no answer from \S+ within 100ms \(--timeout-seconds\)/, ['--timeout-seconds', '0.1']],
      [`https://${gateway.clients}`, /TLS with \S+ fails/],
    ]) {
      const { code, stdout, stderr } = await run([command, '--url', url, ...more]);
      assert.deepEqual([code, stdout, stderr.trim().split('\n').length], [1, '', 1], `${url}: ${stderr}`);
      assert.match(stderr, why);
    }
  });

  test(`${command} refuses options that make no sense before it asks anybody`, async () => {
    for (const [wrong, why] of [
      [['--colour'], /--colour: there is no such option/], [['--url', '127.0.0.1'], /a URL such as/], [['lobby'], /was --room meant/],
      [['--since', '7'], /a position/], [['--count', '-1'], /count/], [['--room'], /needs a value/], [['--tls-ca', 'ca.pem'], /https/],
    ]) {
      const { code, stdout, stderr } = await run([command, ...wrong]);
      assert.deepEqual([code, stdout], [2, ''], stderr);
      assert.match(stderr, why);
    }
  });

  test(`${command} over TLS trusts whom it is told to trust`, async (t) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-clients-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const pair = makeCertificate(folder, { alternative: 'IP:127.0.0.1' });
    const { cert, key } = pair;
    const secure = await startGateway(t, ['--listen-tls', '127.0.0.1:0', ...tlsFlags(pair)]);
    const { position } = (await secure.publish('by TLS')).receipt;
    const ask = (...more) => run([command, '--since', position.replace(/\d+$/, '0'), ...(command === 'subscribe' ? ['--count', '1'] : []), ...more], { env: { SLUICE_URL: `https://${secure.address('clients_tls')}` } });
    const trusting = await ask('--tls-ca', cert);
    assert.deepEqual([trusting.code, trusting.stdout], [0, `${position}  message  by TLS\n`], trusting.stderr);
    for (const more of [[], ['--tls-ca', key]]) {
      const { code, stderr } = await ask(...more);
      assert.equal(code, 1);
      assert.match(stderr, /^sluice \w+: TLS with https:\S+ fails: .*; --tls-ca names a certificate to trust\n$/);
    }
  });
}
