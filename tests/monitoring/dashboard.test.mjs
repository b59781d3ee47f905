// The dashboard for Grafana: made from its source, complete, and naming only what exists. live.test.mjs asks its queries.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { startNats } from '../cluster/nats.mjs';
import { startNodes } from '../cluster/nodes.mjs';
import { parseMetrics, root } from '../integration/harness.mjs';
import { dashboard, filled, metricsIn, panels, queries } from './queries.mjs';

const read = (...names) => readFileSync(path.join(root, ...names), 'utf8');

test('the dashboard is what its source makes', () => {
  const { status, stderr } = spawnSync('python3', ['-B', path.join(root, 'deploy/grafana/dashboard.py'), '--check'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});

test('every panel has a place, a sentence, a unit and named queries', () => {
  const all = dashboard().panels;
  assert.equal(new Set(all.map((panel) => panel.id)).size, all.length);
  const taken = new Set();
  for (const { gridPos: { x, y, w, h }, title } of all) {
    assert.ok(x + w <= 24, title);
    for (let row = y; row < y + h; ++row)
      for (let column = x; column < x + w; ++column) {
        assert.ok(!taken.has(`${row} ${column}`), `${title} lies over another panel`);
        taken.add(`${row} ${column}`);
      }
  }
  for (const { title, description, fieldConfig, targets } of panels()) {
    assert.match(description, /^[\dA-Z].*\.$/, title);
    assert.ok(fieldConfig.defaults.unit && targets.length > 0, title);
    assert.ok(targets.every((target) => target.datasource.uid === '${datasource}'), title);
  }
  const titles = dashboard().panels.filter((panel) => panel.type === 'row').map((row) => row.title);
  assert.deepEqual(titles, ['Overview', 'Coming and going', 'Workers', 'Slow clients', 'Overload', 'Rooms and history', 'Control plane', 'Backends', 'Cluster', 'UDP', 'Draining and restarts']);
});

test('every query keeps to the nodes that the variables select', () => {
  assert.deepEqual(dashboard().templating.list.map((one) => one.name), ['datasource', 'namespace', 'job', 'pod', 'instance', 'by']);
  for (const { title, expr } of queries()) {
    if (expr.includes('ALERTS')) continue; // has no instance where a whole job is meant
    const outside = expr.replace(/\w[\w:]*\{namespace=~"\$namespace",job=~"\$job",pod=~"\$pod",instance=~"\$instance"[^}]*\}/g, '');
    // What only narrows the selection further needs none of its own.
    assert.doesNotMatch(outside.replaceAll(/and on \(namespace, job, pod, instance\) (?:sluice_build_info|\(sluice_ready == 0\))/g, ''), /sluice_|process_/, title);
  }
});

test('every metric that the dashboard names is there in a gateway, or recorded', async (t) => {
  const [gateway] = await startNodes(t, await startNats(t), { count: 1 });
  const known = new Set(parseMetrics((await gateway.admin('/metrics')).text).map((one) => one.name));
  for (const [, name] of read('docs/metrics.md').matchAll(/^\| `(sluice_backend_\w+)` .*`group`/gm)) known.add(name);
  for (const [, name] of read('deploy/prometheus/sluice.rules.yaml').matchAll(/record: (\S+)/g)) known.add(name);
  const named = queries().flatMap(({ expr }) => metricsIn(filled(expr)));
  assert.ok(new Set(named).size > 60);
  assert.deepEqual(named.filter((name) => !known.has(name)), []);
});

test('every metric of the gateway is on the dashboard, in a rule, or left out for a reason', () => {
  const leftOut = new Set([
    // Others say the same with more to it.
    'sluice_payload_received_bytes_total', 'sluice_payload_sent_bytes_total', 'sluice_deflated_messages_total', 'sluice_inflated_messages_total',
    'sluice_worker_rooms', 'process_virtual_memory_bytes', 'process_threads',
  ]);
  const used = read('deploy/grafana/dashboards/sluice.json') + read('deploy/prometheus/sluice.rules.yaml');
  const all = [...read('docs/metrics.md').matchAll(/^\| `(\w+)`/gm)].map((match) => match[1]);
  assert.deepEqual(all.filter((name) => !leftOut.has(name) && !new RegExp(`\\b${name}(?:_bucket)?\\b`).test(used)), []);
});

test('every panel that a document names is there', () => {
  const titles = new Set(dashboard().panels.map((panel) => panel.title));
  const named = [...read('docs/runbook.md').matchAll(/(?<!\*)\*([A-Z][\w ,.]+)\*(?!\*)/g)].map((match) => match[1]);
  assert.ok(named.length > 30);
  assert.deepEqual(named.filter((name) => !titles.has(name)), ['Status, Targets'], 'the one is a page of Prometheus');
});

test('Grafana is told of the data source and of the folder', () => {
  assert.match(read('deploy/grafana/provisioning/datasources/prometheus.yaml'), /type: prometheus/);
  assert.match(read('deploy/grafana/provisioning/dashboards/sluice.yaml'), /path: \/var\/lib\/grafana\/dashboards\/sluice/);
});
