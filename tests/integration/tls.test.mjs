// TLS on client listeners: wss and https, names, versions, resumption, reload without dropping anybody.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import tls from 'node:tls';
import { chromium } from 'playwright-core';
import { makeCertificate, tlsFlags } from './certificates.mjs';
import { Raw, run, splitAddress, startGateway } from './harness.mjs';

async function start(t, names = ['a.example'], flags = []) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-tls-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const pairs = names.map((name) => makeCertificate(path.join(folder, name), { name }));
  const gateway = await startGateway(t, [
    ...['--listen-tls', '127.0.0.1:0', '--allowed-origins', '*'],
    ...pairs.flatMap(tlsFlags), ...flags,
  ]);
  const address = gateway.address('clients_tls');
  const [host, port] = splitAddress(address);
  return { gateway, folder, pairs, address, url: `wss://${address}/`, host, port };
}
const trusting = { rejectUnauthorized: false };

function handshake({ host, port }, options = {}) {
  return new Promise((resolve, reject) => {
    const socket = tls.connect({ host, port, ...trusting, ...options });
    // The ticket may come right behind the handshake: whoever wants it must have listened by then.
    socket.whenTicket = once(socket, 'session').then(([session]) => session);
    socket.whenTicket.catch(() => {});
    socket.on('secureConnect', () => resolve(socket)).on('error', reject);
  });
}
const nameOf = (socket) => socket.getPeerCertificate().subject.CN;

test('wss clients meet plain ones in a room, with messages of every size', async (t) => {
  const { gateway, url } = await start(t);
  const [plain, secure] = [await gateway.connect(), await gateway.connect('', { url, ...trusting })];
  const sent = ['hi', 'x'.repeat(20_000), 'y'.repeat(900_000), ''];
  for (const text of sent) {
    secure.send(text);
    await Promise.all([plain, secure].map((client) => client.until(() => client.messages.at(-1) === text, 'the message')));
  }
  assert.deepEqual(secure.messages, sent);
  await gateway.publish('from grpc');
  await secure.has('from grpc');
  assert.deepEqual(await secure.close(3001).then((closed) => closed.code), 3001);
  assert.equal(await gateway.metric('sluice_tls_handshakes_full_total'), 1);
  await gateway.untilMetric('sluice_tls_certificate_expires_timestamp_seconds', {}, (v) => v > Date.now() / 1000 + 20 * 86400);
});

test('errors on the TLS port are answered by https; plain HTTP to it gets a hint', async (t) => {
  const { host, port, address } = await start(t);
  const status = await new Promise((resolve, reject) =>
    https.get({ host, port, path: '/nothing', ...trusting }, (answer) => resolve(answer.resume().statusCode)).on('error', reject));
  assert.equal(status, 404);
  const raw = await Raw.open(address, t);
  raw.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await raw.untilEnd();
  assert.match(raw.received.toString(), /^HTTP\/1\.1 400 /);
});

test('a certificate is chosen by the name that the client asks for', async (t) => {
  const there = await start(t, ['a.example', 'b.example']);
  for (const [servername, expected] of [['a.example', 'a.example'], ['b.example', 'b.example'], ['c.example', 'a.example']]) {
    const socket = await handshake(there, { servername });
    assert.equal(nameOf(socket), expected);
    socket.destroy();
  }
});

