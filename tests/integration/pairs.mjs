// The example pairs: clients that know nothing of the gateway, and backends that do what their servers did.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { binary, root } from './harness.mjs';
import { Program } from './programs.mjs';

// The examples as they are, with the packages that the tests have installed.
function examples(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-pairs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const part of ['examples', 'proto']) cpSync(path.join(root, part), path.join(folder, part), { recursive: true });
  symlinkSync(fileURLToPath(new URL('node_modules', import.meta.url)), path.join(folder, 'node_modules'));
  return path.join(folder, 'examples');
}

const backends = {
  'in Node': (at) => [process.execPath, [path.join(at, 'socket.io/backend.mjs')]],
  'in Python': (at) => ['/usr/bin/python3', [path.join(at, 'socket.io/backend.py')]],
  'in C++': () => [path.join(path.dirname(binary), 'examples/socketio_backend'), []],
};
export const languages = Object.keys(backends);

// `gateway` hands clients' messages to backends; or it is what stands before some that do. `gone`: what the backend says of a
// client that is ended.
export async function socketIoPair(t, gateway, language, gone = / has gone \(client_/) {
  const at = examples(t);
  const [program, args] = backends[language](at);
  const backend = new Program(t, program, [...args, gateway.address('grpc'), '0.2']);
  await backend.says(/^attached to /);
  const clients = [1, 2].map(() => new Program(t, process.execPath, [path.join(at, 'socket.io/client.mjs'), `http://${gateway.clients}`]));
  for (const client of clients) await client.says(/^from the server: 0\.\d+$/, 2);
  await backend.says(/: "?thanks for 0\.\d+"?$/, 3);
  // Once for each, and once more for one whose session has moved to another node.
  assert.equal(new Set(backend.lines.filter((line) => / is here$/.test(line))).size, 2);
  clients[0].signal('SIGTERM');
  await backend.says(gone);
}

export async function wsPair(t, gateway) {
  const at = examples(t);
  const backend = new Program(t, process.execPath, [path.join(at, 'ws/backend.mjs'), gateway.address('grpc')]);
  await backend.says(/^attached to /);
  const first = new Program(t, process.execPath, [path.join(at, 'ws/client.mjs'), gateway.url()]);
  await first.says(/^received: send data from a.js$/);
  const second = new Program(t, process.execPath, [path.join(at, 'ws/client.mjs'), gateway.url()]);
  await second.says(/^received: send data from a.js$/);
  for (const client of [first, second]) await client.says(new RegExp(`^received: hello from ${second.child.pid}$`));
  assert.deepEqual(first.lines.filter((line) => /a\.js/.test(line)).length, 1);
}
