// Who reaches what: Services, network policies, and what stands in front.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { caseNames, release, render } from './chart.mjs';

const ports = (service) => service.spec.ports.map(({ name, port, protocol = 'TCP' }) => `${name} ${port} ${protocol}`);

test('clients, callers and Prometheus have Services of their own', async () => {
  const rendered = await render({}, 'cluster');
  assert.deepEqual(ports(rendered.find('Service')), ['http 8080 TCP']);
  assert.deepEqual(ports(rendered.find('Service', '-control')), ['grpc 8081 TCP']);
  assert.deepEqual(ports(rendered.find('Service', '-metrics')), ['admin 8082 TCP']);
});

test('backends and Prometheus find each node, also one that drains', async () => {
  const rendered = await render({}, 'cluster');
  for (const suffix of ['-control-nodes', '-metrics']) {
    const { spec } = rendered.find('Service', suffix);
    assert.equal(spec.clusterIP, 'None');
    assert.equal(spec.publishNotReadyAddresses, true);
  }
  assert.equal(rendered.find('Service').spec.publishNotReadyAddresses, undefined);
});

test('without control there is no Service for it, and gRPC stays on the pod\'s loopback', async () => {
  const rendered = await render();
  assert.equal(rendered.find('Service', '-control'), undefined);
  assert.equal(rendered.option('grpc'), undefined);
  assert.ok(!rendered.container.ports.some((port) => port.name === 'grpc'));
});

test('each wire that has a port has it in the options, the pod, the Service and the network policy', async () => {
  const rendered = await render({}, 'everything');
  const wanted = ['http 8080 TCP', 'https 8443 TCP', 'tcp 8090 TCP', 'tcp-tls 8453 TCP', 'udp 8091 UDP'];
  assert.deepEqual(ports(rendered.find('Service')), wanted);
  const inPod = rendered.container.ports.map(({ name, containerPort, protocol }) => `${name} ${containerPort} ${protocol}`);
  assert.deepEqual(inPod.sort(), [...wanted, 'grpc 8081 TCP', 'admin 8082 TCP'].sort());
  assert.equal(rendered.option('listen'), '[::]:8080');
  assert.equal(rendered.option('listen-tls'), '[::]:8443');
  assert.equal(rendered.option('listen-tcp'), '[::]:8090');
  assert.equal(rendered.option('listen-tcp-tls'), '[::]:8453');
  assert.equal(rendered.option('listen-udp'), '[::]:8091');
  const [clients] = rendered.find('NetworkPolicy').spec.ingress;
  assert.deepEqual(clients.ports.map((one) => one.port), ['http', 'https', 'tcp', 'tcp-tls', 'udp']);
});

test('every Service finds a port of the pods that it selects, by name', async () => {
  for (const name of caseNames) {
    const rendered = await render({}, name);
    const pods = [...rendered.all('Deployment'), ...rendered.all('StatefulSet')].map((object) => object.spec.template);
    for (const { spec, metadata } of rendered.all('Service')) {
      const selected = pods.filter((pod) => Object.entries(spec.selector).every(([key, value]) => pod.metadata.labels[key] === value));
      assert.equal(selected.length, 1, metadata.name);
      const named = selected[0].spec.containers.flatMap((container) => container.ports.map((port) => port.name));
      for (const { targetPort } of spec.ports) assert.ok(named.includes(targetPort), `${metadata.name}: ${targetPort}`);
    }
  }
});

test('a policy lets clients in from anywhere, callers from the namespace, Prometheus from the cluster', async () => {
  const { spec } = (await render({}, 'cluster')).find('NetworkPolicy');
  const [clients, control, admin] = spec.ingress;
  assert.equal(clients.from, undefined);
  assert.deepEqual([control.ports, control.from], [[{ port: 'grpc' }], [{ podSelector: {} }]]);
  assert.deepEqual([admin.ports, admin.from], [[{ port: 'admin' }], [{ namespaceSelector: {} }]]);
  assert.deepEqual(spec.policyTypes, ['Ingress', 'Egress']);
});

