// The real API server takes every manifest, field by field.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { caseNames, objectsIn, render, root } from '../helm/chart.mjs';
import { openNamespace } from './kubernetes.mjs';

// Has the server go through with it but for keeping it; gives the kinds that it took.
async function taken(space, objects) {
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const printed = await space.kubectl(['apply', '--server-side', '--dry-run=server', '--validate=strict', '--output', 'json', '--filename', '-'], list);
  return JSON.parse(printed).items.map((object) => object.kind);
}
const kinds = (objects) => objects.map((object) => object.kind);

for (const name of caseNames) {
  test(`the API server takes all that the chart makes of its case ${name}`, async (t) => {
    const { objects } = await render({}, name);
    assert.deepEqual(await taken(await openNamespace(t), objects), kinds(objects));
  });
}

for (const name of ['one-node', 'cluster', 'monitoring']) {
  test(`the API server takes the plain manifest ${name}`, async (t) => {
    const objects = objectsIn(readFileSync(path.join(root, `deploy/kubernetes/${name}.yaml`), 'utf8'));
    assert.deepEqual(await taken(await openNamespace(t), objects), kinds(objects));
  });
}

test('among them are all the kinds that the chart can make, those of others included', async () => {
  const made = new Set();
  for (const name of caseNames) for (const kind of kinds((await render({}, name)).objects)) made.add(kind);
  assert.deepEqual([...made].sort(), [
    'ConfigMap', 'Deployment', 'HTTPRoute', 'HorizontalPodAutoscaler', 'Ingress', 'NetworkPolicy', 'Pod', 'PodDisruptionBudget',
    'PrometheusRule', 'ScaledObject', 'Secret', 'Service', 'ServiceAccount', 'ServiceMonitor', 'StatefulSet',
  ]);
});

test('a field that does not exist is refused, in our kinds and in those of others', async (t) => {
  const space = await openNamespace(t);
  const rendered = await render({}, 'everything');
  for (const kind of ['Deployment', 'NetworkPolicy', 'ScaledObject', 'HTTPRoute', 'ServiceMonitor']) {
    const object = structuredClone(rendered.find(kind));
    object.spec.notThere = true;
    await assert.rejects(taken(space, [object]), /notThere/, kind);
  }
});
