// Files that change under a running gateway: read again without a signal, as a whole or not at all.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { makeCertificate } from './certificates.mjs';
import { eventually, splitAddress, startGateway } from './harness.mjs';

// A volume as the kubelet lays it out: files are links through ..data, which is swapped whole.
class Volume {
  #version = 0;

  constructor(t, files) {
    this.folder = mkdtempSync(path.join(tmpdir(), 'sluice-volume-'));
    t.after(() => rmSync(this.folder, { recursive: true, force: true }));
    this.update(files);
    for (const name of Object.keys(files)) symlinkSync(path.join('..data', name), this.file(name));
  }
  file(name) {
    return path.join(this.folder, name);
  }
  update(files) {
    const old = this.#version && `..version_${this.#version}`;
    const version = `..version_${++this.#version}`;
    mkdirSync(this.file(version));
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(this.folder, version, name), text);
    symlinkSync(version, this.file('..data_tmp'));
    renameSync(this.file('..data_tmp'), this.file('..data'));
    if (old) rmSync(this.file(old), { recursive: true });
  }
}

const count = (gateway, event, fields = {}) => gateway.log.filter((line) => line.event === event && Object.entries(fields).every(([k, v]) => line[k] === v)).length;

test('a swapped ConfigMap is read again, applied whole or refused whole, and metrics tell', async (t) => {
  const config = new Volume(t, { 'sluice.toml': 'log-level = "info"\n' });
  const gateway = await startGateway(t, ['--config', config.file('sluice.toml')]);
  const client = await gateway.connect('?room=lobby');
  assert.equal(await gateway.metric('sluice_reloads_total'), 0);

  config.update({ 'sluice.toml': 'log-level = "debug"\n' });
  await gateway.until(() => gateway.logged('reloaded'), 'the reload');
  assert.ok(gateway.logged('option_changed', { option: 'log-level', value: 'debug' }));
  await gateway.untilMetric('sluice_reloads_total', { outcome: 'taken' }, (value) => value === 1);

  config.update({ 'sluice.toml': 'log-level = "info"\nworkers = "many"\n' });
  await gateway.until(() => gateway.logged('reload_refused'), 'the refusal');
  assert.match(gateway.logged('reload_refused').problem, /sluice\.toml:2: workers: 'many' is not a whole number/);
  assert.equal(count(gateway, 'option_changed'), 1, 'what stands before the mistake is not applied either');
  await gateway.untilMetric('sluice_reloads_total', { outcome: 'refused' }, (value) => value === 1);
  await gateway.untilMetric('sluice_options_refused', {}, (value) => value === 1);
  await gateway.publish('still here');
  await client.has('still here');

  config.update({ 'sluice.toml': 'log-level = "warning"\n' });
  await gateway.untilMetric('sluice_reloads_total', { outcome: 'taken' }, (value) => value === 2);
  await gateway.untilMetric('sluice_options_refused', {}, (value) => value === 0);
});

test('a file that is edited in place, renamed over, or gone and back is read again', async (t) => {
  const config = new Volume(t, {});
  const file = config.file('plain.toml');
  writeFileSync(file, 'log-level = "info"\n');
  const gateway = await startGateway(t, ['--config', file]);
  const taken = (times) => gateway.until(() => count(gateway, 'reloaded') === times, `reload ${times}`);
  writeFileSync(file, 'log-level = "debug"\n');
  await taken(1);
  writeFileSync(`${file}.next`, 'log-level = "trace"\n');
  renameSync(`${file}.next`, file);
  await taken(2);
  rmSync(file);
  await gateway.until(() => gateway.logged('reload_refused'), 'the refusal');
  assert.match(gateway.logged('reload_refused').problem, /plain\.toml: cannot be read/);
  writeFileSync(file, 'log-level = "info"\n');
  await taken(3);
});

