// What every test uses: the real program on free ports, real clients, and waiting for events instead of for time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import WebSocket from 'ws';

export const binary = process.env.SLUICE_BINARY ?? fail('SLUICE_BINARY names no program');
export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
// Sanitized builds are several times slower; what only takes long there is scaled by this.
export const isSanitized = readFileSync(binary).includes('__asan_init');
const patience = isSanitized ? 60_000 : 20_000;

function fail(why) {
  throw new Error(why);
}

// Resolves once `condition()` is true, asked again at each event of `emitter`-like sources that call `notify`.
export class Watch {
  #waiting = new Set();
  notify() {
    for (const check of [...this.#waiting]) check();
  }
  until(condition, what, ms = patience) {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`waited ${ms} ms in vain for: ${typeof what === 'function' ? what() : what}`));
      }, ms);
      this.#waiting.add(check);
    });
  }
}

// Asks again and again, with a pause, until `condition` (which may be async) gives something true. For what tells nobody
// when it changes: metrics, /proc.
export async function eventually(condition, what, ms = patience) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// Starts the program. `t` ends it; a crash, a sanitizer's report or a bad exit code fails the test. `wrap` gives a shell
// text in which "$@" is the program with its arguments.
export async function startGateway(t, flags = [], { env = {}, wrap, ports = true, grpc: grpcFlag = true } = {}) {
  const all = ['serve', '--log-format', 'json', '--workers', '2', ...defaults(flags, ports, grpcFlag), ...flags];
  const child = wrap
    ? spawn('sh', ['-c', wrap, 'sh', binary, ...all], { env: { ...process.env, ...env } })
    : spawn(binary, all, { env: { ...process.env, ...env } });
  const gateway = new Gateway(child, flags);
  t?.after(() => gateway.stop());
  await gateway.ready();
  return gateway;
}

function defaults(flags, ports, grpcFlag) {
  const has = (flag) => flags.some((one) => one === flag || one.startsWith(`${flag}=`));
  const found = [];
  if (ports && !has('--listen')) found.push('--listen', '127.0.0.1:0');
  if (ports && grpcFlag && !has('--grpc')) found.push('--grpc', '127.0.0.1:0');
  if (ports && !has('--admin')) found.push('--admin', '127.0.0.1:0');
  if (!has('--drain-seconds')) found.push('--drain-seconds', '0');
  if (!has('--client-messages')) found.push('--client-messages', 'relay');
  return found;
}

export class Gateway {
  log = [];
  stderr = '';
  exit = null;
  expectedExit = 0;
  #watch = new Watch();

