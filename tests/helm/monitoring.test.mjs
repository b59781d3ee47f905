// The Prometheus operator's objects carry the rules and labels that dashboard and runbook are made for.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { render, root } from './chart.mjs';

const rules = (docs) => parse(readFileSync(path.join(root, 'deploy/prometheus/sluice.rules.yaml'), 'utf8').replaceAll('https://sluice.example/docs', docs));
const alerts = (groups) => groups.flatMap((group) => group.rules).map((rule) => rule.alert).filter(Boolean);

test('the rules are those of deploy/prometheus, word for word, with the runbook where it is', async () => {
  const { spec } = (await render({ metrics: { prometheusRule: { enabled: true, docs: 'https://wiki.example.org/sluice' } } })).find('PrometheusRule');
  assert.deepEqual(spec.groups, rules('https://wiki.example.org/sluice').groups);
});

test('alerts that are left out are not there, and all others are', async () => {
  const { spec } = (await render({}, 'cluster')).find('PrometheusRule');
  const left = new Set(['SluiceUdpOverflows', 'SluiceUdpLost', 'SluiceUdpAnswersWithheld']);
  assert.deepEqual(alerts(spec.groups), alerts(rules('').groups).filter((name) => !left.has(name)));
});

test('Prometheus scrapes the metrics\' Service alone, and takes the release for the job', async () => {
  const rendered = await render({}, 'everything');
  const { spec, metadata } = rendered.find('ServiceMonitor');
  assert.equal(metadata.labels.release, 'prometheus');
  assert.equal(spec.jobLabel, 'app.kubernetes.io/instance');
  const selected = rendered.all('Service').filter(({ metadata: { labels } }) =>
    Object.entries(spec.selector.matchLabels).every(([key, value]) => labels[key] === value));
  assert.deepEqual(selected.map((one) => one.metadata.name), ['chat-sluice-metrics']);
  assert.equal(selected[0].metadata.labels[spec.jobLabel], 'chat');
  assert.deepEqual([spec.endpoints[0].port, spec.endpoints[0].path], ['admin', '/metrics']);
});

test('a Prometheus without the operator finds the pods by what deploy/prometheus/kubernetes.yaml asks for', async () => {
  const config = parse(readFileSync(path.join(root, 'deploy/prometheus/kubernetes.yaml'), 'utf8'));
  const kept = config.scrape_configs[0].relabel_configs.filter((one) => one.action === 'keep');
  const wanted = Object.fromEntries(kept.map((one) => [one.source_labels[0], one.regex]));
  const rendered = await render();
  assert.equal(rendered.find('Deployment').spec.template.metadata.labels['app.kubernetes.io/name'], wanted.__meta_kubernetes_pod_label_app_kubernetes_io_name);
  const ports = rendered.container.ports.map((port) => port.name);
  assert.ok(ports.includes(wanted.__meta_kubernetes_pod_container_port_name));
});

test('nothing of the operator\'s is there unless it is asked for', async () => {
  const rendered = await render();
  assert.deepEqual([...rendered.all('ServiceMonitor'), ...rendered.all('PrometheusRule')], []);
});
