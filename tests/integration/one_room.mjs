// One room, whatever its clients speak: each says one thing, and all hear all of it, once, in one order.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { io } from 'socket.io-client';
import { eventually, splitAddress } from './harness.mjs';
import { openUdp } from './sockets.mjs';

const at = (gateway, path) => `http://${gateway.clients}${path}`;
const publish = (gateway, text) => fetch(at(gateway, '/publish?room=one'), { method: 'POST', body: text });

// A client that polls until `isOver()`, each answer held so long.
async function poller(gateway, wait, got) {
  const ask = async (query) => (await fetch(at(gateway, `/poll?room=one&${query}`))).json();
  let { cursor } = await ask('');
  return async (isOver) => {
    while (!isOver()) {
      const answer = await ask(`cursor=${cursor}&wait=${wait}`);
      assert.equal(answer.gap, false);
      got.push(...answer.messages.map((one) => one.data));
      ({ cursor } = answer);
      if (wait === '0') await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
}

// `gateway` allows every origin and listens for TCP and UDP; or what stands before some that do.
export async function meet(t, gateway) {
  const heard = { ws: [], socketio: [], sse: [], long: [], short: [], nc: [], udp: [] };
  const client = await gateway.connect('?room=one');
  const socket = io(at(gateway, ''), { forceNew: true, query: { room: 'one' } });
  t.after(() => socket.close());
  socket.on('message', (text) => heard.socketio.push(text));
  await once(socket, 'connect');
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  t.after(() => browser.close());
  const server = http.createServer((request, answer) => answer.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const page = await browser.newPage();
  await page.exposeFunction('hear', (text) => heard.sse.push(text));
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate((url) => new Promise((resolve) => {
    const source = new EventSource(url);
    source.onopen = resolve;
    source.onmessage = ({ data }) => window.hear(data);
  }), at(gateway, '/sse?room=one'));
  const nc = spawn('nc', splitAddress(gateway.address('tcp')).map(String));
  t.after(() => nc.kill());
  const lines = createInterface({ input: nc.stdout });
  const sayLine = (object) => nc.stdin.write(`${JSON.stringify(object)}\n`);
  sayLine({ join: 'one' });
  await once(lines, 'line');
  lines.on('line', (line) => 'event' in JSON.parse(line) && heard.nc.push(JSON.parse(line).data));
  const udp = await openUdp(t, gateway);
  await udp.subscribe({ room: 'one' });
  const all = ['from nc', 'from udp', 'from ws', 'from socket.io', 'from a page', 'from a long poller', 'from a short poller', 'from grpc'];
  const isOver = () => heard.long.length >= all.length && heard.short.length >= all.length;
  const loops = [(await poller(gateway, '1s', heard.long))(isOver), (await poller(gateway, '0', heard.short))(isOver)];
  sayLine({ publish: { room: 'one', data: all[0] } });
  udp.send({ publish: { room: 'one', data: all[1] } });
  client.send(all[2]);
  socket.emit('message', all[3]);
  await page.evaluate((url) => fetch(url, { method: 'POST', body: 'from a page' }), at(gateway, '/publish?room=one'));
  for (const text of all.slice(5, 7)) assert.equal((await publish(gateway, text)).status, 202);
  await gateway.publish(all[7], { rooms: ['one'] });
  await client.count(all.length);
  await Promise.all(loops);
  await udp.count(all.length);
  heard.udp = udp.texts;
  await eventually(() => heard.nc.length === all.length && heard.sse.length === all.length && heard.socketio.length === all.length - 1, 'all of it');
  heard.ws = client.messages;
  // The order is the gateway's: what was said at once may stand either way, but for all alike.
  for (const kind of ['sse', 'long', 'short', 'nc', 'udp']) assert.deepEqual(heard[kind], heard.ws, kind);
  assert.deepEqual([...heard.ws].sort(), [...all].sort());
  assert.deepEqual(heard.socketio, heard.ws.filter((text) => text !== 'from socket.io'));
}
