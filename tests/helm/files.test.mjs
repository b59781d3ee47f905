// The chart as a whole: Helm and the program take it, and what is made from it is up to date.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { caseFile, caseNames, chart, folderOf, helm, objectsIn, render, root } from './chart.mjs';

const program = process.env.SLUICE_BINARY;

// What the program says of the options that a container is given.
function check(t, rendered) {
  const file = path.join(folderOf(t), 'sluice.toml');
  writeFileSync(file, rendered.live);
  const variables = (rendered.container.env ?? []).map(({ name, value }) => [name, value ?? 'a-secret-of-32-bytes-or-even-more-']);
  const env = { PATH: process.env.PATH, ...Object.fromEntries(variables) };
  return spawnSync(program, ['check', '--config', file, ...rendered.flags], { encoding: 'utf8', env });
}
const known = new Set(JSON.parse(execFileSync(program, ['options', '--json'], { encoding: 'utf8' })).map((option) => option.name));

test('Helm finds nothing to complain of, with each values file and with none', async () => {
  for (const files of [[], ...caseNames.map((name) => ['--values', caseFile(name)])]) {
    assert.match(await helm('lint', '--strict', chart, ...files), /1 chart\(s\) linted, 0 chart\(s\) failed/);
  }
});

test('the chart can be packed, and what is packed can be rendered', async (t) => {
  const packed = (await helm('package', chart, '--destination', folderOf(t))).trim().split(' ').pop();
  const values = ['--set', 'metrics.prometheusRule.enabled=true'];
  assert.deepEqual(objectsIn(await helm('template', 'a', packed, ...values)), objectsIn(await helm('template', 'a', chart, ...values)));
});

test('the chart is of the version that the program has', () => {
  const version = execFileSync(program, ['version'], { encoding: 'utf8' }).trim().split(' ').pop();
  assert.match(readFileSync(path.join(chart, 'Chart.yaml'), 'utf8'), new RegExp(`^appVersion: "${version}"$`, 'm'));
});

test('the program takes the options that each case gives it, with the variables beside them', async (t) => {
  for (const name of [null, ...caseNames]) {
    const rendered = await render({}, name);
    const { stderr } = check(t, rendered);
    // Files of Secrets are in pods alone.
    assert.match(stderr.trim(), /^$|: \/etc\/sluice\/\S+: cannot be read\b/, name);
  }
});

test('numbers, texts and lists of options come to the program as they were said', async (t) => {
  const rendered = await render({
    options: { 'history-messages': 1_000_000, 'ping-interval-seconds': 12.5, 'allowed-origins': ['https://a.example', 'https://b.example'], 'node-count': '$(X)' },
    live: { 'log-level': 'debug' },
  });
  assert.equal(rendered.option('history-messages'), '1000000');
  assert.equal(rendered.option('ping-interval-seconds'), '12.5');
  assert.deepEqual(rendered.option('allowed-origins'), ['https://a.example', 'https://b.example']);
  assert.equal(rendered.option('node-count'), '$$(X)', 'what Kubernetes would take for a variable');
  assert.match(check(t, rendered).stderr, /--node-count: there is no such option/);
  assert.equal(check(t, await render({ live: { 'log-level': 'debug' } })).stdout, 'ok\n');
});

test('every option that the chart can set exists', async () => {
  const missing = new Set();
  for (const name of caseNames) {
    for (const flag of (await render({}, name)).flags) if (!known.has(/^--([a-z-]+)=/.exec(flag)[1])) missing.add(flag);
  }
  const refused = Object.keys(JSON.parse(readFileSync(path.join(chart, 'values.schema.json'), 'utf8')).definitions.options.properties);
  for (const option of refused) if (!known.has(option)) missing.add(option);
  assert.deepEqual([...missing], []);
});

test('what the chart says after an installation is true of the values', async (t) => {
  // Without a cluster Helm shows no notes, so they become an object of a copy.
  const copy = path.join(folderOf(t), 'sluice');
  cpSync(chart, copy, { recursive: true });
  writeFileSync(path.join(copy, 'templates/notes.yaml'), 'kind: Notes\ntext: {{ include "sluice/templates/NOTES.txt" . | toJson }}\n');
  const notes = async (...flags) =>
    objectsIn(await helm('template', 'chat', copy, '--namespace', 'games', '--show-only', 'templates/notes.yaml', ...flags))[0].text;
  const usual = await notes();
  assert.match(usual, /1 node, broker embedded/);
  assert.match(usual, /exec deployment\/chat-sluice -- sluice publish --room lobby hi/);
  assert.match(usual, /thrown away until a backend is attached/);
  assert.match(usual, /goes on accepting for 10 s, closes its connections over 60 s, and is given 85 s in all/);
  assert.doesNotMatch(usual, /WARNING/);
  assert.match(await notes('--set', 'control.enabled=true,control.insecure=true'), /WARNING: control\.insecure/);
  assert.match(await notes('--values', caseFile('ingress')), /2 to 10 nodes, broker nats[^]*through the Ingress, at chat\.example\.org/);
});

test('the plain manifests, and the chart\'s copy of the rules, are up to date', () => {
  const { status, stdout, stderr } = spawnSync(path.join(root, 'deploy/kubernetes/generate.sh'), ['--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});

test('the plain manifests have no mark of Helm\'s', () => {
  for (const file of ['one-node', 'cluster', 'monitoring']) {
    const text = readFileSync(path.join(root, `deploy/kubernetes/${file}.yaml`), 'utf8');
    assert.doesNotMatch(text, /managed-by|helm\.sh/);
    assert.ok(objectsIn(text).length > 1);
  }
});
