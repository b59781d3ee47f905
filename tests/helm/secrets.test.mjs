// Where secrets come from, and that they come nowhere else; the NATS that they are for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caseNames, release, render } from './chart.mjs';

const text = (base64) => Buffer.from(base64, 'base64').toString();

test('a Secret that is there already is used, and the chart makes none', async () => {
  const rendered = await render({}, 'everything');
  assert.deepEqual(rendered.all('Secret'), []);
  const volume = rendered.pod.volumes.find((one) => one.name === 'secrets');
  assert.deepEqual(volume.secret, {
    secretName: 'sluice-secrets', defaultMode: 0o440,
    items: [{ key: 'callers', path: 'callers' }, { key: 'cluster-secret', path: 'cluster-secret' }],
  });
  assert.equal(rendered.option('callers'), '/etc/sluice/secrets/callers');
  assert.equal(rendered.option('secret-file'), '/etc/sluice/secrets/cluster-secret');
  assert.deepEqual(rendered.env('SLUICE_TOKEN_SECRET').valueFrom.secretKeyRef, { name: 'sluice-secrets', key: 'token-secret', optional: true });
});

test('without one the chart makes what is missing at random', async () => {
  const [a, b] = [await render({}, 'cluster'), await render({}, 'cluster')];
  const { data } = a.find('Secret');
  assert.match(text(data.callers), /^billing  publish /);
  assert.match(text(data['cluster-secret']), /^\w{48}$/);
  // A word that begins with a letter: NATS reads it as a text.
  assert.match(text(data['nats-password']), /^[a-z]\w{31}$/);
  assert.notEqual(data['cluster-secret'], b.find('Secret').data['cluster-secret']);
});

test('a node without secrets has no Secret', async () => {
  const rendered = await render();
  assert.deepEqual(rendered.all('Secret'), []);
  assert.equal(rendered.pod.volumes.length, 1);
});

test('no secret is in the file of options, in an argument, or in a variable\'s value', async () => {
  for (const name of caseNames) {
    const rendered = await render({}, name);
    assert.doesNotMatch(rendered.live, /password|token-secret|0123456789abcdef|what-clients/);
    const pods = [...rendered.all('Deployment'), ...rendered.all('StatefulSet')].map((object) => object.spec.template.spec);
    for (const container of pods.flatMap((pod) => pod.containers)) {
      for (const { name: variable, value } of container.env ?? []) assert.ok(!/SECRET|PASSWORD|TOKEN/.test(variable) || value === undefined, variable);
      assert.doesNotMatch(JSON.stringify(container.args), /0123456789abcdef|what-clients/);
    }
  }
});

test('callers\' credentials, client certificates and tokens open the control port', async () => {
  const rendered = await render({}, 'everything');
  assert.equal(rendered.option('grpc'), '[::]:8081');
  assert.equal(rendered.option('caller-tokens'), 'true');
  assert.equal(rendered.option('grpc-tls-cert'), '/etc/sluice/grpc-tls/tls.crt');
  assert.equal(rendered.option('grpc-client-ca'), '/etc/sluice/grpc-tls/ca.crt');
  assert.equal(rendered.option('insecure-control'), undefined);
});

test('nodes of one release are a cluster, those of another are not', async () => {
  const { option } = await render({}, 'cluster').then((one) => ({ option: (name) => one.option(name) }));
  assert.equal(option('broker'), 'nats');
  assert.equal(option('cluster-name'), `games-${release}-sluice`);
  assert.equal(option('nats-url'), `nats://${release}-sluice-nats:4222`);
  assert.equal(option('stream-replicas'), '3');
  assert.equal(option('stream-bytes-max'), '1GiB');
  assert.equal((await render({}, 'everything')).option('cluster-name'), 'chat');
  assert.equal((await render()).option('broker'), undefined);
});

test('a NATS that is there already gets what it asks for', async () => {
  const credentials = await render({}, 'everything');
  assert.deepEqual(credentials.option('nats-url'), ['tls://nats-0.nats.messaging:4222', 'tls://nats-1.nats.messaging:4222']);
  assert.equal(credentials.option('nats-credentials'), '/etc/sluice/nats/credentials');
  assert.equal(credentials.option('nats-ca'), '/etc/sluice/nats/ca.crt');
  assert.equal(credentials.option('nats-cert'), '/etc/sluice/nats/tls.crt');
  assert.equal(credentials.pod.volumes.find((one) => one.name === 'nats').secret.secretName, 'nats-account');
  assert.deepEqual(credentials.all('StatefulSet'), []);
  const password = await render({}, 'ingress');
  assert.deepEqual(password.env('SLUICE_NATS_USER').valueFrom.secretKeyRef, { name: 'nats-login', key: 'user' });
  assert.deepEqual(password.env('SLUICE_NATS_PASSWORD').valueFrom.secretKeyRef, { name: 'nats-login', key: 'password' });
});

test('an own NATS keeps its messages on a disk, and three of them find each other', async () => {
  const rendered = await render({}, 'cluster');
  const { spec } = rendered.find('StatefulSet', '-nats');
  assert.equal(spec.replicas, 3);
  assert.equal(spec.volumeClaimTemplates[0].spec.resources.requests.storage, '2Gi');
  const [{ args }] = spec.template.spec.containers;
  const peers = [0, 1, 2].map((n) => `nats://peer:$(NATS_PASSWORD)@chat-sluice-nats-${n}.chat-sluice-nats-peers:6222`);
  assert.deepEqual(args, ['--config=/etc/nats/nats.conf', `--routes=${peers}`]);
  const config = rendered.find('ConfigMap', '-nats').data['nats.conf'];
  assert.match(config, /max_file_store: 2GiB/);
  assert.match(config, /authorization: \{user: sluice, password: \$NATS_PASSWORD\}/);
  assert.equal(rendered.find('PodDisruptionBudget', '-nats').spec.maxUnavailable, 1);
});

test('an own NATS may forget with its pod', async () => {
  const values = { broker: 'nats', nats: { server: { enabled: true, storage: { persistent: false, size: '500Mi' } } } };
  const rendered = await render(values);
  const { spec } = rendered.find('StatefulSet', '-nats');
  assert.equal(spec.volumeClaimTemplates, undefined);
  assert.deepEqual(spec.template.spec.volumes.find((one) => one.name === 'data').emptyDir, { sizeLimit: '500Mi' });
  assert.deepEqual(spec.template.spec.containers[0].args, ['--config=/etc/nats/nats.conf']);
  assert.doesNotMatch(rendered.find('ConfigMap', '-nats').data['nats.conf'], /cluster:/);
});
