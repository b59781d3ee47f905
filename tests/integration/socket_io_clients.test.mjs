// The Socket.IO client library, old and new, over every transport; and sessions by the hundred over few connections.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { Engine, plain } from './engine.mjs';
import { startGateway } from './harness.mjs';
import { cells, talk, ways } from './socket_io_matrix.mjs';

for (const cell of cells) {
  for (const workers of [1, 4]) {
    test(`${cell.name} with ${workers} workers`, async (t) => talk(t, await startGateway(t, ['--workers', String(workers)]), cell));
  }
}

test('the newest client comes back by itself, and misses and doubles nothing', async (t) => {
  const own = await startGateway(t, ['--workers', '4']);
  for (const transports of ways) {
    const socket = io(`http://${own.clients}`, { transports, forceNew: true, reconnectionDelay: 30, reconnectionDelayMax: 60 });
    t.after(() => socket.close());
    const got = [];
    socket.on('message', (text) => got.push(text));
    await once(socket, 'connect');
    const { id } = socket;
    for (let round = 0; round < 5; ++round) {
      // Closed in the middle of an upgrade, the library keeps what comes until the upgrade is done, hands it out on
      // its next connect and has not counted it in its offset: it would then see that twice, whoever the server is.
      const { engine } = socket.io;
      if (transports.length === 2 && engine.transport.name === 'polling') await new Promise((resolve) => engine.once('upgrade', resolve));
      await own.publish(`${round} before`);
      const back = once(socket, 'connect');
      socket.io.engine.close();
      await own.publish(`${round} missed`);
      await back;
      assert.deepEqual([socket.recovered, socket.id], [true, id]);
    }
    await own.publish('last');
    while (got.at(-1) !== 'last') await once(socket, 'message');
    assert.deepEqual(got, [...Array.from({ length: 5 }, (_, round) => [`${round} before`, `${round} missed`]).flat(), 'last']);
  }
});

test('an upgrade takes a few milliseconds, and never waits for a ping', async (t) => {
  const own = await startGateway(t, ['--workers', '4']);
  const took = [];
  for (let count = 0; count < 100; ++count) {
    const socket = io(`http://${own.clients}`, { forceNew: true, reconnection: false });
    const at = (event) => new Promise((resolve) => socket.io.engine.once(event, () => resolve(performance.now())));
    const [began, ended] = await Promise.all([at('open'), at('upgrade')]);
    took.push(ended - began);
    socket.close();
  }
  took.sort((a, b) => a - b);
  t.diagnostic(`upgrades: median ${took[50].toFixed(1)} ms, longest ${took[99].toFixed(1)} ms`);
  // Far below the 25 s of a ping; the figures themselves are for the reader.
  assert.ok(took[99] < 5000, `${took[99]} ms`);
});

test('300 sessions over 8 keep-alive connections, as behind a proxy', async (t) => {
  const own = await startGateway(t, ['--workers', '4', '--engine-ping-interval-ms', '60000', '--engine-ping-timeout-ms', '60000']);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
  t.after(() => agent.destroy());
  const engines = await Promise.all(Array.from({ length: 300 }, async (_, at) => {
    const engine = new Engine(own, { route: '/socket.io/', agent, query: `&room=${at % 150}` });
    await engine.open();
    await engine.post('40');
    await engine.packets((packet) => packet.startsWith('40{'));
    return engine;
  }));
  // Each says five things to its only neighbour, and then hears what that said.
  for (let round = 0; round < 5; ++round) {
    await Promise.all(engines.map((engine, at) => engine.post(`42["said",${at},${round}]`)));
  }
  await Promise.all(engines.map(async (engine, at) => {
    const heard = [];
    while (heard.length < 5) heard.push(...(await engine.packets()));
    assert.deepEqual(heard.map(plain), Array.from({ length: 5 }, (_, round) => `42["said",${(at + 150) % 300},${round}]`));
  }));
});
