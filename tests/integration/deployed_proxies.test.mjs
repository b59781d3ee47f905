// The proxies of deploy/proxies, as docs/proxies.md has them: nothing is held back, cut or lost, and where a client is, is known.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { Client, eventually, startGateway } from './harness.mjs';
import { envoy, startEnvoy } from './envoy.mjs';
import { startHaproxy } from './haproxy.mjs';
import { startNginx } from './nginx.mjs';
import { LineClient } from './sockets.mjs';

const far = '127.0.0.7';
const trusted = ['--trusted-proxies', '127.0.0.1'];
const proxies = {
  async nginx(t, flags = []) {
    const gateway = await startGateway(t, [...trusted, ...flags]);
    return { gateway, clients: (await startNginx(t, gateway.clients)).address };
  },
  async HAProxy(t, flags = []) {
    const gateway = await startGateway(t, [...trusted, '--proxy-protocol', '--listen-tcp', '127.0.0.1:0', ...flags]);
    return { gateway, ...(await startHaproxy(t, gateway)) };
  },
};
// scripts/test-packages.sh envoy fetches one and runs this file with it.
if (envoy) {
  proxies.Envoy = async (t, flags = []) => {
    const gateway = await startGateway(t, [...trusted, ...flags]);
    return { gateway, ...(await startEnvoy(t, gateway)) };
  };
}

// An answer that may go on for ever; gives what has come of it so far.
async function reading(t, url, options = {}) {
  const request = http.request(url, options);
  t.after(() => request.destroy());
  request.on('error', () => {});
  request.end(options.body);
  const [response] = await once(request, 'response');
  const found = { response, text: '' };
  response.setEncoding('utf8').on('data', (data) => (found.text += data)).on('error', () => {});
  return found;
}
async function addressesOf(gateway) {
  const { connections } = await gateway.rpc().listConnections({});
  return connections.map((one) => one.remoteAddress.replace(/:\d+$/, ''));
}

for (const [name, start] of Object.entries(proxies)) {
  test(`behind ${name} every client of HTTP hears at once what is said`, async (t) => {
    const { gateway, clients } = await start(t);
    const socket = await new Client(`ws://${clients}/?room=lobby`).opened();
    const events = await reading(t, `http://${clients}/sse?room=lobby`);
    const first = await (await fetch(`http://${clients}/poll?room=lobby`)).json();
    const held = reading(t, `http://${clients}/poll?room=lobby&wait=30&cursor=${encodeURIComponent(first.cursor)}`);
    await eventually(async () => (await addressesOf(gateway)).length === 3, 'all of them to be there');
    await gateway.publish('said once');
    await socket.has('said once');
    await eventually(() => /data: .*said once/.test(events.text), 'the event, while the answer goes on');
    assert.equal(events.response.headers['content-encoding'], undefined);
    const answer = await held;
    // All of it may have come before any of it was read.
    await eventually(() => /said once/.test(answer.text), 'the poll');
    await eventually(() => answer.response.complete, 'its end');
    // And what a client says.
    socket.send('by WebSocket');
    await eventually(() => /by WebSocket/.test(events.text), 'what the WebSocket said');
  });

  test(`behind ${name} it is known where a client is`, async (t) => {
    const { gateway, clients } = await start(t);
    await new Client(`ws://${clients}/?room=lobby`, { localAddress: far }).opened();
    const events = await reading(t, `http://${clients}/sse?room=lobby`, { localAddress: far, headers: { 'x-forwarded-for': '6.6.6.6' } });
    assert.equal(events.response.statusCode, 200);
    assert.deepEqual(await addressesOf(gateway), [far, far]);
  });

  test(`behind ${name} a client that is refused is told why`, async (t) => {
    const { clients } = await start(t, ['--allowed-origins', 'https://app.example', '--message-bytes-max', '1000']);
    const origin = await new Client(`ws://${clients}/?room=lobby`, { headers: { origin: 'https://other.example' } }).whenRefused();
    assert.equal(origin.status, 403);
    assert.match(origin.body, /origin/i);
    const large = await fetch(`http://${clients}/publish?room=lobby`, { method: 'POST', body: 'x'.repeat(5000) });
    assert.equal(large.status, 413);
    assert.match(await large.text(), /message-bytes-max/);
  });
}

test('HAProxy carries lines of TCP, and their addresses', async (t) => {
  const { gateway, tcp } = await proxies.HAProxy(t);
  const [host, port] = tcp.split(':');
  const socket = net.connect({ host, port, localAddress: far });
  await once(socket, 'connect');
  const client = new LineClient(socket);
  t.after(() => socket.destroy());
  client.send({ connect: { rooms: ['lobby'] } });
  await client.next((one) => one.notice === 'open', 'the answer');
  assert.deepEqual(await addressesOf(gateway), [far]);
  await gateway.publish('for the lines');
  await client.next((one) => JSON.stringify(one).includes('for the lines'), 'what was said');
});

for (const name of Object.keys(proxies).filter((one) => one !== 'nginx')) test(`${name} sends nobody to a node that drains, and lets its clients stay for as long`, async (t) => {
  const { gateway, clients } = await proxies[name](t, ['--drain-delay-seconds', '20', '--drain-seconds', '1']);
  const socket = await new Client(`ws://${clients}/?room=lobby`).opened();
  gateway.signal();
  await eventually(async () => (await fetch(`http://${clients}/poll?room=lobby`)).status === 503, 'the proxy to have seen it');
  await gateway.publish('still here');
  await socket.has('still here');
  // The second ends it at once.
  gateway.signal();
  gateway.expectedExit = 1;
});