test('a gateway reaches names, its NATS, and what it is told, and nothing else', async () => {
  const own = (await render({}, 'cluster')).find('NetworkPolicy').spec.egress;
  assert.equal(own.length, 2);
  assert.deepEqual(own[0].ports.map((one) => `${one.port} ${one.protocol}`), ['53 UDP', '53 TCP']);
  assert.equal(own[1].to[0].podSelector.matchLabels['app.kubernetes.io/component'], 'broker');
  const foreign = (await render({}, 'everything')).find('NetworkPolicy').spec.egress;
  assert.deepEqual(foreign.slice(1), [{ ports: [{ port: 4222 }] }, { ports: [{ port: 443 }] }]);
  const unsaid = (await render({}, 'ingress')).find('NetworkPolicy').spec.egress;
  assert.deepEqual(unsaid[1].ports, [{ port: 4222 }], 'the port that a URL has if it names none');
});

test('an own NATS is reached by the gateways of its release and by its peers alone', async () => {
  const { spec } = (await render({}, 'cluster')).find('NetworkPolicy', '-nats');
  const from = spec.ingress.map((rule) => [rule.ports[0].port, rule.from[0].podSelector.matchLabels['app.kubernetes.io/component']]);
  assert.deepEqual(from, [['nats', 'gateway'], ['peers', 'broker']]);
});

test('an ingress says by its controller\'s annotations how long a connection may be silent', async () => {
  const ingress = async (values) => (await render({ ingress: { enabled: true, hosts: ['a.example'], ...values } })).find('Ingress');
  const nginx = (await ingress({})).metadata.annotations;
  assert.equal(nginx['nginx.ingress.kubernetes.io/proxy-read-timeout'], '3600');
  assert.equal(nginx['nginx.ingress.kubernetes.io/proxy-send-timeout'], '3600');
  assert.equal(nginx['nginx.ingress.kubernetes.io/proxy-buffering'], 'off');
  const haproxy = (await ingress({ controller: 'haproxy', idleSeconds: 7200 })).metadata.annotations;
  assert.deepEqual(haproxy, { 'haproxy-ingress.github.io/timeout-server': '7200s', 'haproxy-ingress.github.io/timeout-tunnel': '7200s' });
  const alb = (await ingress({ controller: 'alb', idleSeconds: 7200 })).metadata.annotations;
  assert.equal(alb['alb.ingress.kubernetes.io/load-balancer-attributes'], 'idle_timeout.timeout_seconds=4000', 'the most that AWS takes');
  assert.equal((await ingress({ controller: 'none' })).metadata.annotations, undefined);
  const own = (await ingress({ annotations: { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '60' } })).metadata.annotations;
  assert.equal(own['nginx.ingress.kubernetes.io/proxy-read-timeout'], '60', 'what is said by hand wins');
});

test('an ingress leads to the clients\' port', async () => {
  const { spec } = (await render({}, 'ingress')).find('Ingress');
  assert.equal(spec.ingressClassName, 'nginx');
  assert.deepEqual(spec.tls, [{ secretName: 'chat-tls', hosts: ['chat.example.org'] }]);
  const [{ host, http }] = spec.rules;
  assert.equal(host, 'chat.example.org');
  assert.deepEqual(http.paths, [{ path: '/', pathType: 'Prefix', backend: { service: { name: `${release}-sluice`, port: { name: 'http' } } } }]);
});

test('a route has no limit on how long a request, which is a connection, may last', async () => {
  const { spec } = (await render({}, 'everything')).find('HTTPRoute');
  assert.deepEqual(spec.parentRefs, [{ name: 'public', namespace: 'gateways', sectionName: 'https' }]);
  assert.deepEqual(spec.hostnames, ['chat.example.org']);
  assert.deepEqual(spec.rules[0].timeouts, { request: '0s', backendRequest: '0s' });
  assert.deepEqual(spec.rules[0].backendRefs, [{ name: `${release}-sluice`, port: 8080 }]);
});

test('a load balancer keeps clients\' addresses if it is told to', async () => {
  const { spec, metadata } = (await render({}, 'everything')).find('Service');
  assert.equal(spec.type, 'LoadBalancer');
  assert.equal(spec.externalTrafficPolicy, 'Local');
  assert.deepEqual(spec.loadBalancerSourceRanges, ['203.0.113.0/24']);
  assert.equal(metadata.annotations['service.beta.kubernetes.io/aws-load-balancer-type'], 'nlb');
});
