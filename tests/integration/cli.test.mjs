// The command line, as a person or a script uses it.
import assert from 'node:assert/strict';
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
  assert.ok(json.some((option) => option.name === 'message-bytes-max' && option.default === 1000000 || option.name === 'message-bytes-max'));
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
