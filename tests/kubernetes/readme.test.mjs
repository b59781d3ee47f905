// A newcomer's path: the commands of the READMEs, one after the other, as they stand there.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { root } from '../helm/chart.mjs';
import { kubectl } from './kubernetes.mjs';

const run = promisify(execFile);
const ending = randomBytes(3).toString('hex');
// Two runs share a cluster by namespaces of their own.
const own = (command) => command.replace(/\bnamespace (chat|games)\b/g, `namespace $1-${ending}`);

// The commands of a section of a README, those aside that make a cluster or bring an image into it.
function commandsOf(file, heading) {
  const text = readFileSync(path.join(root, file), 'utf8');
  const section = heading ? text.split(/^## /m).find((one) => one.startsWith(heading)) : text;
  const blocks = [...section.matchAll(/```sh\n([^]*?)```/g)].map((match) => match[1]);
  return blocks.filter((block) => !/deploy\/build-image\.sh/.test(block)).map(own);
}

// A shell that goes through them; what it left running in the background ends with it.
async function shell(t, blocks, folder) {
  const script = `set -euo pipefail\nset -m\ntrap 'kill -- $(jobs -p | sed s/^/-/) 2>/dev/null || true' EXIT\n${blocks.join('\n')}`;
  const { stdout } = await run('bash', ['-c', script], { cwd: folder, timeout: 300_000, maxBuffer: 1 << 24 }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
  });
  return stdout;
}
// Where the commands find deploy/, and may leave files.
function workingFolder(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-newcomer-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return run('ln', ['-s', path.join(root, 'deploy'), path.join(folder, 'deploy')]).then(() => folder);
}
// The cluster has no storage class, so there is a disk that any claim gets.
async function disk(t, folder) {
  const place = path.join(folder, 'disk');
  mkdirSync(place);
  chmodSync(place, 0o777);
  const name = `disk-${ending}`;
  await kubectl(['apply', '--filename', '-'], JSON.stringify({
    apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name },
    spec: { capacity: { storage: '2Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: place }, persistentVolumeReclaimPolicy: 'Retain' },
  }));
  t.after(() => kubectl(['delete', 'persistentvolume', name, '--wait=false']));
}

test('the chart\'s first ten minutes lead from nothing to three nodes and back', async (t) => {
  const folder = await workingFolder(t);
  await disk(t, folder);
  t.after(() => kubectl(['delete', 'namespace', `chat-${ending}`, '--ignore-not-found', '--wait=false']));
  const blocks = commandsOf('deploy/helm/sluice/README.md', 'The first ten minutes');
  assert.ok(blocks.length >= 5);
  const said = await shell(t, blocks, folder);
  assert.match(said, /STATUS: deployed/);
  assert.match(said, /Phase: +Succeeded/);
  assert.match(said, /"messages":\[\]/, 'a client is let in');
  assert.match(said, /matched=\d/, 'something was published');
  assert.equal((said.match(/^chat-sluice-[a-z0-9]+-\w+ +1\/1 +Running/gm) ?? []).length >= 3, true, said);
  assert.match(said, /chat-sluice-nats-0 +1\/1 +Running/);
  assert.match(said, /release "chat" uninstalled/);
});

test('a service gets a key and a Secret as the chart\'s README says', async (t) => {
  const folder = await workingFolder(t);
  t.after(() => kubectl(['delete', 'namespace', `games-${ending}`, '--ignore-not-found', '--wait=false']));
  const [make, ...rest] = commandsOf('deploy/helm/sluice/README.md', 'Services that publish');
  const said = await shell(t, [`{\n${make}} | tee said`, "grep sha256: said >callers", ...rest], folder);
  assert.match(said, /^billing publish,read sha256:/m);
  assert.match(said, /STATUS: deployed/);
  const [, key] = /(slk_[\w-]+)/.exec(said);
  const answer = await kubectl(['--namespace', `games-${ending}`, 'exec', 'deployment/chat-sluice', '--', 'env', `SLUICE_API_KEY=${key}`,
    'sluice', 'rooms', '--grpc', 'chat-sluice-control:8081']);
  assert.equal(typeof answer, 'string');
});

test('the plain manifests come up as their README says', async (t) => {
  const folder = await workingFolder(t);
  t.after(() => kubectl(['delete', 'namespace', `chat-${ending}`, '--ignore-not-found', '--wait=false']));
  // The one before it may still be going.
  await kubectl(['wait', '--for=delete', `namespace/chat-${ending}`, '--timeout=120s']).catch(() => {});
  const said = await shell(t, commandsOf('deploy/kubernetes/README.md'), folder);
  assert.match(said, /deployment "sluice" successfully rolled out/);
});
