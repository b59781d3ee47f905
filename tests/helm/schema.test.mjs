// What the schema of values refuses, in words that say what to do.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { chart, refusal, render } from './chart.mjs';

const values = parse(readFileSync(path.join(chart, 'values.yaml'), 'utf8'));
const schema = JSON.parse(readFileSync(path.join(chart, 'values.schema.json'), 'utf8'));
const nats = { broker: 'nats', nats: { server: { enabled: true } } };

test('more than one node with the embedded broker is refused, however it comes about', async () => {
  assert.match(await refusal({ replicas: 2 }), /replicas does not match: "1, as broker is embedded; more need broker: nats"/);
  assert.match(await refusal({ autoscaling: { enabled: true } }), /autoscaling\.enabled does not match: "false, as broker is embedded/);
  assert.equal((await render({ replicas: 3, ...nats })).find('Deployment').spec.replicas, 3);
});

test('a cluster without a NATS is refused, and so is one with two of them', async () => {
  assert.match(await refusal({ broker: 'nats' }), /nats\.urls does not match: "a URL at least, or nats\.server\.enabled: true/);
  assert.match(await refusal({ broker: 'nats', nats: { urls: ['nats://a'], server: { enabled: true } } }), /"none, as nats\.server\.enabled is true"/);
});

test('credentials for NATS belong into a Secret, not into its URL', async () => {
  assert.match(await refusal({ broker: 'nats', nats: { urls: ['nats://user:word@a:4222'] } }), /nats\.urls\.0: Does not match pattern/);
  assert.match(await refusal({ broker: 'nats', nats: { urls: ['nats://a'], auth: 'token' } }), /the name of a Secret, as nats\.auth or nats\.tls need its keys/);
});

test('a stream on more servers than there are is refused', async () => {
  assert.match(await refusal({ broker: 'nats', nats: { streamReplicas: 3, server: { enabled: true } } }), /"1, as nats\.server\.replicas is 1"/);
});

test('the control port beyond the pod is refused without credentials', async () => {
  assert.match(await refusal({ control: { enabled: true } }), /false, unless there are credentials: secrets\.callers, existingSecret or control\.callerTokens/);
  const opened = await render({ control: { enabled: true, insecure: true } });
  assert.equal(opened.option('insecure-control'), 'true');
});

test('TLS without a certificate is refused', async () => {
  assert.match(await refusal({ clients: { ports: { https: 8443 } } }), /the name of a Secret, as clients\.ports\.https or tcpTls need a certificate/);
  assert.match(await refusal({ control: { tls: { clientCa: true } } }), /control\.tls\.clientCa needs its ca\.crt/);
});

test('an option that the chart sets is refused, with the value that sets it', async () => {
  assert.match(await refusal({ options: { 'drain-seconds': 5 } }), /options\.drain-seconds does not match: "drain\.seconds sets it, and the grace period"/);
  assert.match(await refusal({ options: { grpc: '[::]:8081' } }), /"control\.enabled and control\.port set it"/);
});

test('a value that does not exist is refused wherever it stands', async () => {
  assert.match(await refusal({ replica: 3 }), /Additional property replica is not allowed/);
  assert.match(await refusal({ drain: { delay: 3 } }), /drain: Additional property delay is not allowed/);
  assert.match(await refusal({ nats: { server: { storage: { class: 'x' } } } }), /Additional property class is not allowed/);
});

test('values of a wrong kind are refused', async () => {
  assert.match(await refusal({ drain: { seconds: '60s' } }), /drain\.seconds: Invalid type\. Expected: number, given: string/);
  assert.match(await refusal({ broker: 'redis' }), /broker must be one of the following: "embedded", "nats"/);
  assert.match(await refusal({ options: { listen: { a: 1 } } }), /options\.listen/);
  assert.match(await refusal({ secrets: { clusterSecret: 'too-short' } }), /secrets\.clusterSecret: Does not match pattern/);
});

test('unsafe sysctls are refused, safe ones are not', async () => {
  const sysctls = (name) => ({ podSecurityContext: { sysctls: [{ name, value: '1' }] } });
  assert.match(await refusal(sysctls('net.core.somaxconn')), /sysctls\.0\.name must be one of the following/);
  const { pod } = await render(sysctls('net.ipv4.tcp_syncookies'));
  assert.equal(pod.securityContext.sysctls.length, 1);
});

test('an ingress without a host, and a route without a gateway, are refused', async () => {
  assert.match(await refusal({ ingress: { enabled: true } }), /ingress\.hosts: Array must have at least 1 items/);
  assert.match(await refusal({ httpRoute: { enabled: true } }), /httpRoute\.parentRefs: Array must have at least 1 items/);
});

test('the schema knows every value that there is, and no other', () => {
  const missing = [];
  const compare = (have, described, where) => {
    if (described.additionalProperties !== false) return; // a map of the user's own
    const known = Object.keys(described.properties);
    for (const name of Object.keys(have)) {
      if (!known.includes(name)) missing.push(`${where}${name} is not in the schema`);
      else if (described.properties[name].properties && have[name] !== null) compare(have[name], described.properties[name], `${where}${name}.`);
    }
    for (const name of known) if (!(name in have) && name !== 'global') missing.push(`${where}${name} is not in values.yaml`);
  };
  compare(values, schema, '');
  assert.deepEqual(missing, []);
});

test('values that do not go together are refused by both their names', async () => {
  assert.match(await refusal({ clients: { ports: { http: 8082 } } }), /metrics\.port is 8082, as clients\.ports\.http is; ports that differ were expected/);
  assert.match(await refusal({ clients: { ports: { tcp: 8080 } } }), /clients\.ports\.tcp is 8080, as clients\.ports\.http is/);
  assert.match(await refusal({ strategy: { rollingUpdate: { maxSurge: '0%', maxUnavailable: 0 } } }), /maxSurge and maxUnavailable are both 0/);
  assert.match(await refusal({ ...nats, autoscaling: { enabled: true, minReplicas: 5, maxReplicas: 2 } }), /minReplicas is 5; at most maxReplicas, 2, was expected/);
  assert.match(await refusal({ existingSecret: 'mine', secrets: { tokenSecret: 'x'.repeat(40) } }), /secrets\.tokenSecret is set and so is existingSecret/);
});

test('what would keep pods from starting is refused', async () => {
  assert.match(await refusal({ drain: { delaySeconds: null } }), /delaySeconds/);
  assert.match(await refusal({ live: { 'log-level': 'loud' } }), /log-level/);
  assert.match(await refusal({ live: { workers: 3 } }), /workers/);
});