test('versions, ALPN and resumption', async (t) => {
  const there = await start(t, ['a.example'], ['--tls-min-version', '1.3']);
  await assert.rejects(handshake(there, { maxVersion: 'TLSv1.2' }));
  const first = await handshake(there, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(first.alpnProtocol, 'http/1.1');
  await assert.rejects(handshake(there, { ALPNProtocols: ['h2'] }));
  const session = await first.whenTicket;
  first.destroy();
  const second = await handshake(there, { session });
  assert.equal(second.isSessionReused(), true);
  second.destroy();
});

test('certificates are reloaded when their symlink is swapped, and nobody is dropped', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-secret-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // As Kubernetes lays out a secret: files are links through ..data, which is swapped whole.
  makeCertificate(path.join(folder, '..one'), { name: 'one.example' });
  makeCertificate(path.join(folder, '..two'), { name: 'two.example' });
  symlinkSync('..one', path.join(folder, '..data'));
  for (const file of ['tls.crt', 'tls.key']) symlinkSync(path.join('..data', file), path.join(folder, file));
  const gateway = await startGateway(t, ['--listen-tls', '127.0.0.1:0', '--tls-cert', path.join(folder, 'tls.crt'), '--tls-key', path.join(folder, 'tls.key')]);
  const [host, port] = splitAddress(gateway.address('clients_tls'));
  const client = await gateway.connect('', { url: `wss://${host}:${port}/`, ...trusting });
  symlinkSync('..two', path.join(folder, '..next'));
  renameSync(path.join(folder, '..next'), path.join(folder, '..data'));
  await gateway.until(() => gateway.logged('tls_reloaded'), 'the reload');
  const socket = await handshake({ host, port });
  assert.equal(nameOf(socket), 'two.example');
  socket.destroy();
  // What cannot be loaded is refused whole, also at SIGHUP.
  writeFileSync(path.join(folder, '..two', 'tls.key'), 'nonsense');
  gateway.signal('SIGHUP');
  await gateway.until(() => gateway.logged('tls_reload_refused'), 'the refusal');
  const again = await handshake({ host, port });
  assert.equal(nameOf(again), 'two.example');
  again.destroy();
  await gateway.publish('still here');
  await client.has('still here');
});

test('a client over TLS that does not read is closed, and others do not notice', async (t) => {
  const { gateway, url, host, port } = await start(t, ['a.example'], ['--outbox-bytes-max', '64KiB', '--socket-send-bytes-max', '4608']);
  const socket = await handshake({ host, port });
  socket.write('GET /?room=slow HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n');
  await new Promise((resolve) => socket.once('data', resolve));
  socket.pause();
  socket.on('error', () => {});
  t.after(() => socket.destroy());
  const healthy = await gateway.connect('?room=lobby', { url, ...trusting });
  for (let at = 0; at < 400; ++at) await gateway.publish('x'.repeat(16_000), { rooms: ['slow'] });
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'slow_client' }, (v) => v === 1);
  await gateway.publish('healthy');
  await healthy.has('healthy');
});

test('a page in Chromium talks over wss', async (t) => {
  const { gateway, url } = await start(t);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', '--ignore-certificate-errors'],
  });
  t.after(() => browser.close());
  const page = await (await browser.newContext({ ignoreHTTPSErrors: true })).newPage();
  const client = await gateway.connect();
  const seen = page.evaluate((target) => new Promise((resolve, reject) => {
    const socket = new WebSocket(target);
    socket.onopen = () => socket.send('from the page');
    socket.onerror = () => reject(new Error('failed'));
    const messages = [];
    socket.onmessage = (event) => messages.push(event.data) === 2 && resolve(messages);
  }), url);
  await client.has('from the page');
  client.send('to the page');
  assert.deepEqual(await seen, ['from the page', 'to the page']);
});

test('mistakes with certificates are named before anything starts', async (t) => {
  const { pairs } = await start(t, ['a.example', 'b.example']);
  const serve = (...flags) => run(['serve', '--listen', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...flags]);
  const wrong = [
    [['--listen-tls', '127.0.0.1:0'], 2, /--tls-cert/],
    [['--tls-cert', pairs[0].cert, '--tls-key', pairs[0].key], 2, /--listen-tls/],
    [['--listen-tls', '127.0.0.1:0', '--tls-cert', pairs[0].cert], 2, /--tls-key/],
    [['--listen-tls', '127.0.0.1:0', '--tls-cert', pairs[0].cert, '--tls-key', pairs[1].key], 1, /--tls-key: .* is not the key of /],
    [['--listen-tls', '127.0.0.1:0', '--tls-cert', '/nowhere.pem', '--tls-key', pairs[1].key], 1, /--tls-cert: \/nowhere\.pem: cannot be read: No such file/],
    [['--listen-tls', '0.0.0.0:0', '--client-messages', 'relay', '--tls-cert', pairs[0].cert, '--tls-key', pairs[0].key], 2, /--allow-anonymous/],
  ];
  for (const [flags, code, what] of wrong) {
    const ended = await serve(...flags);
    assert.equal(ended.code, code, `${flags}: ${ended.stderr}`);
    assert.match(ended.stderr, what);
  }
});

