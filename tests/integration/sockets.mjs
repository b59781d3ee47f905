// Clients of --listen-tcp and --listen-udp: JSON objects, a line or a datagram each.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { Watch, splitAddress } from './harness.mjs';

class ObjectClient {
  objects = [];
  raw = [];
  isOver = false;
  watch = new Watch();
  got(text) {
    this.raw.push(text);
    this.objects.push(JSON.parse(text));
    this.watch.notify();
  }
  until(condition, what) {
    return this.watch.until(condition, () => `${what}: ${this.raw.slice(-10).join('\n')}`);
  }
  // The first object that has not been asked for yet and fits.
  async next(fits, what = String(fits)) {
    await this.until(() => this.objects.some(fits), what);
    return this.objects.splice(this.objects.findIndex(fits), 1)[0];
  }
  get heard() {
    return this.objects.filter((one) => 'event' in one);
  }
  get texts() {
    return this.heard.map((one) => one.data);
  }
  count(n) {
    return this.until(() => this.heard.length >= n, `${n} messages`);
  }
}

export class LineClient extends ObjectClient {
  constructor(socket) {
    super();
    this.socket = socket;
    let rest = '';
    socket.on('data', (data) => {
      rest += data;
      for (let end; (end = rest.indexOf('\n')) >= 0; rest = rest.slice(end + 1)) this.got(rest.slice(0, end));
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isOver = true;
      this.watch.notify();
    });
  }
  send(...objects) {
    this.socket.write(objects.map((one) => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join(''));
  }
  // The reply to a command, which has this id.
  async ask(id, command) {
    this.send({ id, ...command });
    return this.next((one) => one.reply === id, `the reply to ${id}`);
  }
  over() {
    return this.until(() => this.isOver, 'the end');
  }
}

export async function connectTcp(gateway, { secure } = {}) {
  const [host, port] = splitAddress(gateway.address(secure ? 'tcp_tls' : 'tcp'));
  const socket = secure ? tls.connect({ host, port, ...secure }) : net.connect({ host, port });
  await once(socket, secure ? 'secureConnect' : 'connect');
  return new LineClient(socket);
}

class DatagramClient extends ObjectClient {
  constructor(socket, port, host) {
    super();
    Object.assign(this, { socket, port, host });
    socket.on('message', (data) => this.got(data.toString()));
    socket.on('error', () => {});
  }
  send(object) {
    const text = typeof object === 'string' || Buffer.isBuffer(object) ? object : JSON.stringify(object);
    this.socket.send(text, this.port, this.host);
  }
  // Subscribes, with the proof that a challenge asks for; gives what the answer says.
  async subscribe(wish = {}) {
    this.send(JSON.stringify({ subscribe: wish }).padEnd(40));
    const { challenge } = await this.next((one) => one.challenge, 'a challenge');
    assert.match(challenge, /^[\w-]{8}$/);
    this.send({ subscribe: { ...wish, proof: challenge } });
    const answer = await this.next((one) => one.subscribed || one.error, 'the subscription');
    return answer.subscribed ?? answer;
  }
}

export async function openUdp(t, gateway, { host, from } = {}) {
  const [address, port] = splitAddress(gateway.address('udp'));
  const socket = dgram.createSocket((host ?? address).includes(':') ? 'udp6' : 'udp4');
  socket.bind(0, from);
  await once(socket, 'listening');
  t.after(() => socket.close());
  return new DatagramClient(socket, port, host ?? address);
}
