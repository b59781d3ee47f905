// What stands between a node and its broker, and can be cut or slow: a TCP proxy for each server.
import net from 'node:net';
import { once } from 'node:events';
import { Transform } from 'node:stream';
import { splitAddress } from '../integration/bytes.mjs';

// Hands each chunk on `delay()` milliseconds after it came, in order.
const late = (delay) => new Transform({
  transform(chunk, _, done) {
    if (delay() > 0) setTimeout(() => this.destroyed || this.push(chunk), delay());
    else this.push(chunk);
    done();
  },
  // The end comes behind them.
  flush(done) {
    delay() > 0 ? setTimeout(done, delay()) : done();
  },
});

class Proxy {
  #pairs = new Set();
  #isCut = false;
  #isSilent = false;
  delay = 0; // milliseconds each way

  static async start(t, target) {
    const proxy = new Proxy();
    proxy.target = target;
    proxy.server = net.createServer((socket) => proxy.#serve(socket)).listen(0, '127.0.0.1');
    await once(proxy.server, 'listening');
    proxy.address = `127.0.0.1:${proxy.server.address().port}`;
    t.after(() => {
      proxy.cut();
      proxy.server.close();
    });
    return proxy;
  }
  #serve(socket) {
    if (this.#isCut) return socket.destroy();
    const [host, port] = splitAddress(this.target);
    const other = net.connect({ host, port, noDelay: true });
    socket.setNoDelay(true);
    const [there, back] = [late(() => this.delay), late(() => this.delay)];
    const pair = { socket, other, there, back };
    there.pipe(other);
    back.pipe(socket);
    this.#pairs.add(pair);
    if (!this.#isSilent) this.#join(pair);
    for (const one of [socket, other]) {
      one.on('error', () => {});
      one.on('close', () => {
        this.#pairs.delete(pair);
        socket.destroy();
        other.destroy();
      });
    }
  }
  #join({ socket, other, there, back }) {
    socket.pipe(there);
    other.pipe(back);
  }
  cut() {
    this.#isCut = true;
    for (const { socket, other } of this.#pairs) {
      socket.destroy();
      other.destroy();
    }
  }
  silence() {
    this.#isSilent = true;
    for (const { socket, other, there, back } of this.#pairs) {
      socket.unpipe(there).pause();
      other.unpipe(back).pause();
    }
  }
  restore() {
    this.#isCut = this.#isSilent = false;
    for (const pair of this.#pairs) this.#join(pair);
  }
}

export class Link {
  static async start(t, nats) {
    const link = new Link();
    link.proxies = await Promise.all(nats.servers.map((server) => Proxy.start(t, server.address)));
    return link;
  }
  get addresses() {
    return this.proxies.map((proxy) => proxy.address);
  }
  // Connections break, and no new ones come about.
  cut() {
    for (const proxy of this.proxies) proxy.cut();
  }
  // Nothing gets through any more, and nobody is told.
  silence() {
    for (const proxy of this.proxies) proxy.silence();
  }
  // So many milliseconds each way.
  slow(delay) {
    for (const proxy of this.proxies) proxy.delay = delay;
  }
  restore() {
    for (const proxy of this.proxies) proxy.restore();
  }
}
