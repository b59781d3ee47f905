// The rules for Prometheus: they are valid, each is tested, each has a place in the runbook, and all that they name exists.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startNats } from '../cluster/nats.mjs';
import { startNodes } from '../cluster/nodes.mjs';
import { parseMetrics, root } from '../integration/harness.mjs';
import { folder, rulesFile, startPrometheus } from './prometheus.mjs';
import { metricsIn } from './queries.mjs';

function promtool(...args) {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: folder, encoding: 'utf8' });
  return { status, text: stdout + stderr };
}
const read = (...names) => readFileSync(path.join(root, ...names), 'utf8');
const alertsOf = async (prometheus) => (await prometheus.rules()).filter((rule) => rule.type === 'alerting');

test('the rules are valid, and so is the configuration that names them', () => {
  for (const args of [['check', 'rules', 'sluice.rules.yaml'], ['check', 'config', 'prometheus.yaml']]) {
    const { status, text } = promtool(...args);
    assert.equal(status, 0, text);
  }
});

test('each alert fires at its node after its time, says so in words, and leaves a quiet node alone', () => {
  const { status, text } = promtool('test', 'rules', 'sluice.rules.test.yaml');
  assert.equal(status, 0, text);
});

test('each alert has a case that fires and one that does not', async (t) => {
  const cases = read('deploy/prometheus/sluice.rules.test.yaml');
  for (const { name } of await alertsOf(await startPrometheus(t, { isQuick: false }))) {
    assert.match(cases, new RegExp(`alertname: ${name}, eval_time: \\w+, exp_alerts: \\[\\]`), `${name} is never silent`);
    assert.match(cases, new RegExp(`alertname: ${name}\\n +eval_time: \\w+\\n +exp_alerts:\\n`), `${name} never fires`);
  }
});

test('each alert says how bad it is, what is the matter, and where the runbook tells of it', async (t) => {
  const alerts = await alertsOf(await startPrometheus(t, { isQuick: false }));
  const runbook = read('docs/runbook.md');
  const sections = [...runbook.matchAll(/^## (Sluice\w+)$/gm)].map((match) => match[1]);
  for (const { name, labels, annotations } of alerts) {
    assert.match(labels.severity, /^(critical|warning|info)$/, name);
    assert.ok(annotations.summary.length < 120 && annotations.description.endsWith('.'), name);
    assert.match(annotations.runbook_url, new RegExp(`^https://.*/runbook\\.md#${name.toLowerCase()}$`));
  }
  const named = [...readFileSync(rulesFile, 'utf8').matchAll(/- alert: (\w+)/g)].map((match) => match[1]);
  assert.equal(named.length, alerts.length);
  assert.deepEqual(sections, named, 'a section for each alert, in the order of the rules, and no other');
});

test('every alert has its reason written above it', () => {
  const bare = [...read('deploy/prometheus/sluice.rules.yaml').matchAll(/\n *(.*)\n +- alert: (\w+)/g)].filter((match) => !match[1].startsWith('#'));
  assert.deepEqual(bare.map((match) => match[2]), []);
});

test('every metric and label that a rule names is there in a gateway', async (t) => {
  // A node of a cluster has them all.
  const [[gateway], prometheus] = await Promise.all([startNodes(t, await startNats(t), { count: 1 }), startPrometheus(t, { isQuick: false })]);
  const rules = await prometheus.rules();
  const series = parseMetrics((await gateway.admin('/metrics')).text);
  // Groups come with the backends that name them.
  const declared = [...read('docs/metrics.md').matchAll(/^\| `(sluice_backend_\w+)` .*`group`/gm)].map((match) => match[1]);
  const known = new Set([...series.map((one) => one.name), ...declared, ...rules.filter((rule) => rule.type === 'recording').map((rule) => rule.name)]);
  const named = rules.flatMap((rule) => metricsIn(rule.query));
  assert.ok(named.length > 50);
  assert.deepEqual(named.filter((name) => !known.has(name)), []);
  const values = new Set(series.flatMap(({ labels }) => Object.entries(labels).map(([label, value]) => `${label}=${value}`)));
  const asked = rules.flatMap((rule) => [...rule.query.matchAll(/(\w+)[!=]~?"([^"]*)"/g)]).flatMap(([, label, value]) => value.split('|').map((one) => `${label}=${one}`));
  assert.deepEqual(asked.filter((one) => !values.has(one)), [], 'labels with values that no series has');
});

test('the file that Prometheus reads is the one that is tested', () => {
  assert.ok(read('deploy/prometheus/prometheus.yaml').includes('rule_files: [sluice.rules.yaml]'));
  assert.ok(rulesFile.endsWith('deploy/prometheus/sluice.rules.yaml'));
});
