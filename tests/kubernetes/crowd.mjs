// Clients of every wire, as applications have them: they stay in a room, come back when they are sent away, and resume.
import dgram from 'node:dgram';
import net from 'node:net';
import EventSource from 'eventsource';
import { io } from 'socket.io-client';
import WebSocket from 'ws';
import { Member } from './member.mjs';

class WebSocketMember extends Member {
  start() {
    const since = this.position ? `since=${this.position}` : 'envelope=1';
    this.socket = new WebSocket(`ws://${this.addresses.http}/?room=${this.room}&${since}`);
    this.socket.on('open', () => this.letIn());
    this.socket.on('message', (data) => this.hear(JSON.parse(data)));
    this.socket.on('unexpected-response', (_, answer) => this.refused(answer.statusCode));
    this.socket.on('error', (error) => this.socket.readyState === WebSocket.CONNECTING && this.refused(error.code ?? error.message));
    this.socket.on('close', () => this.comeBack(() => this.start()));
  }
  stop() {
    this.socket.close();
  }
}

// The library does all of it by itself: reconnecting, and recovery with the offset that it keeps.
class SocketIoMember extends Member {
  transports = ['polling', 'websocket'];
  start() {
    this.socket = io(`http://${this.addresses.http}`, {
      forceNew: true, transports: this.transports, query: { room: this.room }, reconnectionDelay: 500, reconnectionDelayMax: 1500,
    });
    this.socket.on('message', (text) => this.see(text));
    this.socket.on('connect', () => {
      this.letIn();
      if (this.opened > 1 && !this.socket.recovered) this.gaps.push('not recovered');
    });
    this.socket.io.on('reconnect_error', (error) => this.refused(error.context?.status ?? error.message));
    this.socket.on('connect_error', (error) => this.opened === 0 && this.refused(error.message));
  }
  stop() {
    this.socket.close();
  }
}
class SocketIoWebSocketMember extends SocketIoMember {
  transports = ['websocket'];
}

class EventSourceMember extends Member {
  start() {
    this.source = new EventSource(`http://${this.addresses.http}/sse?room=${this.room}`);
    this.source.onopen = () => this.letIn();
    this.source.onmessage = ({ data }) => this.see(data);
    this.source.addEventListener('gap', ({ data }) => this.gaps.push(JSON.parse(data).reason));
    this.source.onerror = (error) => {
      if (error.status) this.refused(error.status);
      if (this.source.readyState === EventSource.CLOSED) this.comeBack(() => this.start());
    };
  }
  stop() {
    this.source.close();
  }
}

class PollingMember extends Member {
  abort = new AbortController();
  start() {
    this.poll().catch((error) => {
      if (this.opened === 0 || error.status) this.refused(error.status ?? error.cause?.code ?? error.message);
      this.comeBack(() => this.start());
    });
  }
  async poll() {
    for (let isFirst = true; !this.isOver; isFirst = false) {
      // The room is for a cursor whose node is gone: its position counts then.
      const place = this.cursor ? `&cursor=${this.cursor}` : this.position ? `&since=${this.position}` : '';
      const answer = await fetch(`http://${this.addresses.http}/poll?room=${this.room}${place}&wait=${isFirst ? 0 : 20}s`, { signal: this.abort.signal });
      if (answer.status === 410) {
        this.position = this.cursor.split('.')[0];
        this.cursor = null;
        continue;
      }
      if (!answer.ok) throw Object.assign(new Error('refused'), { status: `${answer.status} ${await answer.text()}` });
      if (isFirst) this.letIn();
      const { cursor, messages, gap, reason, retry_ms: rest } = await answer.json();
      if (gap) this.gaps.push(reason);
      for (const message of messages) this.hear(message);
      this.cursor = cursor;
      if (!rest) continue;
      // Its node drains.
      await new Promise((resolve) => setTimeout(resolve, rest));
      this.letIn();
    }
  }
  stop() {
    this.abort.abort();
  }
}

