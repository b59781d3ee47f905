// The command line, as a person or a script uses it.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, after, test } from 'node:test';
import { run, startGateway } from './harness.mjs';

let gateway;
let at;
before(async () => {
  gateway = await startGateway(null);
  at = ['--grpc', gateway.address('grpc')];
});
after(() => gateway.stop());

async function ok(args, options) {
  const result = await run(args, options);
  assert.equal(result.code, 0, result.stderr);
  return result.stdout;
}

test('publish sends to a room and prints the receipt', async () => {
  const client = await gateway.connect('?room=cli');
  assert.match(await ok(['publish', '--room', 'cli', 'hi', ...at]), /^position=[0-9a-f]{16}-\d+ matched=1\n$/);
  const json = JSON.parse(await ok(['publish', '--room', 'cli', 'hi again', '--json', ...at]));
  assert.equal(json.receipt?.matched ?? json.matched, 1);
  await ok(['publish', '--room', 'cli', '-', ...at], { input: 'from standard input' });
  await client.count(3);
  assert.deepEqual(client.messages, ['hi', 'hi again', 'from standard input']);
  client.terminate();
});

test('connections, rooms and node show what there is, as tables and as JSON', async () => {
  const client = await gateway.connect('?room=shown&envelope=1');
  await client.count(1);
  const { id } = client.parsed[0];
  assert.match(await ok(['connections', ...at]), new RegExp(`${id}.*shown`));
  assert.ok((await ok(['connections', '--json', ...at])).includes(`"${id}"`));
  assert.match(await ok(['rooms', ...at]), /shown/);
  assert.ok((await ok(['rooms', '--json', ...at])).includes('"shown"'));
  assert.match(await ok(['node', ...at]), /version/i);
  JSON.parse(await ok(['node', '--json', ...at]));
  assert.match(await ok(['nodes', ...at]), /^NAME .*\n\S+ +[0-9a-f]{8} .* ready +[1-9]/);
  assert.match(await ok(['presence', 'shown', '--no-headings', ...at]), new RegExp(`^${id} `));
  assert.equal(JSON.parse(await ok(['presence', 'shown', '--count', '--json', ...at])).count, 1);
  assert.match((await run(['presence', ...at])).stderr, /give its name/);
  assert.match((await run(['nodes', 'a', ...at])).stderr, /`sluice node` shows one/);
  client.terminate();
});

test('disconnect ends what it names', async () => {
  const client = await gateway.connect('?room=leaving');
  await ok(['disconnect', '--room', 'leaving', '--reason', 'bye', ...at]);
  assert.equal((await client.whenClosed()).reason, 'bye');
});

test('drain shows its progress and ends when nobody is left', async (t) => {
  const one = await startGateway(t);
  await one.connect();
  const output = await ok(['drain', '--seconds', '0', '--grpc', one.address('grpc')]);
  assert.match(output, /0/);
});

test('options lists every option in three forms; check says what is wrong with a file', async () => {
  const help = await ok(['options']);
  for (const option of ['--listen', '--workers', '--history-messages', '--slow-policy']) assert.ok(help.includes(option), option);
  const json = JSON.parse(await ok(['options', '--json']));
  const { kind, environment } = json.find((option) => option.name === 'message-bytes-max');
  assert.deepEqual({ kind, environment }, { kind: 'bytes', environment: 'SLUICE_MESSAGE_BYTES_MAX' });
  assert.match(await ok(['options', '--markdown']), /^# Options/);
  const bad = await run(['check', '--config', '/dev/null/none']);
  assert.equal(bad.code, 1, bad.stderr);
});

test('help, mistakes and an absent gateway: each with its exit code and a line that helps', async () => {
  for (const args of [['--help'], ['help'], ['serve', '--help'], ['publish', '--help'], ['--version']]) {
    assert.ok((await ok(args)).length > 5, args.join(' '));
  }
  const unknown = await run(['pubish']);
  assert.equal(unknown.code, 2);
  assert.match(unknown.stderr, /publish/);
  assert.equal((await run([])).code, 2);
  assert.equal((await run(['publish', ...at])).code, 2);
  const absent = await run(['node', '--grpc', '127.0.0.1:1']);
  assert.equal(absent.code, 1);
  assert.match(absent.stderr, /127\.0\.0\.1:1/);
  assert.equal(absent.stderr.trim().split('\n').length, 1, absent.stderr);
  const refused = await run(['publish', '--room', '', 'x', ...at]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /room/);
});

test('what options prints as a sample is a file that check takes, and each mistake in a file gets a line', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-check-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'sluice.toml');
  writeFileSync(file, await ok(['options', '--sample']));
  assert.equal(await ok(['check', '--config', file]), 'ok\n');
  writeFileSync(file, 'message-bytes-max = "3MiB"\nping-interval-seconds = "30s"\nnamespace = ["/a", "/b"]\n');
  assert.equal(await ok(['check', '--config', file]), 'ok\n');
  writeFileSync(file, 'message-bytes-max = 0\nunknown = 1\nnamespace = ["a"]\n');
  const bad = await run(['check', '--config', file]);
  assert.equal(bad.code, 1);
  for (const name of ['message-bytes-max', 'unknown', 'namespace']) assert.match(bad.stderr + bad.stdout, new RegExp(name));
  writeFileSync(file, 'this is = = no TOML\n');
  assert.equal((await run(['check', '--config', file])).code, 1);
});

