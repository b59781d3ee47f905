// The example pairs: clients that know nothing of the gateway, and backends that do what their servers did.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Watch, binary, root, startGateway } from './harness.mjs';

// The examples as they are, with the packages that the tests have installed.
function examples(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-pairs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ['examples', 'proto']) cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  symlinkSync(fileURLToPath(new URL('node_modules', import.meta.url)), path.join(folder, 'node_modules'));
  return path.join(folder, 'examples');
}

// A program whose output is watched; `t` ends it.
function start(t, program, args) {
  const child = spawn(program, args);
  const watch = new Watch();
  const started = { lines: [], child };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      started.lines.push(...String(data).split('\n').filter(Boolean));
      watch.notify();
    });
  }
  started.says = (pattern, times = 1) =>
    watch.until(() => started.lines.filter((line) => pattern.test(line)).length >= times, () => `${pattern} of ${program}: ${started.lines.slice(-8).join(' | ')}`);
  t.after(() => child.kill('SIGKILL'));
  return started;
}

const backends = {
  'in Node': (at) => [process.execPath, [path.join(at, 'socket.io/backend.mjs')]],
  'in Python': (at) => ['/usr/bin/python3', [path.join(at, 'socket.io/backend.py')]],
  'in C++': () => [path.join(path.dirname(binary), 'examples/socketio_backend'), []],
};
for (const [language, command] of Object.entries(backends)) {
  test(`the socket.io pair, with its backend ${language}`, async (t) => {
    const at = examples(t);
    const gateway = await startGateway(t, ['--client-messages', 'backend']);
    const [program, args] = command(at);
    const backend = start(t, program, [...args, gateway.address('grpc'), '0.2']);
    await backend.says(/^attached to /);
    const clients = [1, 2].map(() => start(t, process.execPath, [path.join(at, 'socket.io/client.mjs'), `http://${gateway.clients}`]));
    for (const client of clients) await client.says(/^from the server: 0\.\d+$/, 2);
    await backend.says(/: "?thanks for 0\.\d+"?$/, 3);
    assert.equal(backend.lines.filter((line) => / is here$/.test(line)).length, 2);
    clients[0].child.kill();
    await backend.says(/ has gone \(client_/);
  });
}

test('the ws pair', async (t) => {
  const at = examples(t);
  const gateway = await startGateway(t, ['--client-messages', 'backend']);
  const backend = start(t, process.execPath, [path.join(at, 'ws/backend.mjs'), gateway.address('grpc')]);
  await backend.says(/^attached to /);
  const first = start(t, process.execPath, [path.join(at, 'ws/client.mjs'), gateway.url()]);
  await first.says(/^received: send data from a.js$/);
  const second = start(t, process.execPath, [path.join(at, 'ws/client.mjs'), gateway.url()]);
  await second.says(/^received: send data from a.js$/);
  for (const client of [first, second]) await client.says(new RegExp(`^received: hello from ${second.child.pid}$`));
  assert.deepEqual(first.lines.filter((line) => /a\.js/.test(line)).length, 1);
});
