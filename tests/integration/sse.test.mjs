// GET /sse: server-sent events, as a browser's EventSource and as plain HTTP see them.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { chromium } from 'playwright-core';
import { Watch, eventually, splitAddress, startGateway } from './harness.mjs';
import { Backend } from './backend.mjs';
import { startNginx } from './nginx.mjs';
import { secret, token } from './tokens.mjs';

// A stream that is read by hand: events as { event, data, id }, comments apart.
async function stream(gateway, query = '', headers = {}) {
  const [host, port] = splitAddress(gateway.clients);
  const watch = new Watch();
  const one = { events: [], comments: [], text: '', isOver: false };
  const request = http.get({ host, port, path: `/sse${query}`, headers });
  const response = await new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
  one.status = response.statusCode;
  one.headers = response.headers;
  let rest = '';
  response.on('data', (data) => {
    one.text += data;
    rest += data;
    for (let end; (end = rest.indexOf('\n\n')) >= 0; rest = rest.slice(end + 2)) {
      const event = { event: 'message', data: [] };
      for (const line of rest.slice(0, end).split('\n')) {
        const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
        if (name === '') one.comments.push(value);
        else if (name === 'data') event.data.push(value);
        else event[name] = value;
      }
      if (event.data.length > 0) one.events.push({ ...event, data: event.data.join('\n') });
      if (event.id) one.lastId = event.id;
    }
    watch.notify();
  });
  response.on('error', () => {});
  response.on('close', () => {
    one.isOver = true;
    watch.notify();
  });
  one.until = (condition, what) => watch.until(condition, () => `${what}: ${one.text.slice(-500)}`);
  one.count = (n) => one.until(() => one.events.length >= n, `${n} events`);
  one.close = () => request.destroy();
  return one;
}

test('a stream has every message in its form, and its place for coming back', async (t) => {
  const gateway = await startGateway(t);
  const one = await stream(gateway, '?room=a');
  assert.equal(one.status, 200);
  assert.deepEqual(['content-type', 'cache-control', 'x-accel-buffering'].map((name) => one.headers[name]), ['text/event-stream', 'no-store', 'no']);
  await one.until(() => one.lastId, 'where it stands');
  assert.match(one.text, /^retry: [12]\d{3}\n\n/);
  const publish = (payload, options = {}) => gateway.publish('', { rooms: ['a'] }, options, payload);
  await publish({ text: 'one line' });
  await publish({ text: 'a\nb\r\nc\rd\n' });
  await publish({ event: 'say', json: '{"x": [1,\n2]}' });
  await publish({ binary: Buffer.from([1, 2, 3]) });
  await publish({ event: 'many', arguments: '[1,"zwei"]' });
  await publish({ json: '{"a":{"_placeholder":true,"num":0}}', attachments: [Buffer.from([9])] });
  const { receipt } = await publish({ text: 'soon gone' }, { volatile: true });
  await one.count(7);
  assert.deepEqual(one.events.map(({ event, data }) => [event, data]), [
    ['message', 'one line'], ['message', 'a\nb\nc\nd\n'], ['say', '{"x": [1,\n2]}'], ['message', '{"data":"AQID","encoding":"base64"}'],
    ['many', '{"args":[1,"zwei"]}'], ['message', '{"a":{"$base64":"CQ=="}}'], ['message', 'soon gone'],
  ]);
  assert.equal(one.events[6].id, receipt.position);
  assert.equal(new Set(one.events.map((event) => event.id)).size, 6);
  const { connections } = await gateway.rpc().listConnections({ protocol: 'PROTOCOL_SSE' });
  assert.deepEqual([connections.length, connections[0].rooms], [1, ['a']]);
  one.close();
  await gateway.untilMetric('sluice_connections', { protocol: 'sse' }, (value) => value === 0);
});

test('a stream that comes back has what it missed, once, or is told of a gap', async (t) => {
  const gateway = await startGateway(t, ['--history-messages', '3']);
  const first = await stream(gateway);
  await first.until(() => first.lastId, 'where it stands');
  first.close();
  await gateway.publish('1');
  await gateway.publish('2');
  for (const [query, headers] of [['', { 'last-event-id': first.lastId }], [`?lastEventId=${first.lastId}`, {}], [`?since=${first.lastId}`, {}]]) {
    const back = await stream(gateway, query, headers);
    await back.count(2);
    assert.deepEqual(back.events.map((one) => one.data), ['1', '2']);
    back.close();
  }
  for (const text of ['3', '4', '5']) await gateway.publish(text);
  const late = await stream(gateway, '', { 'last-event-id': first.lastId });
  await late.count(4);
  assert.deepEqual(late.events.map((one) => [one.event, one.data]), [['gap', '{"reason":"evicted"}'], ['message', '3'], ['message', '4'], ['message', '5']]);
  const other = await stream(gateway, '', { 'last-event-id': '0000000000000001-7' });
  await other.count(1);
  assert.deepEqual(other.events[0].data, '{"reason":"other_epoch"}');
});

