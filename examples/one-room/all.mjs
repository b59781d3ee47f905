// One room, seven kinds of client: each says one thing, and all hear all of it, once, in one order.
//   node all.mjs [page]    with page an EventSource in your browser takes part: open the address that is printed
// Wants a gateway that relays: scripts/run.sh --listen-tcp 127.0.0.1:7000 --listen-udp 127.0.0.1:7000
// Other addresses: CLIENTS=host:port TCP=host:port UDP=host:port
import { spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';
import WebSocket from 'ws';

const withPage = process.argv.includes('page');
const clients = process.env.CLIENTS ?? '127.0.0.1:8080';
const split = (address) => [address.slice(0, address.lastIndexOf(':')), address.slice(address.lastIndexOf(':') + 1)];
const [tcpHost, tcpPort] = split(process.env.TCP ?? '127.0.0.1:7000');
const [udpHost, udpPort] = split(process.env.UDP ?? '127.0.0.1:7000');
const room = 'one-room';
const heard = {}; // by client: what it heard, in its order
const hear = (name) => (text) => heard[name].push(text);
const speakers = []; // [name, what speaks]

async function webSocket(name) {
  const socket = new WebSocket(`ws://${clients}/?room=${room}`);
  socket.on('message', (data) => hear(name)(String(data)));
  await once(socket, 'open');
  speakers.push([name, (text) => socket.send(text)]);
}

async function socketIo(name) {
  const socket = io(`http://${clients}`, { query: { room } });
  socket.on('message', hear(name));
  await once(socket, 'connect');
  // Who sends with Socket.IO does not hear itself.
  speakers.push([name, (text) => { socket.emit('message', text); hear(name)(text); }]);
}

const publish = (text) => fetch(`http://${clients}/publish?room=${room}`, { method: 'POST', body: text });

async function poller(name, wait) {
  const ask = async (query) => (await fetch(`http://${clients}/poll?room=${room}&${query}`)).json();
  let { cursor } = await ask('');
  (async () => {
    for (;;) {
      const answer = await ask(`cursor=${cursor}&wait=${wait}`);
      for (const message of answer.messages) hear(name)(message.data);
      cursor = answer.cursor;
      if (wait === '0') await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })().catch(() => {});
  speakers.push([name, publish]);
}

async function netcat(name) {
  const nc = spawn('nc', [tcpHost, tcpPort], { stdio: ['pipe', 'pipe', 'inherit'] });
  nc.on('error', () => fail('nc is not there; Debian has it as netcat-openbsd'));
  const lines = createInterface({ input: nc.stdout });
  const say = (object) => nc.stdin.write(`${JSON.stringify(object)}\n`);
  say({ join: room });
  await once(lines, 'line');
  lines.on('line', (line) => {
    const object = JSON.parse(line);
    if ('event' in object) hear(name)(object.data);
  });
  speakers.push([name, (text) => say({ publish: { room, data: text } })]);
}

async function datagrams(name) {
  const socket = dgram.createSocket('udp4');
  const say = (object) => socket.send(JSON.stringify(object), udpPort, udpHost);
  const subscribed = new Promise((resolve) => {
    socket.on('message', (data) => {
      const object = JSON.parse(data);
      if (object.challenge) say({ subscribe: { room, seconds: 60, proof: object.challenge } });
      else if (object.subscribed) resolve();
      else if ('event' in object) hear(name)(object.data);
    });
  });
  say({ subscribe: { room, seconds: 60 } });
  await subscribed;
  speakers.push([name, (text) => say({ publish: { room, data: text } })]);
}

// The page hears by EventSource and says what it heard; it speaks by fetch.
async function page(name) {
  let joined;
  const isThere = new Promise((resolve) => (joined = resolve));
  const server = http.createServer((request, answer) => {
    const { pathname, searchParams } = new URL(request.url, 'http://any');
    if (pathname === '/there') joined();
    if (pathname === '/heard') hear(name)(searchParams.get('text'));
    if (pathname !== '/') return answer.end();
    answer.setHeader('content-type', 'text/html; charset=utf-8');
    answer.end(readFileSync(new URL('page.html', import.meta.url), 'utf8').replaceAll('CLIENTS', clients).replaceAll('ROOM', room));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  console.log(`open http://127.0.0.1:${server.address().port}/ in a browser`);
  await isThere;
  speakers.push([name, publish]);
}

function fail(why) {
  console.error(why);
  process.exit(1);
}

const kinds = [
  ['ws', webSocket], ['socket.io', socketIo], ['long poller', (name) => poller(name, '25s')],
  ['short poller', (name) => poller(name, '0')], ['nc', netcat], ['udp', datagrams], ...(withPage ? [['EventSource', page]] : []),
];
for (const [name] of kinds) heard[name] = [];
const patience = setTimeout(() => fail('not all clients could join; is the gateway there, with --listen-tcp and --listen-udp?'), withPage ? 300_000 : 20_000);
await Promise.all(kinds.map(([name, start]) => start(name)));
clearTimeout(patience);
for (const [name, speak] of speakers) await speak(`hello from ${name}`);
const isDone = () => Object.values(heard).every((texts) => texts.length >= kinds.length);
for (const end = Date.now() + 10_000; !isDone() && Date.now() < end;) await new Promise((resolve) => setTimeout(resolve, 20));
// A second copy would come now.
await new Promise((resolve) => setTimeout(resolve, 200));
for (const [name, texts] of Object.entries(heard)) console.log(`${name.padEnd(13)} ${texts.map((text) => text.replace('hello from ', '')).join(', ')}`);
const order = heard.ws.join();
// What Socket.IO's client said itself it knows from itself: its order is that of the others without it.
const without = (texts) => texts.filter((text) => text !== 'hello from socket.io').join();
const isSame = Object.entries(heard).every(([name, texts]) => (name === 'socket.io' ? without(texts) === without(heard.ws) : texts.join() === order));
const isWhole = Object.values(heard).every((texts) => texts.length === kinds.length && new Set(texts).size === kinds.length);
if (!isSame || !isWhole) fail('they did not hear the same, once, in one order');
console.log(`${kinds.length} clients heard ${kinds.length} messages each, in one order`);
process.exit(0);
