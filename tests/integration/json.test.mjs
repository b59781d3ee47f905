// The admin port: the calls as JSON, health, metrics.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { before, after, test } from 'node:test';
import { Raw, eventually, parseMetrics, splitAddress, startGateway } from './harness.mjs';

let gateway;
before(async () => {
  gateway = await startGateway(null, ['--namespace', '/chat', '--admin-hosts', 'gateway.internal']);
});
after(() => gateway.stop());

const publish = { target: { rooms: ['lobby'] }, payload: { text: 'hi' } };

// Like fetch, but with a Host of one's own.
function request(route, { method = 'POST', headers = {}, body = '' } = {}) {
  const [host, port] = splitAddress(gateway.address('admin'));
  return new Promise((resolve, reject) => {
    const call = http.request({ host, port, path: route, method, headers }, async (answer) => {
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      resolve({ status: answer.statusCode, headers: answer.headers, text: Buffer.concat(chunks).toString() });
    });
    call.on('error', reject);
    call.end(body);
  });
}
const json = { 'content-type': 'application/json' };

test('a call as JSON does what the gRPC call does', async () => {
  const client = await gateway.connect();
  const { status, body } = await gateway.json('Gateway/Publish', publish);
  assert.equal(status, 200);
  assert.match(body.receipt.position, /^[0-9a-f]{16}-\d+$/);
  assert.equal(body.receipt.matched, 1);
  await client.has('hi');
  const { body: node } = await gateway.json('Nodes/GetNode', {});
  assert.equal(node.node.ready, true);
  const { body: list } = await gateway.json('Gateway/ListConnections', { room: 'lobby' });
  assert.equal(list.connections[0].protocol, 'PROTOCOL_WEBSOCKET');
  client.terminate();
});

for (const [what, method, body, headers, status, code] of [
  ['an unknown method', 'Gateway/Nothing', {}, {}, 404, 'unimplemented'],
  ['another content type', 'Gateway/Publish', publish, { 'content-type': 'text/plain' }, 415, undefined],
  ['JSON that is none', 'Gateway/Publish', '{"target":', {}, 400, 'invalid_argument'],
  ['an unknown field', 'Gateway/Publish', { ...publish, nonsense: 1 }, {}, 400, 'invalid_argument'],
  ['an invalid request', 'Gateway/Publish', { target: {}, payload: { text: 'x' } }, {}, 400, 'invalid_argument'],
  ['an unknown namespace', 'Gateway/Publish', { target: { namespace: '/none', everyone: true }, payload: { text: 'x' } }, {}, 404, 'not_found'],
  ['a connection that is gone', 'Gateway/GetConnection', { id: '00000001-0-0-1' }, {}, 404, 'not_found'],
]) {
  test(`${what} is answered with ${status}`, async () => {
    const answer = await request(`/sluice.v1.${method}`, { headers: { ...json, ...headers }, body: typeof body === 'string' ? body : JSON.stringify(body) });
    assert.equal(answer.status, status, answer.text);
    if (code) {
      const error = JSON.parse(answer.text);
      assert.equal(error.code, code);
      assert.ok(error.message.length > 5, error.message);
    }
  });
}

test('a call by GET is answered with 405', async () => {
  assert.equal((await request('/sluice.v1.Gateway/Publish', { method: 'GET', headers: json })).status, 405);
});

test('a page must not drive the port: Host is checked against a list', async () => {
  const call = (host) => request('/sluice.v1.Nodes/GetNode', { headers: { ...json, host }, body: '{}' });
  for (const host of ['localhost:1', '127.0.0.1', '[::1]:8082', 'gateway.internal', 'gateway.internal:80']) {
    assert.equal((await call(host)).status, 200, host);
  }
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']) {
    assert.equal((await call(host)).status, 403, host);
  }
});