test('what is asked for wrongly is refused, each with its reason, and pages are told what they may read', async (t) => {
  const gateway = await startGateway(t, ['--token-secret', secret, '--allowed-origins', 'https://app.example']);
  const ask = async (method, path, headers = {}) => {
    const answer = await fetch(`http://${gateway.clients}${path}`, { method, headers: { authorization: `Bearer ${token()}`, ...headers } });
    const text = method === 'HEAD' || answer.headers.get('content-type') === 'text/event-stream' ? '' : await answer.text();
    await answer.body?.cancel().catch(() => {});
    return { status: answer.status, text, headers: answer.headers };
  };
  assert.equal((await ask('GET', '/sse', { authorization: 'Bearer x' })).status, 401);
  assert.equal((await ask('GET', '/sse?room=')).status, 400);
  assert.match((await ask('GET', '/sse', { 'last-event-id': 'nonsense' })).text, /Last-Event-ID is not a position/);
  assert.equal((await ask('GET', '/sse?namespace=/none')).status, 404);
  const posted = await ask('POST', '/sse');
  assert.deepEqual([posted.status, posted.headers.get('allow')], [405, 'GET, OPTIONS']);
  const head = await ask('HEAD', '/sse');
  assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'text/event-stream']);
  assert.equal((await ask('GET', '/sse', { origin: 'https://evil.example' })).status, 403);
  const preflight = await ask('OPTIONS', '/sse', { origin: 'https://app.example', 'access-control-request-headers': 'authorization' });
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-origin'), preflight.headers.get('access-control-allow-headers')], [204, 'https://app.example', 'authorization']);
  assert.equal((await ask('GET', '/sse', { origin: 'https://app.example' })).headers.get('access-control-allow-origin'), 'https://app.example');
});

test('a stream is a connection: told of, counted, kept alive, ended, drained', async (t) => {
  const gateway = await startGateway(t, ['--client-messages', 'backend', '--ping-interval-seconds', '0.1', '--address-connections-max', '2']);
  const backend = await new Backend(gateway).attached();
  const one = await stream(gateway);
  const { connection, protocol } = await backend.event('connected');
  assert.equal(protocol, 'PROTOCOL_SSE');
  await one.until(() => one.comments.length >= 2, 'signs of life');
  backend.publish({ connection, namespace: '/' }, { text: 'to you' });
  await one.count(1);
  await stream(gateway);
  assert.equal((await stream(gateway)).status, 429);
  backend.command({ disconnect: { target: { connections: [connection] }, reason: 'enough' } });
  await one.until(() => one.isOver, 'its end');
  assert.match(one.text, /: enough\n\n$/);
  assert.equal((await backend.event('disconnected')).disconnected.reason, 'disconnected');
  const last = await stream(gateway);
  gateway.signal();
  await last.until(() => last.isOver, 'the end');
});

test('an EventSource in a browser resumes without loss or doubles when its connection breaks', async (t) => {
  const gateway = await startGateway(t, ['--allowed-origins', '*']);
  const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
  t.after(() => browser.close());
  const page = await browser.newPage();
  const server = http.createServer((request, answer) => answer.setHeader('content-type', 'text/html').end('<!doctype html><title>page</title>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  await page.evaluate((url) => {
    window.got = [];
    window.opens = 0;
    const source = new EventSource(url);
    source.onopen = () => ++window.opens;
    source.onmessage = ({ data }) => window.got.push(data);
    source.addEventListener('gap', () => window.got.push('gap'));
  }, `http://${gateway.clients}/sse`);
  await page.waitForFunction(() => window.opens === 1);
  const wanted = [];
  for (let round = 0; round < 3; ++round) {
    for (let n = 0; n < 10; ++n) {
      wanted.push(`${round}-${n}`);
      await gateway.publish(wanted.at(-1));
      if (n === 5) await gateway.rpc().disconnect({ target: { everyone: true } });
    }
    await page.waitForFunction((n) => window.opens === n, round + 2);
  }
  await page.waitForFunction((n) => window.got.length >= n, wanted.length);
  assert.deepEqual(await page.evaluate(() => window.got), wanted);
});

test('behind nginx, with its buffering as it comes, each event is there at once', async (t) => {
  const gateway = await startGateway(t);
  const nginx = await startNginx(t, gateway.clients);
  const one = await stream({ clients: nginx.address });
  await one.until(() => one.lastId, 'where it stands');
  for (let n = 1; n <= 5; ++n) {
    await gateway.publish(String(n));
    await one.count(n);
  }
  assert.deepEqual(one.events.map((event) => event.data), ['1', '2', '3', '4', '5']);
  one.close();
  await gateway.untilMetric('sluice_connections', { protocol: 'sse' }, (value) => value === 0);
});
