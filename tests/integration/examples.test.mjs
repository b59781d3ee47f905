// What the README promises: a page in a real browser, a Node program, curl and the command line all reach each other.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, copyFileSync, rmSync, symlinkSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { patience, root, run, startGateway } from './harness.mjs';

const launch = {
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  headless: true,
  args: [
    ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    ...['--disable-component-update', '--disable-sync'],
  ],
};

async function output(program, args) {
  const child = spawn(program, args);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (text += data));
  const [code] = await once(child, 'close');
  return { code, text };
}

// The example as it is, with the packages that the tests have installed.
function exampleFolder(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-examples-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'examples'));
  for (const file of ['publish.mjs', 'package.json']) {
    copyFileSync(path.join(root, 'examples', file), path.join(folder, 'examples', file));
  }
  symlinkSync(path.join(root, 'proto'), path.join(folder, 'proto'));
  symlinkSync(fileURLToPath(new URL('node_modules', import.meta.url)), path.join(folder, 'node_modules'));
  return path.join(folder, 'examples');
}

// Serves the pages, chat.html at the root; gives their origin.
async function servePage(t) {
  const server = http.createServer((request, response) => {
    const name = new URL(request.url, 'http://any').pathname.slice(1) || 'chat.html';
    if (!['chat.html', 'commands.html', 'sluice-client.mjs'].includes(name)) return response.writeHead(404).end();
    response.setHeader('content-type', `text/${name.endsWith('.mjs') ? 'javascript' : 'html'}; charset=utf-8`);
    response.end(readFileSync(path.join(root, 'examples', name)));
  });
  t.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${server.address().port}`;
}

async function openBrowser(t) {
  const browser = await chromium.launch(launch);
  t.after(() => browser.close());
  return async (url) => {
    const page = await browser.newPage();
    page.setDefaultTimeout(patience);
    await page.goto(url);
    return page;
  };
}
const shown = (page, text) => page.locator('#messages li', { hasText: text }).waitFor();

test('a publish by the command line, by curl and by a Node program with grpc-js reaches every client', async (t) => {
  const gateway = await startGateway(t);
  const clients = await Promise.all([1, 2].map(() => gateway.connect()));
  const command = await run(['publish', '--room', 'lobby', 'hi from the command line', '--grpc', gateway.address('grpc')]);
  assert.equal(command.code, 0, command.stderr);
  const body = '{"target":{"rooms":["lobby"]},"payload":{"text":"hi from curl"}}';
  const url = `http://${gateway.address('admin')}/sluice.v1.Gateway/Publish`;
  const curl = await output('curl', ['-sS', '--fail', '-H', 'Content-Type: application/json', '-d', body, url]);
  assert.equal(curl.code, 0, curl.text);
  assert.equal(JSON.parse(curl.text).receipt.matched, 2);
  const program = path.join(exampleFolder(t), 'publish.mjs');
  const node = await output(process.execPath, [program, 'lobby', 'hi from Node', gateway.address('grpc')]);
  assert.equal(node.code, 0, node.text);
  assert.match(node.text, /^position=[0-9a-f]{16}-\d+ matched=2\n$/);
  for (const client of clients) {
    await client.count(3);
    assert.deepEqual(client.messages, ['hi from the command line', 'hi from curl', 'hi from Node']);
  }
});

test('the Node program says what was wrong, and with which exit code', async (t) => {
  const gateway = await startGateway(t);
  const program = path.join(exampleFolder(t), 'publish.mjs');
  const refused = await output(process.execPath, [program, 'x'.repeat(1000), 'hi', gateway.address('grpc')]);
  assert.equal(refused.code, 1);
  assert.match(refused.text, /INVALID_ARGUMENT.*rooms\[0\]/);
  assert.equal((await output(process.execPath, [program])).code, 2);
});

test('pages in a real browser talk with each other, with a ws client, and hear a gRPC publish', async (t) => {
  const origin = await servePage(t);
  const gateway = await startGateway(t, ['--allowed-origins', origin]);
  const open = await openBrowser(t);
  const pages = await Promise.all([1, 2].map(() => open(`${origin}/?server=ws://${gateway.clients}&room=chat`)));
  for (const page of pages) await page.locator('#state', { hasText: 'connected, room chat' }).waitFor();
  const client = await gateway.connect('?room=chat');
  await pages[0].locator('input').fill('grüße aus dem Browser 👋');
  await pages[0].locator('button').click();
  await Promise.all([client.has('grüße aus dem Browser 👋'), ...pages.map((page) => shown(page, 'grüße aus dem Browser 👋'))]);
  client.send('hi from ws');
  const receipt = (await gateway.publish('hi from gRPC', { rooms: ['chat'] })).receipt;
  assert.equal(receipt.matched, 3);
  for (const page of pages) await Promise.all([shown(page, 'hi from ws'), shown(page, 'hi from gRPC')]);
  for (const page of pages) assert.equal(await page.locator('#messages li').count(), 3);
});

