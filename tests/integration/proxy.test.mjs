// Behind a proxy that mixes the requests of all clients over the connections that it keeps.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { io as io40 } from 'socket.io-client-4.0';
import { startGateway } from './harness.mjs';
import { startNginx } from './nginx.mjs';

// Seconds of traffic; an hour is fine, too.
const seconds = Number(process.env.SLUICE_PROXY_SECONDS ?? 5);
const clients = 300;

test(`${clients} polling clients behind nginx say two things a second each for ${seconds} s, and all is heard once`, async (t) => {
  const gateway = await startGateway(t, ['--workers', '4']);
  const nginx = await startNginx(t, gateway.clients, { keepalive: 8 });
  const agent = new http.Agent({ keepAlive: true, maxSockets: Infinity });
  t.after(() => agent.destroy());
  const sockets = Array.from({ length: clients }, (_, at) => {
    const socket = io(`http://${nginx.address}`, { transports: ['polling'], agent, forceNew: true, reconnection: false, query: { room: `pair-${at % (clients / 2)}` } });
    t.after(() => socket.close());
    socket.heard = [];
    socket.on('said', (what) => socket.heard.push(what));
    socket.on('disconnect', (reason) => (socket.ended = reason));
    return socket;
  });
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const rounds = seconds * 2;
  await Promise.all(sockets.map(async (socket, at) => {
    await pause((at / clients) * 500);
    for (let round = 0; round < rounds; ++round) {
      socket.emit('said', `${at}/${round}`);
      await pause(500);
    }
  }));
  await Promise.all(sockets.map(async (socket, at) => {
    const wanted = Array.from({ length: rounds }, (_, round) => `${(at + clients / 2) % clients}/${round}`);
    while (socket.heard.length < rounds && !socket.ended) await once(socket, 'said');
    assert.deepEqual(socket.heard, wanted);
    assert.equal(socket.ended, undefined);
  }));
  const statuses = nginx.statuses();
  t.diagnostic(`answers: ${JSON.stringify(statuses)}; carried between workers: ${await gateway.metric('sluice_requests_carried_total')}`);
  delete statuses[404]; // Of the question whether nginx was there.
  assert.deepEqual(Object.keys(statuses), ['200']);
});

for (const [version, make] of [['newest', io], ['4.0', io40]]) {
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    test(`socket.io-client ${version} by ${transports.join(' and ')} behind nginx`, async (t) => {
      const gateway = await startGateway(t, ['--workers', '4']);
      const nginx = await startNginx(t, gateway.clients);
      const [a, b] = await Promise.all([0, 1].map(async () => {
        const socket = make(`http://${nginx.address}`, { transports, forceNew: true });
        t.after(() => socket.close());
        await once(socket, 'connect');
        return socket;
      }));
      const heard = [];
      b.on('n', (n) => heard.push(n));
      for (let n = 0; n < 50; ++n) assert.equal(await new Promise((resolve) => a.emit('n', n, resolve)), 1);
      while (heard.length < 50) await once(b, 'n');
      assert.deepEqual(heard, Array.from({ length: 50 }, (_, n) => n));
    });
  }
}
