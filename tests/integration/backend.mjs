// A backend as its authors would write one: attaches, is told events, acknowledges them, says commands.
import { Watch } from './watch.mjs';

export class Backend {
  events = [];
  results = [];
  hello = null;
  ended = null; // the stream's status, once it has one
  #watch = new Watch();

  // `onEvent(event, backend)` may say commands; events are acknowledged behind it unless `acknowledges` is false.
  constructor(gateway, { group = '', credits = 0, verdicts = false, filter = {}, onEvent = () => {}, acknowledges = true } = {}) {
    this.stream = gateway.rpc('Backends').subscribeEvents();
    this.stream.on('data', (response) => {
      if (response.hello) this.hello = response.hello;
      if (response.lost > 0) this.lost = (this.lost ?? 0) + Number(response.lost);
      for (const event of response.events) {
        this.events.push(event);
        onEvent(event, this);
      }
      this.results.push(...response.results);
      if (response.events.length > 0) {
        this.cursor = response.cursor;
        if (acknowledges) {
          this.acknowledge(response.cursor);
          this.credit(response.events.length);
        }
      }
      this.#watch.notify();
    });
    this.stream.on('error', () => {});
    this.stream.on('status', (status) => {
      this.ended = status;
      this.#watch.notify();
    });
    this.say({ subscribe: { group, credits, verdicts, ...filter } });
  }
  async attached() {
    await this.until(() => this.hello || this.ended, 'to be attached');
    return this;
  }
  until(condition, what = 'an event', ms) {
    return this.#watch.until(condition, () => `${what}; seen ${JSON.stringify(this.events.slice(-5))} ${JSON.stringify(this.ended)}`, ms);
  }
  async event(kind, passes = () => true) {
    const find = () => this.events.find((one) => one.kind === kind && passes(one));
    await this.until(find, `a ${kind} event`);
    return find();
  }
  say(request) {
    this.stream.write(request);
  }
  command(command) {
    this.say({ command });
  }
  publish(connection, payload) {
    this.command({ publish: { target: { namespace: connection.namespace, connections: [connection.connection] }, payload } });
  }
  reply(event, args, attachments = []) {
    this.command({ reply: { connection: event.connection, ackId: event.message.ackId, arguments: JSON.stringify(args), attachments } });
  }
  acknowledge(cursor) {
    this.say({ acknowledge: { cursor } });
  }
  credit(events) {
    this.say({ credit: { events } });
  }
  close() {
    this.stream.cancel();
  }
}

// Whose coming and going several replicas of a group were told of.
export class Told {
  connected = new Map(); // connection -> what was told of its coming
  disconnected = new Map();
  #noted = new Set();

  // What is told again has the number that it had.
  note = ({ kind, source, number, connection, ...event }) => {
    const key = `${source}/${number}`;
    if (!['connected', 'disconnected'].includes(kind) || this.#noted.has(key)) return;
    this.#noted.add(key);
    this[kind].set(connection, [...(this[kind].get(connection) ?? []), { source, number, ...event[kind] }]);
  };
  get open() {
    return [...this.connected.keys()].filter((id) => !this.disconnected.has(id));
  }
  get twice() {
    return [this.connected, this.disconnected].flatMap((events) => [...events].filter(([, all]) => all.length > 1));
  }
}