test('a page that was disconnected comes back and misses nothing', async (t) => {
  const origin = await servePage(t);
  const gateway = await startGateway(t, ['--allowed-origins', origin]);
  const page = await (await openBrowser(t))(`${origin}/?server=ws://${gateway.clients}`);
  await page.locator('#state', { hasText: 'connected' }).waitFor();
  await gateway.publish('before');
  await shown(page, 'before');
  await gateway.rpc().disconnect({ target: { rooms: ['lobby'] }, closeCode: 4000 });
  await gateway.publish('meanwhile');
  await gateway.publish('meanwhile too');
  await shown(page, 'meanwhile too');
  await gateway.publish('after');
  await shown(page, 'after');
  assert.deepEqual(await page.locator('#messages li').allTextContents(), ['before', 'meanwhile', 'meanwhile too', 'after']);
});

test('a page that says commands joins rooms, speaks in them, and comes back to them', async (t) => {
  const origin = await servePage(t);
  const gateway = await startGateway(t, ['--allowed-origins', origin]);
  const page = await (await openBrowser(t))(`${origin}/commands.html?server=ws://${gateway.clients}`);
  const state = (text) => page.locator('#state', { hasText: text }).waitFor();
  const say = async (room, text) => {
    await page.getByLabel('room', { exact: true }).fill(room);
    await page.getByLabel('message').fill(text);
    await page.getByText('Send').click();
  };
  await state('connected, lobby (1)');
  const other = await gateway.connect('?room=tea');
  await page.getByLabel('room to join').fill('tea');
  await page.getByText('Join').click();
  await state('connected, lobby (1), tea (2)');
  await say('tea', 'hi from a page');
  await Promise.all([other.has('hi from a page'), shown(page, 'tea message: hi from a page')]);
  await say('', 'to nowhere');
  await state("a room's name is empty");
  await gateway.rpc().disconnect({ target: { rooms: ['lobby'] }, closeCode: 4000 });
  await gateway.publish('meanwhile', { rooms: ['tea'] });
  await shown(page, 'tea message: meanwhile');
  await state('connected, lobby (1), tea (2)');
  if (process.env.SLUICE_SCREENSHOT) await page.screenshot({ path: process.env.SLUICE_SCREENSHOT });
});

test('a page of a foreign origin is refused by the browser’s own rules', async (t) => {
  const origin = await servePage(t);
  const gateway = await startGateway(t);
  const page = await (await openBrowser(t))(`${origin}/?server=ws://${gateway.clients}`);
  await page.locator('#state', { hasText: 'not connected (1006)' }).waitFor();
  assert.equal(await gateway.metric('sluice_connections', { protocol: 'websocket' }), 0);
  assert.ok((await gateway.metric('sluice_handshakes_refused_total')) >= 1);
});

test('one room: seven kinds of client hear each other, once, in one order', async (t) => {
  const gateway = await startGateway(t, ['--allowed-origins', '*', '--listen-tcp', '127.0.0.1:0', '--listen-udp', '127.0.0.1:0']);
  const folder = path.join(exampleFolder(t), 'one-room');
  mkdirSync(folder);
  for (const file of ['all.mjs', 'page.html']) copyFileSync(path.join(root, 'examples/one-room', file), path.join(folder, file));
  const env = { ...process.env, CLIENTS: gateway.clients, TCP: gateway.address('tcp'), UDP: gateway.address('udp') };
  const child = spawn(process.execPath, [path.join(folder, 'all.mjs'), 'page'], { env });
  let text = '';
  const open = await openBrowser(t);
  const ended = once(child, 'close');
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      text += data;
      const address = /open (\S+) in/.exec(String(data))?.[1];
      if (address) open(address).catch(() => {});
    });
  }
  const [code] = await ended;
  assert.equal(code, 0, text);
  assert.match(text, /7 clients heard 7 messages each, in one order/);
});
