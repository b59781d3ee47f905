// Engine.IO and Socket.IO as their protocols have them, without a client library: requests, and packets on a WebSocket.
import assert from 'node:assert/strict';
import http from 'node:http';
import { Client } from './clients.mjs';

export class Engine {
  #agent = new http.Agent({ keepAlive: true });

  // `route` is /engine.io/ or /socket.io/; every request goes over `agent`, if one is given.
  constructor(gateway, { route = '/engine.io/', query = '', agent } = {}) {
    this.gateway = gateway;
    this.route = route;
    this.query = query;
    if (agent) this.#agent = agent;
  }

  path(transport, parameters = '') {
    const sid = this.sid ? `&sid=${encodeURIComponent(this.sid)}` : '';
    return `${this.route}?EIO=4&transport=${transport}${sid}${this.query}${parameters}`;
  }
  // Gives { status, text, headers }; `path` replaces the whole target.
  ask({ method = 'GET', body, path = this.path('polling'), headers = {} } = {}) {
    const [host, port] = this.gateway.clients.split(':');
    return new Promise((resolve, reject) => {
      const request = http.request({ host, port, method, path, headers, agent: this.#agent }, (answer) => {
        const pieces = [];
        answer.on('data', (piece) => pieces.push(piece));
        answer.on('end', () => resolve({ status: answer.statusCode, text: Buffer.concat(pieces).toString(), headers: answer.headers }));
        answer.on('error', reject);
      });
      request.on('error', reject);
      request.end(body);
      this.last = request;
    });
  }
  async open() {
    const answer = await this.ask();
    const [first, ...early] = answer.text.split('\x1e');
    this.early = early;
    this.handshake = JSON.parse(first.slice(1));
    this.sid = this.handshake.sid;
    return answer;
  }
  poll() {
    return this.ask();
  }
  post(body) {
    return this.ask({ method: 'POST', body, headers: { 'content-type': 'text/plain;charset=UTF-8' } });
  }
  // Polls until there are packets that pass, answering pings; gives them.
  async packets(wanted = () => true) {
    const early = (this.early ?? []).splice(0).filter(wanted);
    if (early.length > 0) return early;
    for (;;) {
      const { status, text } = await this.poll();
      if (status !== 200) throw new Error(`a poll was answered with ${status} ${text}`);
      const packets = text.split('\x1e');
      if (packets.includes('2')) await this.post('3');
      const found = packets.filter((packet) => packet !== '2' && wanted(packet));
      if (found.length > 0) return found;
    }
  }
  // A WebSocket: of this session if it has begun, else of its own.
  async socket() {
    const client = new Client(`ws://${this.gateway.clients}${this.path('websocket')}`);
    await client.opened();
    return client;
  }
  // Moves the session to a WebSocket.
  async upgrade() {
    const client = await this.socket();
    client.send('2probe');
    await client.has('3probe');
    client.send('5');
    return client;
  }
  close() {
    this.#agent.destroy();
  }
}

// A session on `gateway`, open by polling.
export async function openEngine(t, gateway, options = {}) {
  const engine = new Engine(gateway, options);
  t.after(() => engine.close());
  await engine.open();
  return engine;
}
// Asserts that an answer is a refusal as the protocol has it.
export function isRefusal({ status, text }, code, message) {
  assert.equal(status, code === 4 ? 403 : 400);
  assert.deepEqual(JSON.parse(text), { code, message });
}

// A WebSocket that speaks Socket.IO to gateway `on`, joined to `namespaces`.
export async function openSocket(t, on, { namespaces = ['/'], query = '' } = {}) {
  const client = await new Engine(on, { route: '/socket.io/', query }).socket();
  t.after(() => client.terminate());
  await client.count(1);
  client.sids = {};
  for (const name of namespaces) {
    const head = name === '/' ? '0' : `0${name},`;
    client.send(`4${head}`);
    await client.until(() => client.messages.some((one) => typeof one === 'string' && one.startsWith(`4${head}{`)), `to be in ${name}`);
    const answer = client.messages.findLast((one) => typeof one === 'string' && one.startsWith(`4${head}{`));
    Object.assign(client.sids, { [name]: JSON.parse(answer.slice(1 + head.length)) });
  }
  client.messages.length = 0;
  return client;
}
// Without the offsets that the gateway appends.
export const plain = (packet) => (typeof packet === 'string' ? packet.replace(/,"[0-9a-f]{16}-\d+"\]$/, ']') : packet);