class LineMember extends Member {
  start() {
    const [host, port] = this.addresses.tcp.split(':');
    this.socket = net.connect({ host, port: Number(port) });
    let rest = '';
    let isOpen = false;
    const got = (line) => {
      const object = JSON.parse(line);
      if (object.notice === 'open' && !isOpen) {
        isOpen = true;
        this.letIn();
      }
      this.hear(object);
    };
    this.socket.on('connect', () => this.socket.write(`${JSON.stringify({ join: { rooms: [this.room], since: this.position } })}\n`));
    this.socket.on('data', (data) => {
      rest += data;
      for (let end; (end = rest.indexOf('\n')) >= 0; rest = rest.slice(end + 1)) got(rest.slice(0, end));
    });
    this.socket.on('error', (error) => isOpen || this.refused(error.code));
    this.socket.on('close', () => this.comeBack(() => this.start()));
  }
  stop() {
    this.socket.destroy();
  }
}

// Datagrams are lost when they are lost; what counts is that it hears again once it has renewed its lease.
class DatagramMember extends Member {
  start() {
    const [host, port] = this.addresses.udp.split(':');
    this.socket = dgram.createSocket('udp4');
    const say = (wish) => this.socket.send(JSON.stringify({ subscribe: { room: this.room, seconds: 30, ...wish } }).padEnd(60), Number(port), host);
    this.socket.on('message', (data) => {
      const object = JSON.parse(data);
      if (object.challenge) say({ proof: object.challenge });
      if (object.subscribed) this.opened += 1;
      if (object.event) this.see(object.data);
    });
    this.socket.on('error', () => {});
    this.socket.bind(0, () => say({}));
    this.renewal = setInterval(() => say({}), 5000);
  }
  stop() {
    clearInterval(this.renewal);
    this.socket.close();
  }
}

// How often each of them is there, as text.
function count(texts) {
  return [...new Set(texts)].map((text) => `${text} ${texts.filter((one) => one === text).length}`).join(', ');
}

const wires = {
  websocket: WebSocketMember, socketio: SocketIoMember, 'socketio-websocket': SocketIoWebSocketMember,
  sse: EventSourceMember, poll: PollingMember, tcp: LineMember, udp: DatagramMember,
};

export class Crowd {
  members = [];
  // `counts` says how many of each wire; they are spread over the rooms one by one.
  constructor(addresses, rooms, counts) {
    for (const [wire, count] of Object.entries(counts)) {
      for (let at = 0; at < count; ++at) {
        const member = new wires[wire](addresses, rooms[this.members.length % rooms.length]);
        this.members.push(Object.assign(member, { wire }));
      }
    }
  }
  start() {
    for (const member of this.members) member.start();
  }
  get open() {
    return this.members.filter((member) => member.opened > 0).length;
  }
  stop() {
    for (const member of this.members.filter((one) => !one.isOver)) {
      member.isOver = true;
      member.stop();
    }
  }
  // Those whose wire can resume.
  get resumers() {
    return this.members.filter((member) => member.wire !== 'udp');
  }
  // By wire: how many there are, how often they came back, and what went wrong.
  summary() {
    return Object.keys(wires).map((wire) => {
      const own = this.members.filter((member) => member.wire === wire);
      const sum = (of) => own.reduce((total, member) => total + of(member), 0);
      return {
        wire, clients: own.length, seen: sum((one) => one.seen), returns: sum((one) => one.returns.length), lost: sum((one) => one.lost),
        doubled: sum((one) => one.doubled), gaps: count(own.flatMap((one) => one.gaps)), refused: count(own.flatMap((one) => one.refusals)),
      };
    });
  }
  // How many came back in each second since `from`.
  returnsBySecond(from) {
    const counts = [];
    for (const at of this.members.flatMap((member) => member.returns)) {
      if (at < from) continue;
      const second = Math.floor((at - from) / 1000);
      counts[second] = (counts[second] ?? 0) + 1;
    }
    return Array.from(counts, (count) => count ?? 0);
  }
}
