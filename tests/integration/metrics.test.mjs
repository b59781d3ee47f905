// What the metrics tell, beyond being there (json.test.mjs): each event moves its series, and no client makes a new one.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, Raw, eventually, frame, grpc, parseMetrics, rejects, startGateway } from './harness.mjs';

const seriesOf = async (gateway) =>
  parseMetrics((await gateway.admin('/metrics')).text).map(({ name, labels }) => `${name}${JSON.stringify(labels)}`);

test('nothing that clients or callers send makes a new series', async (t) => {
  const gateway = await startGateway(t);
  const before = await seriesOf(gateway);
  for (const name of ['a', 'große {room="x"}', 'x'.repeat(200)]) {
    const client = await gateway.connect(`?room=${encodeURIComponent(name)}`);
    client.send('hi');
    await client.count(1);
    await gateway.publish('x', { rooms: [name], users: [name] }, { idempotencyKey: 'x' }, { event: 'own', text: 'x' }).catch(() => {});
    await client.close(4321);
  }
  await new Client(gateway.url('', '/unknown/path')).whenRefused();
  await gateway.json('Gateway/Unknown', {});
  await gateway.admin('/some/path');
  assert.deepEqual(await seriesOf(gateway), before);
});

test('every way that a connection ends is counted under its reason', async (t) => {
  const gateway = await startGateway(t, ['--message-bytes-max', '100']);
  // Where a client that is late for what is tested elsewhere would end otherwise.
  const hasty = await startGateway(t, ['--handshake-seconds-max', '0.2']);
  const pinging = await startGateway(t, ['--ping-interval-seconds', '0.2', '--ping-timeout-seconds', '0.2']);
  const ends = {
    client_closed: async () => (await gateway.connect()).close(),
    client_vanished: async () => (await gateway.connect()).terminate(),
    protocol_error: async () => (await Raw.upgrade(gateway.clients, { t })).write(frame(3, 'x')),
    too_large: async () => (await gateway.connect()).send('x'.repeat(101)),
    refused: async () => new Client(gateway.url('', '/nothing')).whenRefused(),
    disconnected: async () => {
      await gateway.connect('?room=out');
      await gateway.rpc().disconnect({ target: { rooms: ['out'] } });
    },
  };
  const waits = {
    handshake_timeout: [hasty, async () => (await Raw.open(hasty.clients, t)).write('GET')],
    heartbeat_timeout: [pinging, async () => Raw.upgrade(pinging.clients, { t })],
  };
  const all = [...Object.entries(ends).map(([reason, end]) => [reason, gateway, end]), ...Object.entries(waits).map(([reason, way]) => [reason, ...way])];
  for (const [reason, at, end] of all) {
    await end();
    await at.untilMetric('sluice_connections_closed_total', { reason }, (v) => v === 1);
  }
  for (const [at, count] of [[gateway, Object.keys(ends).length], [hasty, 1], [pinging, 1]]) {
    await at.untilMetric('sluice_open_connections', {}, (v) => v === 0);
    assert.equal(await at.metric('sluice_connections_closed_total'), count, 'each once, under one reason');
    assert.equal(await at.metric('sluice_handler_exceptions_total'), 0);
  }
});

test('bytes are counted each way, payload and wire', async (t) => {
  const gateway = await startGateway(t, ['--client-messages', 'echo']);
  const raw = await Raw.upgrade(gateway.clients, { t });
  const values = async () => {
    const names = ['payload_received', 'payload_sent', 'wire_received', 'wire_sent'];
    return Promise.all(names.map((name) => gateway.metric(`sluice_${name}_bytes_total`)));
  };
  // They are counted behind what the client sees.
  await gateway.untilMetric('sluice_wire_sent_bytes_total', {}, (value) => value === raw.head.length);
  const before = await values();
  raw.write(Buffer.concat([frame(2, Buffer.alloc(1000)), frame(9, 'ping')]));
  await raw.until(() => raw.frames.length === 2, 'echo and pong');
  // Header 4 bytes, mask 4 bytes from clients; ping and pong 6 and 10 bytes.
  const wanted = [1000, 1000, 1008 + 10, 1004 + 6];
  const moved = async () => (await values()).map((value, at) => value - before[at]);
  await eventually(async () => (await moved()).every((value, at) => value >= wanted[at]), 'all to be counted');
  assert.deepEqual(await moved(), wanted);
});

