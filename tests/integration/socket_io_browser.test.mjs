// A page in Chromium with the official client bundle: polling, upgrade, offline and back.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { eventually, startGateway } from './harness.mjs';

const bundle = readFileSync(new URL('./node_modules/socket.io-client/dist/socket.io.js', import.meta.url));
const page = (gateway) => `<!doctype html><title>page</title><script src="/socket.io.js"></script><script>
  const got = [], opens = [], connects = [];
  const socket = io("http://${gateway.clients}", { reconnectionDelay: 50, reconnectionDelayMax: 100, withCredentials: true });
  socket.io.on("open", () => opens.push(socket.io.engine.transport.name));
  socket.on("connect", () => connects.push({ id: socket.id, recovered: socket.recovered }));
  socket.on("message", (text) => got.push(text));
</script>`;

async function serve(t, text) {
  const server = http.createServer((request, answer) => {
    const isScript = request.url === '/socket.io.js';
    answer.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    answer.end(isScript ? bundle : text());
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.on('listening', resolve));
  t.after(() => server.close().closeAllConnections?.());
  return `http://127.0.0.1:${server.address().port}`;
}

test('a page connects by polling, upgrades, goes offline and back, and misses and doubles nothing', async (t) => {
  let gateway;
  const origin = await serve(t, () => page(gateway));
  gateway = await startGateway(t, ['--workers', '4', '--allowed-origins', origin]);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium', headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
  t.after(() => browser.close());
  const context = await browser.newContext();
  const tab = await context.newPage();
  const failures = [];
  tab.on('pageerror', (error) => failures.push(error));
  await tab.goto(origin);
  const upgraded = () => tab.waitForFunction(() => socket.connected && socket.io.engine.transport.name === 'websocket');
  await upgraded();
  const wanted = [];
  const publish = async (text) => {
    wanted.push(text);
    await gateway.publish(text);
  };
  for (let round = 0; round < 3; ++round) {
    for (let n = 0; n < 20; ++n) await publish(`${round} online ${n}`);
    await context.setOffline(true);
    await tab.waitForFunction(() => !socket.connected);
    for (let n = 0; n < 20; ++n) await publish(`${round} offline ${n}`);
    await context.setOffline(false);
    await tab.waitForFunction((n) => connects.length === n, round + 2);
    for (let n = 0; n < 20; ++n) await publish(`${round} back ${n}`);
    await upgraded();
  }
  await eventually(async () => (await tab.evaluate(() => got.length)) >= wanted.length, 'all messages');
  assert.deepEqual(await tab.evaluate(() => got), wanted);
  const connects = await tab.evaluate(() => connects);
  assert.deepEqual(connects.map((one) => one.recovered), [false, true, true, true]);
  assert.equal(new Set(connects.map((one) => one.id)).size, 1);
  assert.deepEqual(failures, []);
  assert.deepEqual(await tab.evaluate(() => opens), Array(4).fill('polling'));
});

test('a page of another origin gets nothing', async (t) => {
  let gateway;
  const origin = await serve(t, () => page(gateway));
  gateway = await startGateway(t, ['--allowed-origins', 'https://elsewhere.example']);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'] });
  t.after(() => browser.close());
  const tab = await browser.newPage();
  const refused = tab.waitForEvent('console', (message) => /CORS|403/.test(message.text()));
  await tab.goto(origin);
  await refused;
  assert.equal(await tab.evaluate(() => connects.length), 0);
});
