// Clients that record what they see: ws's own, and raw bytes for what no proper client sends.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import WebSocket from 'ws';
import { handshake, parseFrames, splitAddress } from './bytes.mjs';
import { Watch } from './watch.mjs';

// A ws client that keeps all it sees.
export class Client {
  messages = [];
  closed = null;
  failure = null;
  refused = null; // { status, body, headers }, if the handshake was answered with an error
  #wasOpen = false; // it may have been closed again before anybody looked
  #watch = new Watch();

  constructor(url, { protocols = [], onMessage, ...options } = {}) {
    this.socket = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
    this.socket.on('open', () => {
      this.#wasOpen = true;
      this.#watch.notify();
    });
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
    await this.until(() => this.#wasOpen || this.failure || this.refused || this.closed, 'open');
    if (!this.#wasOpen) {
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

export { WebSocket };