test('calls are counted by method and status, and timed', async (t) => {
  const gateway = await startGateway(t);
  const count = (method, status) => gateway.metric('sluice_calls_total', { method, status });
  await gateway.publish('x');
  await rejects(gateway.publish('x', {}), 'INVALID_ARGUMENT');
  await rejects(gateway.rpc().getConnection({ id: '00000001-0-0-1' }), 'NOT_FOUND');
  await gateway.json('Gateway/Publish', { target: { everyone: true }, payload: { text: 'x' } });
  await gateway.untilMetric('sluice_calls_total', { method: 'Publish', status: 'ok' }, (v) => v === 2);
  assert.equal(await count('Publish', 'invalid_argument'), 1);
  assert.equal(await count('GetConnection', 'not_found'), 1);
  assert.equal(await gateway.metric('sluice_call_seconds_count', { method: 'Publish' }), 3);
  assert.equal(await gateway.metric('sluice_published_messages_total', { outcome: 'accepted' }), 2);
});

test('history, rooms, replays and gaps are counted', async (t) => {
  const gateway = await startGateway(t, ['--history-messages', '2']);
  const probe = await gateway.connect('?envelope=1&room=r');
  await probe.count(1);
  const { position } = probe.parsed[0];
  await gateway.publish('x'.repeat(1000), { rooms: ['r'] });
  assert.equal(await gateway.metric('sluice_history_messages'), 1);
  assert.ok((await gateway.metric('sluice_history_bytes')) >= 1000);
  await gateway.connect(`?room=r&since=${position}`).then((client) => client.count(2));
  assert.equal(await gateway.metric('sluice_replays_total'), 1);
  assert.equal(await gateway.metric('sluice_replayed_messages_total'), 1);
  assert.equal(await gateway.metric('sluice_gaps_total'), 0);
  for (let at = 0; at < 3; ++at) await gateway.publish(String(at), { rooms: ['r'] });
  const late = await gateway.connect(`?room=r&since=${position}`);
  await late.count(4);
  assert.equal(await gateway.metric('sluice_gaps_total'), 1);
  assert.equal(await gateway.metric('sluice_history_messages'), 2);
});

test('an outbox that fills shows in bytes, messages and age, and is empty again after', async (t) => {
  const gateway = await startGateway(t, ['--socket-send-bytes-max', '4608', '--outbox-bytes-max', '16MiB']);
  const raw = await Raw.upgrade(gateway.clients, { query: '?envelope=1', t });
  await raw.until(() => raw.frames.length === 1, 'the open notice');
  const { id } = JSON.parse(raw.frames[0].payload);
  raw.socket.pause();
  for (let at = 0; at < 400; ++at) await gateway.publish('x'.repeat(16_000));
  await gateway.untilMetric('sluice_outbox_bytes', {}, (v) => v > 100_000);
  await gateway.untilMetric('sluice_outbox_age_seconds', {}, (v) => v > 0);
  assert.ok((await gateway.metric('sluice_outbox_messages')) > 1);
  assert.ok((await gateway.metric('sluice_queued_bytes')) > 100_000);
  assert.ok((await gateway.metric('sluice_queued_limit_bytes')) > 1e9);
  const { outbox } = (await gateway.rpc().getConnection({ id })).connection;
  assert.ok(Number(outbox.bytes) > 100_000 && outbox.messages > 1, JSON.stringify(outbox));
  raw.socket.resume();
  await raw.until(() => raw.frames.length === 401, 'all of it');
  await gateway.untilMetric('sluice_outbox_bytes', {}, (v) => v === 0);
  // Each worker keeps one chunk of 64 KiB open.
  await gateway.untilMetric('sluice_queued_bytes', {}, (v) => v <= 2 * 65536);
  // An idle worker looks once a second.
  await gateway.untilMetric('sluice_outbox_age_seconds', {}, (v) => v === 0);
});

test('a scrape while thousands of messages flow disturbs nobody', async (t) => {
  const gateway = await startGateway(t);
  const clients = await Promise.all(Array.from({ length: 10 }, () => gateway.connect()));
  const scrapes = Array.from({ length: 20 }, () => gateway.admin('/metrics'));
  for (let at = 0; at < 2000; ++at) clients[at % 10].send(String(at));
  for (const scrape of await Promise.all(scrapes)) assert.equal(scrape.status, 200);
  for (const client of clients) await client.count(2000);
  for (const client of clients) assert.deepEqual(client.messages, clients[0].messages);
  assert.equal(await gateway.metric('sluice_deliveries_total'), 20_000);
});

test('the gRPC statuses in labels are those that gRPC has', async (t) => {
  const gateway = await startGateway(t);
  const series = parseMetrics((await gateway.admin('/metrics')).text);
  const named = new Set(series.filter((one) => one.name === 'sluice_calls_total').map((one) => one.labels.status));
  const all = Object.keys(grpc.status).filter((name) => /^[A-Z_]+$/.test(name)).map((name) => name.toLowerCase().replace('cancelled', 'canceled'));
  assert.deepEqual([...named].sort(), all.sort());
});
