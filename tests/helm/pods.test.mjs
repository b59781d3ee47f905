// The gateway's pod: how it leaves, what it may do, what it is given.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caseNames, render } from './chart.mjs';

test('the grace period of a pod is the delay, the drain and 15 seconds, from the two values that the gateway has', async () => {
  const usual = await render();
  assert.deepEqual([usual.option('drain-delay-seconds'), usual.option('drain-seconds')], ['10', '60']);
  assert.equal(usual.pod.terminationGracePeriodSeconds, 85);
  const slow = await render({ drain: { delaySeconds: 20, seconds: 600 } });
  assert.deepEqual([slow.option('drain-delay-seconds'), slow.option('drain-seconds')], ['20', '600']);
  assert.equal(slow.pod.terminationGracePeriodSeconds, 635);
  assert.equal((await render({ drain: { delaySeconds: 0.5, seconds: 1 } })).pod.terminationGracePeriodSeconds, 17);
});

test('no pod sleeps before it stops', async () => {
  for (const name of caseNames) {
    const { pod } = await render({}, name);
    for (const container of pod.containers) assert.equal(container.lifecycle, undefined);
  }
});

test('readiness fails before the drain\'s delay is over', async () => {
  const { container, option } = await render();
  const { periodSeconds, failureThreshold, timeoutSeconds } = container.readinessProbe;
  assert.ok(periodSeconds * failureThreshold + timeoutSeconds <= 10, option);
});

test('a pod has a startup, a readiness and a liveness probe, each of its own kind', async () => {
  const { container } = await render({ probes: { liveness: { periodSeconds: 20 } } });
  const asked = (probe) => [probe.httpGet.path, probe.httpGet.port];
  assert.deepEqual(asked(container.startupProbe), ['/healthz', 'admin']);
  assert.deepEqual(asked(container.readinessProbe), ['/readyz', 'admin']);
  assert.deepEqual(asked(container.livenessProbe), ['/healthz', 'admin']);
  assert.equal(container.livenessProbe.periodSeconds, 20);
});

test('every container of every case is not root, has a read-only root, no capability, and the runtime\'s seccomp profile', async () => {
  for (const name of caseNames) {
    const rendered = await render({}, name);
    const pods = [...rendered.all('Deployment'), ...rendered.all('StatefulSet')].map((object) => object.spec.template.spec);
    for (const pod of [...pods, ...rendered.all('Pod').map((object) => object.spec)]) {
      assert.equal(pod.securityContext.runAsNonRoot, true);
      assert.ok(pod.securityContext.runAsUser > 0);
      assert.deepEqual(pod.securityContext.seccompProfile, { type: 'RuntimeDefault' });
      assert.equal(pod.automountServiceAccountToken, false);
      assert.equal(pod.securityContext.sysctls, undefined);
      assert.ok(!pod.hostNetwork && !pod.hostPID && !pod.hostIPC);
      for (const { securityContext, resources } of pod.containers) {
        assert.equal(securityContext.allowPrivilegeEscalation, false);
        assert.equal(securityContext.readOnlyRootFilesystem, true);
        assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] });
        assert.ok(resources.requests.cpu && resources.requests.memory && resources.limits.memory);
      }
    }
  }
});

test('no variables of Kubernetes\' own are taken for options', async () => {
  const { pod } = await render();
  assert.equal(pod.enableServiceLinks, false);
});

test('what queues may hold fits into the memory limit', async () => {
  const rendered = await render();
  const mebibytes = (text) => Number(/^(\d+)(Mi|Gi)/.exec(text)[1]) * (text.includes('Gi') ? 1024 : 1);
  const limit = mebibytes(rendered.container.resources.limits.memory);
  // History, mailboxes of two workers, backends, idempotency keys: 64 MiB each by default.
  const queues = mebibytes(rendered.option('queued-bytes-max')) + 64 * (1 + Number(rendered.option('workers')) + 1 + 1);
  assert.ok(queues < limit * 0.75, `${queues} of ${limit} MiB`);
});

test('replicas are spread over machines and zones, each version by itself', async () => {
  const { pod } = await render({}, 'cluster');
  assert.deepEqual(pod.topologySpreadConstraints.map((one) => one.topologyKey), ['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
  for (const { labelSelector, matchLabelKeys } of pod.topologySpreadConstraints) {
    assert.equal(labelSelector.matchLabels['app.kubernetes.io/component'], 'gateway');
    assert.deepEqual(matchLabelKeys, ['pod-template-hash']);
  }
  assert.equal((await render({ topologySpreadConstraints: [] })).pod.topologySpreadConstraints, undefined);
});

test('a new pod comes before an old one leaves, and one at a time', async () => {
  const { strategy } = (await render({}, 'cluster')).find('Deployment').spec;
  assert.deepEqual(strategy, { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } });
  const other = (await render({ strategy: { type: 'Recreate' } })).find('Deployment').spec.strategy;
  assert.deepEqual(other, { type: 'Recreate' }, 'Kubernetes takes no rollingUpdate beside it');
});

test('changed options make new pods and leave the file of the old ones alone; live ones change the file and nothing else', async () => {
  const [usual, other, live] = [await render(), await render({ options: { 'history-messages': 7 } }), await render({ live: { 'log-level': 'debug' } })];
  assert.equal(other.option('history-messages'), '7');
  assert.equal(other.live, usual.live);
  assert.deepEqual(other.find('Deployment').spec.selector, usual.find('Deployment').spec.selector);
  assert.equal(live.live.trim(), 'log-level = "debug"');
  assert.deepEqual(live.find('Deployment'), usual.find('Deployment'));
});

test('the selectors of a release find its gateways and nothing else', async () => {
  const rendered = await render({}, 'cluster');
  const { matchLabels } = rendered.find('Deployment').spec.selector;
  const fits = (labels) => Object.entries(matchLabels).every(([key, value]) => labels[key] === value);
  assert.ok(fits(rendered.find('Deployment').spec.template.metadata.labels));
  assert.ok(!fits(rendered.find('StatefulSet', '-nats').spec.template.metadata.labels));
  assert.ok(!fits(rendered.find('Pod', '-test').metadata.labels));
});

test('what a large installation adds to its pods is there', async () => {
  const rendered = await render({}, 'everything');
  const { pod, container } = rendered;
  assert.match(container.image, /^registry\.example\.org\/sluice@sha256:9f86/);
  assert.deepEqual(pod.imagePullSecrets, [{ name: 'registry' }]);
  assert.deepEqual(rendered.env('SLUICE_AUDIT_LOG'), { name: 'SLUICE_AUDIT_LOG', value: 'all' });
  assert.ok(container.volumeMounts.some((mount) => mount.mountPath === '/etc/sluice/keys'));
  assert.ok(pod.volumes.some((volume) => volume.configMap?.name === 'token-keys'));
  assert.equal(rendered.find('Deployment').spec.template.metadata.labels.team, 'realtime');
  assert.equal(pod.serviceAccountName, 'sluice-gateway');
  assert.equal(pod.priorityClassName, 'important');
  assert.deepEqual(pod.tolerations, [{ key: 'realtime', operator: 'Exists' }]);
});

test('files that may change while a pod runs are mounted as whole folders', async () => {
  for (const name of caseNames) {
    const { container } = await render({}, name);
    assert.deepEqual(container.volumeMounts.filter((mount) => mount.subPath || mount.subPathExpr), []);
  }
});
