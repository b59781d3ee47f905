// How many pods there are: budgets for evictions, and both kinds of autoscaler.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { release, render } from './chart.mjs';

const cluster = (autoscaling, more = {}) => ({
  broker: 'nats', nats: { server: { enabled: true } }, autoscaling: { enabled: true, ...autoscaling }, ...more,
});

test('a disruption budget lets one pod go at a time, and there is none for a single node', async () => {
  const { spec } = (await render({}, 'cluster')).find('PodDisruptionBudget');
  assert.equal(spec.maxUnavailable, 1);
  assert.equal(spec.unhealthyPodEvictionPolicy, 'AlwaysAllow');
  assert.equal(spec.selector.matchLabels['app.kubernetes.io/component'], 'gateway');
  // It would keep a machine from ever being emptied.
  assert.deepEqual((await render()).all('PodDisruptionBudget'), []);
});

test('the autoscaler goes by connections per pod, and by CPU if it is told to', async () => {
  const { spec } = (await render(cluster({ connectionsPerPod: 1_000_000 }))).find('HorizontalPodAutoscaler');
  assert.deepEqual(spec.scaleTargetRef, { apiVersion: 'apps/v1', kind: 'Deployment', name: `${release}-sluice` });
  assert.deepEqual([spec.minReplicas, spec.maxReplicas], [2, 10]);
  assert.deepEqual(spec.metrics, [
    { type: 'Pods', pods: { metric: { name: 'sluice_open_connections' }, target: { type: 'AverageValue', averageValue: '1000000' } } },
  ]);
  const both = (await render(cluster({ cpuPercent: 80 }))).find('HorizontalPodAutoscaler').spec.metrics;
  assert.deepEqual(both[1].resource, { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } });
});

test('KEDA asks Prometheus for this release\'s connections', async () => {
  const rendered = await render({}, 'everything');
  assert.deepEqual(rendered.all('HorizontalPodAutoscaler'), []);
  const { spec } = rendered.find('ScaledObject');
  assert.deepEqual(spec.scaleTargetRef, { name: `${release}-sluice` });
  const [prometheus, cpu] = spec.triggers;
  assert.equal(prometheus.metricType, 'AverageValue');
  assert.equal(prometheus.metadata.query, 'sum(sluice_open_connections{namespace="games",job="chat"})');
  assert.equal(prometheus.metadata.threshold, '20000');
  assert.deepEqual(prometheus.authenticationRef, { name: 'prometheus' });
  assert.equal(cpu.metadata.value, '70');
  assert.equal(spec.fallback, undefined, 'without Prometheus there stay as many pods as there are');
});

test('pods go one by one, after a quiet time, and not before the last one has drained', async () => {
  const hpa = (await render(cluster({}))).find('HorizontalPodAutoscaler').spec.behavior;
  assert.equal(hpa.scaleDown.stabilizationWindowSeconds, 600);
  assert.deepEqual(hpa.scaleDown.policies, [{ type: 'Pods', value: 1, periodSeconds: 300 }]);
  const keda = (await render(cluster({ by: 'keda' }))).find('ScaledObject').spec.advanced.horizontalPodAutoscalerConfig.behavior;
  assert.deepEqual(keda, hpa);
  const slow = await render(cluster({}, { drain: { delaySeconds: 5, seconds: 900 } }));
  assert.equal(slow.find('HorizontalPodAutoscaler').spec.behavior.scaleDown.policies[0].periodSeconds, 920);
  // Kubernetes takes no longer period than this.
  const slowest = await render(cluster({}, { drain: { seconds: 7200 } }));
  assert.equal(slowest.find('HorizontalPodAutoscaler').spec.behavior.scaleDown.policies[0].periodSeconds, 1800);
});

test('a deployment that is scaled by another says nothing of its replicas', async () => {
  assert.equal((await render(cluster({}))).find('Deployment').spec.replicas, undefined);
  assert.equal((await render()).find('Deployment').spec.replicas, 1);
});