test('a variable of no option is told: no mistake, but perhaps not what was meant', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-check-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'sluice.toml');
  writeFileSync(file, '');
  // The others are Kubernetes' and a client's.
  const env = { SLUICE_WORKER: '3', SLUICE_SERVICE_HOST: '10.0.0.1', SLUICE_PORT: 'tcp://10.0.0.1:8080', SLUICE_TOKEN: 'x' };
  const what = 'SLUICE_WORKER: there is no such option; did you mean SLUICE_WORKERS?';
  assert.deepEqual(await run(['check', '--config', file], { env }), { code: 0, stdout: 'ok\n', stderr: `sluice check: ${what}\n` });
  const other = await startGateway(t, [], { env });
  assert.deepEqual(other.log.filter(({ event }) => event === 'stray_variable').map((line) => line.what), [what]);
});

test('a bound of memory without its unit is refused', async () => {
  const refused = await run(['serve', '--memory-max', '64']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--memory-max: 64 bytes: 0 or at least 1MiB was expected/);
});

test('the gateway to call may be named by the environment', async () => {
  await ok(['node', '--json'], { env: { SLUICE_GRPC: gateway.address('grpc') } });
});

test('publish says every kind of data and target', async () => {
  const [a, b] = await Promise.all([gateway.connect('?room=kinds&envelope=1'), gateway.connect('?room=kinds')]);
  await a.count(1);
  const { id } = a.parsed[0];
  await ok(['publish', '--everyone', '--event', 'notice', '--json-data', '{"a":1}', ...at]);
  await ok(['publish', '--room', 'kinds', '--except-connection', id, 'not for a', ...at]);
  await ok(['publish', '--connection', id, '--volatile', ...at, '--', '--for-a']);
  await ok(['publish', '--room', 'kinds', '--binary', '-', ...at], { input: Buffer.from([0, 1, 255]) });
  await Promise.all([a.count(4), b.count(3)]);
  const data = a.parsed.slice(1).map(({ event, data, encoding }) => [event, data, encoding]);
  assert.deepEqual(data, [['notice', { a: 1 }, undefined], ['message', '--for-a', undefined], ['message', 'AAH/', 'base64']]);
  assert.deepEqual(b.messages, ['{"event":"notice","data":{"a":1}}', 'not for a', Buffer.from([0, 1, 255])]);
  for (const client of [a, b]) client.terminate();
});

test('a call that the gateway refuses is exit code 1, one that makes no sense is 2', async () => {
  const refused = await run(['publish', '--room', 'x', '--namespace', '/none', 'hi', ...at]);
  assert.deepEqual([refused.code, refused.stdout], [1, '']);
  assert.match(refused.stderr, /namespace/);
  for (const args of [
    ['publish', '--room', 'x', '--everyone', 'hi'],
    ['publish', 'hi'],
    ['publish', '--room', 'x', '--slow-policy', 'conflate', 'hi'],
    ['publish', '--room', 'x', '--json-data', '--binary', 'hi'],
    ['publish', '--room', 'x', 'hi', 'there'],
    ['disconnect'],
    ['node', '--colour'],
    ['node', '--timeout-seconds', 'soon'],
  ]) {
    const wrong = await run([...args, ...at]);
    assert.equal(wrong.code, 2, `${args.join(' ')}: ${wrong.stderr}`);
    assert.equal(wrong.stdout, '');
  }
});

test('lists are complete however long they are, and filters narrow them', async () => {
  const clients = await Promise.all(Array.from({ length: 230 }, (_, at) => gateway.connect(`?room=many&room=many-${at % 3}`)));
  const ids = (text) => text.trim().split('\n').map((line) => JSON.parse(line).id);
  const all = ids(await ok(['connections', '--room', 'many', '--json', ...at]));
  assert.equal(new Set(all).size, 230);
  assert.equal(ids(await ok(['connections', '--room', 'many-0', '--json', ...at])).length, 77);
  const rooms = (await ok(['rooms', '--prefix', 'many-', '--json', ...at])).trim().split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(rooms.map((room) => [room.name, room.members]).sort(), [['many-0', 77], ['many-1', 77], ['many-2', 76]]);
  clients.forEach((client) => client.terminate());
});
