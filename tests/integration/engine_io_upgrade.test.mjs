// Engine.IO: from polling to a WebSocket.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Engine, isRefusal, openEngine } from './engine.mjs';
import { Client, startGateway } from './harness.mjs';

let gateway;
before(async () => {
  gateway = await startGateway(null, ['--client-messages', 'echo', '--workers', '3', '--message-bytes-max', '1000']);
});
after(() => gateway.stop());

const session = (t, { gateway: on = gateway, ...options } = {}) => openEngine(t, on, options);

test('a session moves to a WebSocket; polling is over then', async (t) => {
  const engine = await session(t);
  const poll = engine.poll();
  const client = await engine.upgrade();
  assert.equal((await poll).text, '6');
  isRefusal(await engine.poll(), 3, 'Bad request');
  client.send('4hi');
  await client.has('4hi');
  await client.close();
});

test('probe and upgrade may come together, with a message behind them', async (t) => {
  for (let count = 0; count < 10; ++count) {
    const engine = await session(t);
    const client = await engine.socket();
    client.send('2probe');
    client.send('5');
    client.send('4behind');
    await client.count(2);
    assert.deepEqual(client.messages, ['3probe', '4behind']);
    await client.close();
  }
});

test('what waits when the session moves comes by WebSocket, once', async (t) => {
  const engine = await session(t);
  await engine.post('4waits\x1ebAQI=');
  const client = await engine.upgrade();
  await client.count(3);
  assert.deepEqual(client.messages, ['3probe', '4waits', Buffer.from([1, 2])]);
  await client.close();
});

test('a poll beside a WebSocket that was probed is answered at once', async (t) => {
  const engine = await session(t);
  const client = await engine.socket();
  client.send('2probe');
  await client.has('3probe');
  assert.equal((await engine.poll()).text, '6');
  assert.equal((await engine.poll()).text, '6');
  client.send('5');
  client.send('4x');
  await client.has('4x');
  await client.close();
});

test('another packet than a probe closes that WebSocket alone', async (t) => {
  const engine = await session(t);
  const client = await engine.socket();
  client.send('4early');
  await client.whenClosed();
  await engine.post('4still');
  assert.deepEqual(await engine.packets(), ['4still']);
});

test('a second WebSocket for a session is closed; the session goes on', async (t) => {
  const engine = await session(t);
  const client = await engine.upgrade();
  await new Client(`ws://${gateway.clients}${engine.path('websocket')}`).whenClosed();
  client.send('4alive');
  await client.has('4alive');
  await client.close();
});

test('an upgrade that is not done in time is given up, and leaves nothing', async (t) => {
  const other = await startGateway(t, ['--client-messages', 'echo', '--engine-upgrade-timeout-ms', '2000']);
  const engine = await session(t, { gateway: other });
  const client = await engine.socket();
  client.send('2probe');
  await client.whenClosed();
  await engine.post('4still');
  assert.deepEqual(await engine.packets(), ['4still']);
  const again = await engine.upgrade();
  again.send('4now');
  await again.has('4now');
  await again.close();
});

test('with --allow-polling=false there is WebSocket alone', async (t) => {
  const other = await startGateway(t, ['--client-messages', 'echo', '--allow-polling=false']);
  const engine = new Engine(other);
  isRefusal(await engine.ask(), 0, 'Transport unknown');
  engine.close();
  const client = await new Engine(other).socket();
  client.send('4x');
  await client.has('4x');
});

test('with --allow-upgrades=false none is offered', async (t) => {
  const other = await startGateway(t, ['--allow-upgrades=false', '--engine-io-path', '/e/']);
  const engine = await session(t, { gateway: other, route: '/e/' });
  assert.deepEqual(engine.handshake.upgrades, []);
});
