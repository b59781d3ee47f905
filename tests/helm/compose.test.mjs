// deploy/compose: the program, Prometheus and Grafana take what it gives them. tests/packages/compose_test.py runs it.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { folderOf, root } from './chart.mjs';

const program = process.env.SLUICE_BINARY;
const folder = path.join(root, 'deploy/compose');
const compose = parse(readFileSync(path.join(folder, 'compose.yaml'), 'utf8'), { merge: true });
const gateways = Object.entries(compose.services).filter(([, service]) => service.environment?.SLUICE_BROKER);

const check = (t, environment) => {
  const made = folderOf(t);
  const [secret, file] = ['secret', 'sluice.toml'].map((name) => path.join(made, name));
  writeFileSync(secret, 'a-secret-of-32-bytes-or-even-more');
  writeFileSync(file, '');
  // The image's own, besides.
  const env = { PATH: process.env.PATH, SLUICE_ADMIN: '[::]:8082', ...environment, SLUICE_SECRET_FILE: secret };
  return spawnSync(program, ['check', '--config', file], { encoding: 'utf8', env });
};

test('the program takes the options of each gateway, and would not take others', (t) => {
  assert.equal(gateways.length, 2);
  for (const [name, { environment }] of gateways) {
    assert.equal(environment.SLUICE_SECRET_FILE, '/run/secrets/cluster');
    assert.equal(environment.SLUICE_NODE_NAME, name);
    // A variable that it does not know would be told.
    const checked = check(t, environment);
    assert.deepEqual([checked.status, checked.stderr], [0, '']);
  }
  assert.notEqual(check(t, { ...gateways[0][1].environment, SLUICE_BROKER: 'natz' }).status, 0);
});

test('a gateway may drain before it is killed', () => {
  for (const [, service] of gateways) {
    assert.ok(parseInt(service.stop_grace_period) > Number(service.environment.SLUICE_DRAIN_SECONDS) + 5);
  }
});

test('the image is of the version that the program has, and every file is there', () => {
  const version = execFileSync(program, ['version'], { encoding: 'utf8' }).trim().split(' ').pop();
  const own = Object.values(compose.services).filter((service) => service.image.startsWith('sluice:'));
  assert.deepEqual(new Set(own.map((service) => service.image)), new Set([`sluice:${version}`]));
  const mounted = Object.values(compose.services).flatMap((service) => service.volumes ?? []).map((one) => one.split(':')[0]);
  const files = mounted.filter((one) => one.startsWith('.'));
  assert.ok(files.length >= 4);
  for (const file of files) assert.ok(existsSync(path.join(folder, file)), file);
  for (const name of mounted.filter((one) => !one.startsWith('.'))) assert.ok(name in compose.volumes, name);
});

test('Prometheus takes its configuration, and asks each gateway', (t) => {
  const made = folderOf(t);
  copyFileSync(path.join(folder, 'prometheus.yaml'), path.join(made, 'prometheus.yaml'));
  copyFileSync(path.join(root, 'deploy/prometheus/sluice.rules.yaml'), path.join(made, 'sluice.rules.yaml'));
  execFileSync('promtool', ['check', 'config', path.join(made, 'prometheus.yaml')], { encoding: 'utf8' });
  const { scrape_configs: jobs } = parse(readFileSync(path.join(folder, 'prometheus.yaml'), 'utf8'));
  assert.deepEqual(jobs[0].static_configs[0].targets, gateways.map(([name]) => `${name}:8082`));
});