  constructor(child) {
    this.child = child;
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.stderr += `${line}\n`;
      try {
        this.log.push(JSON.parse(line));
      } catch {
        this.log.push({ event: 'unparsed', line });
      }
      this.#watch.notify();
    });
    child.on('close', (code, signal) => {
      this.exit = { code, signal };
      this.#watch.notify();
    });
  }

  until(condition, what, ms) {
    return this.#watch.until(condition, () => `${what}\n${this.stderr.slice(-3000)}`, ms);
  }
  logged(event, fields = {}) {
    return this.log.find((line) => line.event === event && Object.entries(fields).every(([k, v]) => line[k] === v));
  }
  async ready() {
    await this.until(() => this.exit || this.logged('ready'), 'the gateway to be ready');
    assert.equal(this.exit, null, `the gateway ended:\n${this.stderr}`);
  }
  address(what, at = 0) {
    return this.log.filter((line) => line.event === 'listening' && line.what === what)[at].address;
  }
  get clients() {
    return this.address('clients');
  }
  get pid() {
    return this.child.pid;
  }
  url(query = '', route = '/') {
    return `ws://${this.clients}${route}${query}`;
  }

  // Opens a recording client and waits until it is open.
  async connect(query = '', options = {}) {
    const client = new Client(options.url ?? this.url(query), options);
    await client.opened();
    return client;
  }
  rpc(service = 'Gateway') {
    this.rpcs ??= {};
    return (this.rpcs[service] ??= rpcClient(this.address('grpc'), service));
  }
  publish(text, target = { rooms: ['lobby'] }, options = {}, payload = { text }) {
    return this.rpc().publish({ target, payload, options });
  }
  // A call as JSON; gives { status, body }.
  async json(method, body, headers = {}) {
    const answer = await fetch(`http://${this.address('admin')}/sluice.v1.${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  }
  async admin(route) {
    const answer = await fetch(`http://${this.address('admin')}${route}`);
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  }
  // A metric's value: the sum over all series of `name` with these labels.
  async metric(name, labels = {}) {
    const series = parseMetrics((await this.admin('/metrics')).text);
    const found = series.filter(
      (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    );
    assert.ok(found.length > 0, `there is no metric ${name} ${JSON.stringify(labels)}`);
    return found.reduce((sum, one) => sum + one.value, 0);
  }
  untilMetric(name, labels, wanted) {
    return eventually(async () => wanted(await this.metric(name, labels)), `${name} ${JSON.stringify(labels)}`);
  }

  signal(name = 'SIGTERM') {
    this.isSignalled ||= name === 'SIGTERM';
    this.child.kill(name);
  }
  async ended() {
    await this.until(() => this.exit, 'the gateway to end', patience);
    return this.exit;
  }
  async stop() {
    for (const one of Object.values(this.rpcs ?? {})) one.close();
    if (!this.exit && !this.isSignalled) this.signal();
    const exit = await this.ended();
    assert.doesNotMatch(this.stderr, /Sanitizer|runtime error|broken invariant/, this.stderr.slice(0, 6000));
    assert.deepEqual(exit, { code: this.expectedExit, signal: null }, this.stderr.slice(-3000));
  }
}

// A ws client that keeps all it sees.
export class Client {
  messages = [];
  closed = null;
  failure = null;
  refused = null; // { status, body, headers }, if the handshake was answered with an error
  #watch = new Watch();

  constructor(url, { protocols = [], onMessage, ...options } = {}) {
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    this.socket.on('open', () => this.#watch.notify());
    this.socket.on('message', (data, isBinary) => {
      const message = isBinary ? data : data.toString();
      this.messages.push(message);
      onMessage?.(message, this);
      this.#watch.notify();
    });
    this.socket.on('unexpected-response', async (request, response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      this.refused = { status: response.statusCode, body: Buffer.concat(chunks).toString(), headers: response.headers };
      this.#watch.notify();
    });
    this.socket.on('error', (error) => {
      this.failure = error;
      this.#watch.notify();
    });
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#watch.notify();
    });
  }
  until(condition, what = 'a client', ms = undefined) {
    return this.#watch.until(
      condition,
      () => `${what}; seen ${this.messages.length}: ${String(this.messages.slice(-3)).slice(0, 500)} ${this.failure ?? ''}`,
      ms,
    );
  }
  async opened() {
    await this.until(() => this.socket.readyState === WebSocket.OPEN || this.failure || this.refused || this.closed, 'open');
    if (this.socket.readyState !== WebSocket.OPEN) {
      throw new Error(`not opened: ${JSON.stringify(this.refused)} ${this.failure} ${JSON.stringify(this.closed)}`);
    }
    return this;
  }
  async whenRefused() {
    await this.until(() => this.refused || this.failure || this.socket.readyState === WebSocket.OPEN, 'a refusal');
    assert.ok(this.refused, `not refused: ${this.failure}`);
    return this.refused;
  }
  async whenClosed() {
    await this.until(() => this.closed, 'close');
    return this.closed;
  }
  count(n) {
    return this.until(() => this.messages.length >= n, `${n} messages`);
  }
  has(message) {
    return this.until(() => this.messages.includes(message), `the message ${message}`);
  }
  // The enveloped messages, parsed.
  get parsed() {
    return this.messages.map((message) => JSON.parse(message));
  }
  send(data) {
    this.socket.send(data);
  }
  async close(code = 1000) {
    this.socket.close(code);
    return this.whenClosed();
  }
  terminate() {
    this.socket.terminate();
  }
}

// Raw bytes over TCP: for what no proper client sends.
export class Raw {
  received = Buffer.alloc(0);
  ended = false;
  failure = null;
  #watch = new Watch();

  static async open(address, t) {
    const raw = new Raw();
    const [host, port] = splitAddress(address);
    raw.socket = net.connect({ host, port, noDelay: true });
    raw.socket.on('data', (data) => {
      raw.received = Buffer.concat([raw.received, data]);
      raw.#watch.notify();
    });
    for (const event of ['end', 'close']) {
      raw.socket.on(event, () => {
        raw.ended = true;
        raw.#watch.notify();
      });
    }
    raw.socket.on('error', (error) => {
      raw.failure = error;
    });
    t?.after(() => raw.socket.destroy());
    await once(raw.socket, 'connect');
    return raw;
  }
  // Opens and upgrades; `extra` follows the handshake in the same segment.
  static async upgrade(address, { query = '', headers = '', extra = Buffer.alloc(0), t } = {}) {
    const raw = await Raw.open(address, t);
    raw.write(Buffer.concat([Buffer.from(handshake(query, headers)), extra]));
    await raw.until(() => raw.received.includes('\r\n\r\n') || raw.ended, 'the answer to the handshake');
    const end = raw.received.indexOf('\r\n\r\n') + 4;
    raw.head = raw.received.subarray(0, end).toString();
    raw.received = raw.received.subarray(end);
    return raw;
  }
  write(data) {
    this.socket.write(data);
  }
  until(condition, what, ms) {
    return this.#watch.until(condition, () => `${what}; received ${this.received.length} bytes: ${this.received.subarray(0, 300)}`, ms);
  }
  untilEnd() {
    return this.until(() => this.ended, 'the end of the stream');
  }
  // The whole frames so far: [{ opcode, final, payload }].
  get frames() {
    return parseFrames(this.received);
  }
  async closeFrame() {
    await this.until(() => this.frames.some((frame) => frame.opcode === 8), 'a close frame');
    const { payload } = this.frames.find((frame) => frame.opcode === 8);
    return { code: payload.length >= 2 ? payload.readUInt16BE(0) : null, reason: payload.subarray(2).toString() };
  }
}