test('health and readiness', async () => {
  assert.equal((await gateway.admin('/healthz')).status, 200);
  assert.equal((await gateway.admin('/readyz')).status, 200);
  assert.equal((await request('/healthz', { method: 'HEAD' })).status, 200);
  assert.equal((await gateway.admin('/nothing')).status, 404);
});

test('malformed HTTP on the admin port gets an answer and closes', async (t) => {
  const raw = await Raw.open(gateway.address('admin'), t);
  raw.write('NONSENSE\r\n\r\n');
  await raw.untilEnd();
  assert.match(raw.received.toString(), /^HTTP\/1\.1 400 /);
});

test('metrics pass promtool and have no label that Kubernetes claims', async () => {
  const { text, headers } = await gateway.admin('/metrics');
  assert.match(headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
  const promtool = spawn('promtool', ['check', 'metrics']);
  let output = '';
  for (const stream of [promtool.stdout, promtool.stderr]) stream.on('data', (data) => (output += data));
  promtool.stdin.end(text);
  const [code] = await once(promtool, 'close');
  assert.equal(code, 0, output);
  for (const { name, labels } of parseMetrics(text)) {
    for (const label of ['namespace', 'node', 'pod', 'job', 'instance']) assert.ok(!(label in labels), `${name}{${label}}`);
  }
});

test('every series is there from zero, before anything has happened', async (t) => {
  const fresh = await startGateway(t);
  const series = parseMetrics((await fresh.admin('/metrics')).text);
  const value = (name, labels = {}) =>
    series.find((one) => one.name === name && Object.entries(labels).every(([label, v]) => one.labels[label] === v))?.value;
  for (const [name, labels] of [
    ['sluice_connections', { protocol: 'websocket', worker: '0' }],
    ['sluice_connections', { protocol: 'websocket', worker: '1' }],
    ['sluice_connections_accepted_total', { protocol: 'websocket' }],
    ['sluice_connections_closed_total', { reason: 'slow_client' }],
    ['sluice_messages_received_total', {}],
    ['sluice_messages_sent_total', {}],
    ['sluice_payload_received_bytes_total', {}],
    ['sluice_wire_sent_bytes_total', {}],
    ['sluice_deliveries_total', {}],
    ['sluice_drops_total', { reason: 'outbox_full_newest' }],
    ['sluice_outbox_bytes', { worker: '0' }],
    ['sluice_outbox_age_seconds', {}],
    ['sluice_fan_out_seconds_bucket', { le: '+Inf' }],
    ['sluice_fan_out_seconds_count', {}],
    ['sluice_mailbox_wait_seconds_count', {}],
    ['sluice_history_messages', {}],
  ]) {
    assert.equal(value(name, labels), 0, `${name} ${JSON.stringify(labels)}`);
  }
  const grpcCalls = series.filter((one) => one.labels.method === 'Publish' || one.labels.method?.endsWith('/Publish'));
  assert.ok(grpcCalls.length > 0, 'gRPC calls are there by method');
  assert.ok(series.some((one) => one.name === 'process_resident_memory_bytes' && one.value > 1e6));
  assert.ok(series.some((one) => one.name === 'sluice_build_info' && one.value === 1));
});

test('metrics count what happens', async (t) => {
  const fresh = await startGateway(t);
  const [a, b] = [await fresh.connect(), await fresh.connect()];
  a.send('12345');
  await Promise.all([a.count(1), b.count(1)]);
  await fresh.untilMetric('sluice_messages_sent_total', {}, (v) => v === 2);
  assert.equal(await fresh.metric('sluice_connections', { protocol: 'websocket' }), 2);
  assert.equal(await fresh.metric('sluice_messages_received_total'), 1);
  assert.equal(await fresh.metric('sluice_payload_received_bytes_total'), 5);
  assert.equal(await fresh.metric('sluice_payload_sent_bytes_total'), 10);
  assert.equal(await fresh.metric('sluice_deliveries_total'), 2);
  await fresh.untilMetric('sluice_fan_out_seconds_count', {}, (v) => v >= 1);
  await a.close();
  b.terminate();
  await fresh.untilMetric('sluice_connections', { protocol: 'websocket' }, (v) => v === 0);
  assert.equal(await fresh.metric('sluice_connections_closed_total', { reason: 'client_closed' }), 1);
  assert.equal(await fresh.metric('sluice_connections_closed_total', { reason: 'client_vanished' }), 1);
});

test('the real Prometheus scrapes it', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-prometheus-'));
  writeFileSync(
    path.join(folder, 'prometheus.yml'),
    `global: {scrape_interval: 1s}\nscrape_configs: [{job_name: sluice, static_configs: [{targets: ['${gateway.address('admin')}']}]}]\n`,
  );
  const prometheus = spawn('prometheus', [
    `--config.file=${folder}/prometheus.yml`, `--storage.tsdb.path=${folder}/data`, '--web.listen-address=127.0.0.1:0',
  ]);
  t.after(async () => {
    prometheus.kill();
    if (prometheus.exitCode === null) await once(prometheus, 'close');
    rmSync(folder, { recursive: true, force: true });
  });
  let log = '';
  prometheus.stderr.on('data', (data) => (log += data));
  const address = await eventually(() => /msg="Listening on" address=(127\.0\.0\.1:\d+)/.exec(log)?.[1] ?? null, 'Prometheus to listen');
  await gateway.connect().then((client) => t.after(() => client.terminate()));
  const query = async (text) => (await (await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(text)}`)).json()).data.result;
  await eventually(async () => (await query('sum(sluice_connections{protocol="websocket"})').catch(() => []))[0]?.value[1] === '1', `the scraped value\n${log.slice(-500)}`);
  assert.equal((await query('up'))[0].value[1], '1');
});

test('all unary calls are there as JSON; streams are not', async () => {
  const client = await gateway.connect('?room=json&envelope=1');
  await client.count(1);
  const { id } = client.parsed[0];
  const call = async (method, body) => {
    const answer = await gateway.json(method, body);
    assert.equal(answer.status, 200, `${method}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const target = { rooms: ['json'] };
  const batch = await call('Gateway/PublishBatch', { messages: [{ target, payload: { binary: 'aGk=' } }, { target, payload: { json: '{"a":1}' } }] });
  assert.equal(batch.results.length, 2);
  await client.count(3);
  assert.deepEqual(client.parsed.slice(1).map((one) => one.data), ['aGk=', { a: 1 }]);
  assert.deepEqual(await call('Gateway/JoinRooms', { target, rooms: ['more'] }), { matched: 1, changed: 1, refused: 0, silentNodes: [] });
  assert.equal((await call('Gateway/LeaveRooms', { target, rooms: ['more'] })).changed, 1);
  assert.equal((await call('Gateway/GetConnection', { id })).connection.id, id);
  assert.ok((await call('Gateway/ListRooms', { prefix: 'js' })).rooms.some((room) => room.name === 'json'));
  assert.deepEqual((await call('Gateway/Presence', { room: 'json' })).members.map((one) => one.connection), [id]);
  assert.equal((await call('Nodes/ListNodes', {})).nodes.length, 1);
  const history = await call('Gateway/History', { room: 'json', newestFirst: true });
  assert.deepEqual(history.messages.map((one) => one.payload), [{ event: 'message', json: '{"a":1}', attachments: [] }, { event: 'message', binary: 'aGk=', attachments: [] }]);
  assert.equal((await call('Gateway/Disconnect', { target, closeCode: 4000, reason: 'bye' })).matched, 1);
  assert.deepEqual(await client.whenClosed(), { code: 4000, reason: 'bye' });
  for (const stream of ['Gateway/PublishStream', 'Nodes/Drain', 'Nodes/WatchNodes']) {
    const answer = await gateway.json(stream, {});
    assert.deepEqual([answer.status, answer.body.code], [501, 'unimplemented'], stream);
  }
  assert.equal((await gateway.admin('/readyz')).status, 200, 'nothing was drained');
});

test('an error as JSON has the same details as over gRPC', async () => {
  const { status, body } = await gateway.json('Gateway/Publish', { target: { rooms: ['a', ''] }, payload: { text: 'x' } });
  assert.deepEqual([status, body.code], [400, 'invalid_argument']);
  const [detail] = body.details;
  assert.equal(detail.type, 'sluice.v1.ErrorDetail');
  assert.equal(detail.debug.field, 'target.rooms[1]');
  assert.ok(Buffer.from(detail.value, 'base64').includes('target.rooms[1]'));
});

test('names may be written as in the proto files or in camel case', async () => {
  for (const request of [{ page_size: 1 }, { pageSize: 1 }]) {
    assert.equal((await gateway.json('Gateway/ListConnections', request)).status, 200, JSON.stringify(request));
  }
});

test('a page gets no leave: its preflight is not answered as it would need, its form is refused', async () => {
  const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };
  const preflight = await request('/sluice.v1.Gateway/Publish', { method: 'OPTIONS', headers });
  assert.ok(preflight.status >= 400, String(preflight.status));
  for (const type of ['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'text/plain;charset=UTF-8', '']) {
    const answer = await request('/sluice.v1.Gateway/Publish', { headers: type ? { 'content-type': type } : {}, body: JSON.stringify(publish) });
    assert.equal(answer.status, 415, `${type} ${answer.text}`);
  }
  const { headers: answered } = await request('/sluice.v1.Gateway/Publish', { headers: { ...json, origin: 'http://evil.example' }, body: '{}' });
  for (const answer of [preflight.headers, answered]) {
    assert.equal(Object.keys(answer).some((name) => name.startsWith('access-control')), false);
  }
});

test('a content type with a charset is taken, a body over --grpc-message-bytes-max is not', async (t) => {
  const charset = await request('/sluice.v1.Nodes/GetNode', { headers: { 'content-type': 'application/json; charset=utf-8' }, body: '{}' });
  assert.equal(charset.status, 200);
  const small = await startGateway(t, ['--grpc-message-bytes-max', '1KiB']);
  const answer = await fetch(`http://${small.address('admin')}/sluice.v1.Gateway/Publish`, {
    method: 'POST', headers: json, body: JSON.stringify({ target: { everyone: true }, payload: { text: 'x'.repeat(2000) } }),
  }).then((response) => response.status, () => 'closed');
  assert.equal(answer, 413);
});

test('several calls on one connection, pipelined, are answered in their order', async (t) => {
  const raw = await Raw.open(gateway.address('admin'), t);
  const one = (room) => {
    const body = JSON.stringify({ target: { rooms: [room] }, payload: { text: 'x' } });
    return `POST /sluice.v1.Gateway/Publish HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  };
  raw.write(`${one('a')}GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n${one('')}${one('b')}`);
  const statuses = () => [...raw.received.toString().matchAll(/^HTTP\/1\.1 (\d+)/gm)].map((match) => match[1]);
  await raw.until(() => statuses().length === 4, 'four answers');
  assert.deepEqual(statuses(), ['200', '200', '400', '200']);
});

test('smuggled and oversized requests on the admin port are refused', async (t) => {
  for (const [what, text, status] of [
    ['both lengths', 'POST /sluice.v1.Nodes/GetNode HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 400],
    ['endless headers', `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(100_000)}`, 431],
    ['a length beyond all limits', 'POST /sluice.v1.Nodes/GetNode HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n', 413],
  ]) {
    const raw = await Raw.open(gateway.address('admin'), t);
    raw.write(text);
    await raw.untilEnd();
    assert.match(raw.received.toString(), new RegExp(`^HTTP/1\\.1 ${status} `), `${what}: ${raw.received.subarray(0, 200)}`);
  }
});