test('--watch-files=false leaves all files alone until SIGHUP', async (t) => {
  const secret = new Volume(t, pair('one.example'));
  const config = secret.file('sluice.toml');
  writeFileSync(config, 'log-level = "info"\n');
  const gateway = await startGateway(t, ['--watch-files=false', '--config', config, ...tlsFlags(secret)]);
  const other = await startGateway(t, ['--config', config, ...tlsFlags(secret)]);
  secret.update(pair('two.example'));
  writeFileSync(config, 'log-level = "debug"\n');
  await other.until(() => other.logged('reloaded') && other.logged('tls_reloaded'), 'one that watches to have read them');
  assert.equal(gateway.logged('reloaded'), undefined);
  assert.equal(gateway.logged('tls_reloaded'), undefined);
  gateway.signal('SIGHUP');
  await gateway.until(() => gateway.logged('reloaded') && gateway.logged('tls_reloaded'), 'both to be read');
  assert.equal(await nameAt(gateway.address('clients_tls')), 'two.example');
});

// A certificate and its key as files of a Secret.
function pair(name, days = 30) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-pair-'));
  const { cert, key } = makeCertificate(folder, { name, days });
  const files = { 'tls.crt': readFileSync(cert, 'utf8'), 'tls.key': readFileSync(key, 'utf8') };
  rmSync(folder, { recursive: true });
  return files;
}
const tlsFlags = (volume) => ['--listen-tls', '127.0.0.1:0', '--tls-cert', volume.file('tls.crt'), '--tls-key', volume.file('tls.key')];

// The name on the certificate that is shown at `address`, or why there is none.
function nameAt(address) {
  const [host, port] = splitAddress(address);
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false, ALPNProtocols: ['h2', 'http/1.1'] });
    socket.once('secureConnect', () => {
      resolve(socket.getPeerCertificate().subject.CN);
      socket.destroy();
    });
    socket.once('error', (error) => resolve(error.message));
  });
}

test('a swapped Secret changes the certificates of clients and of gRPC; one that is wrong changes neither', async (t) => {
  const secret = new Volume(t, pair('one.example', 30));
  const gateway = await startGateway(t, [...tlsFlags(secret), '--grpc-tls-cert', secret.file('tls.crt'), '--grpc-tls-key', secret.file('tls.key')]);
  const names = async () => [await nameAt(gateway.address('clients_tls')), await nameAt(gateway.address('grpc'))];
  assert.deepEqual(await names(), ['one.example', 'one.example']);
  const daysLeft = async (what) => ((await gateway.metric(`sluice_${what}_certificate_expires_timestamp_seconds`)) - Date.now() / 1000) / 86_400;
  assert.ok(Math.abs((await daysLeft('grpc')) - 30) < 1);

  secret.update(pair('two.example', 60));
  await gateway.until(() => gateway.logged('tls_reloaded') && gateway.logged('grpc_tls_reloaded'), 'both to be read again');
  // gRPC looks by itself once a second.
  await eventually(async () => (await names()).join() === 'two.example,two.example', 'the new certificate at both ports');
  for (const what of ['tls', 'grpc']) await eventually(async () => Math.abs((await daysLeft(what)) - 60) < 1, `the end of ${what}`);

  secret.update({ ...pair('three.example'), 'tls.key': pair('four.example')['tls.key'] });
  await gateway.until(() => gateway.logged('tls_reload_refused') && gateway.logged('grpc_tls_reload_refused'), 'both refusals');
  assert.match(gateway.logged('grpc_tls_reload_refused').why, /--grpc-tls-key: .*tls\.key: is not the key of .*tls\.crt/);
  secret.update({ 'tls.crt': 'nonsense', 'tls.key': 'nonsense' });
  await gateway.until(() => count(gateway, 'grpc_tls_reload_refused') === 2 && count(gateway, 'tls_reload_refused') === 2, 'both refusals again');
  // Longer than gRPC takes to look.
  secret.update(pair('five.example'));
  assert.match((await names()).join(), /^(two|five)\.example,(two|five)\.example$/);
  await eventually(async () => (await names()).join() === 'five.example,five.example', 'the good one at both ports');
});