export function splitAddress(address) {
  const colon = address.lastIndexOf(':');
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), Number(address.slice(colon + 1))];
}

export function handshake(query = '', headers = '', { path: route = '/', version = '13' } = {}) {
  return (
    `GET ${route}${query} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
    `Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: ${version}\r\n${headers}\r\n`
  );
}

// A client's frame, masked unless told otherwise.
export function frame(opcode, payload = '', { fin = true, rsv = 0, masked = true, length } = {}) {
  const data = Buffer.from(payload);
  const size = length ?? data.length;
  const head = [(fin ? 0x80 : 0) | rsv | opcode];
  if (size < 126) head.push(size);
  else if (size < 65536) head.push(126, size >> 8, size & 255);
  else head.push(127, 0, 0, 0, 0, (size / 2 ** 24) & 255, (size >> 16) & 255, (size >> 8) & 255, size & 255);
  if (!masked) return Buffer.concat([Buffer.from(head), data]);
  head[1] |= 0x80;
  const mask = [0x12, 0x34, 0x56, 0x78];
  return Buffer.concat([Buffer.from([...head, ...mask]), Buffer.from(data.map((byte, at) => byte ^ mask[at & 3]))]);
}

export function parseFrames(bytes) {
  const frames = [];
  while (bytes.length >= 2) {
    let size = bytes[1] & 127;
    let at = 2;
    if (size === 126) [size, at] = bytes.length >= 4 ? [bytes.readUInt16BE(2), 4] : [Infinity, 4];
    else if (size === 127) [size, at] = bytes.length >= 10 ? [Number(bytes.readBigUInt64BE(2)), 10] : [Infinity, 10];
    if (bytes.length < at + size) break;
    frames.push({ opcode: bytes[0] & 15, final: bytes[0] >= 128, payload: bytes.subarray(at, at + size) });
    bytes = bytes.subarray(at + size);
  }
  return frames;
}

const definition = protoLoader.loadSync(
  ['gateway.proto', 'nodes.proto'].map((file) => path.join(root, 'proto/sluice/v1', file)),
  { includeDirs: [path.join(root, 'proto')], longs: Number, enums: String, defaults: true, oneofs: true },
);
export const proto = grpc.loadPackageDefinition(definition).sluice.v1;
export const errorStatus = proto.ErrorStatus;

// A client whose unary calls are promises, with a deadline.
export function rpcClient(address, service = 'Gateway') {
  const client = new proto[service](address, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': 64 << 20,
  });
  return new Proxy(client, {
    get(target, name) {
      const method = target[name];
      if (typeof method !== 'function') return method;
      if (method.requestStream || method.responseStream || !method.path) return method.bind(target);
      return (request, deadline = patience) =>
        new Promise((resolve, reject) => {
          method.call(target, request, { deadline: Date.now() + deadline }, (error, answer) =>
            error ? reject(error) : resolve(answer),
          );
        });
    },
  });
}

// Asserts that a call fails with this status, and gives its error.
export async function rejects(promise, code) {
  const error = await promise.then(
    (value) => fail(`did not fail: ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  assert.equal(grpc.status[error.code], code, `${error.code} ${error.details ?? error.message}`);
  return error;
}

export function parseMetrics(text) {
  const series = [];
  for (const line of text.split('\n')) {
    const match = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, label, value] of (match[2] ?? '').matchAll(/([a-z_0-9]+)="((?:[^"\\]|\\.)*)"/g)) labels[label] = value;
    series.push({ name: match[1], labels, value: Number(match[3].replace('+Inf', 'Infinity')) });
  }
  return series;
}

// Runs the program to its end; gives { code, stdout, stderr }.
export async function run(args, { env = {}, input } = {}) {
  const child = spawn(binary, args, { env: { ...process.env, ...env } });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  child.stdin.end(input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { code, stdout, stderr };
}

export { grpc, WebSocket };
