// The wires whose clients can resume, each as little as a real client can be: connect(door, listener, ways) tells `listener` what
// comes, begins where that stopped, and gives { ended, close() }. `door` is a gateway, or what stands before some.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { splitAddress } from '../integration/bytes.mjs';
import { eventually } from '../integration/watch.mjs';
import { WebSocket, io } from './packages.mjs';

// What one client has heard, over all its connections.
export class Listener {
  heard = [];
  gaps = [];
  position; // of the newest that it knows of

  constructor(room) {
    this.room = room;
  }
  take(data, position) {
    this.heard.push(data);
    this.position = position;
    this.onTaken?.();
  }
  stands(position) {
    this.position ??= position;
  }
  gap(reason) {
    this.gaps.push(reason);
    this.onTaken?.();
  }
  // One object as WebSocket, polls, TCP and UDP have it.
  object(one) {
    if ('event' in one) this.take(one.data, one.position);
    else if (one.notice === 'open') this.stands(one.position);
    else if (one.notice === 'gap') this.gap(one.reason);
  }
}

const ending = () => {
  let resolve;
  const ended = new Promise((done) => (resolve = done));
  return { ended, end: resolve };
};
const query = ({ room, position }, name = 'since') => `room=${room}${position ? `&${name}=${position}` : ''}`;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref());

export async function websocket(door, listener) {
  const { ended, end } = ending();
  const socket = new WebSocket(`ws://${door.clients}/?envelope=1&${query(listener)}`, { perMessageDeflate: false });
  socket.on('message', (text) => listener.object(JSON.parse(text)));
  socket.on('error', () => {}).on('close', end);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('close', () => reject(new Error('no WebSocket'))));
  return { ended, close: () => socket.terminate() };
}

export async function sse(door, listener) {
  const { ended, end } = ending();
  const [host, port] = splitAddress(door.clients);
  const headers = listener.position ? { 'last-event-id': listener.position } : {};
  const request = http.get({ host, port, path: `/sse?room=${listener.room}`, headers, agent: false });
  const answer = await new Promise((resolve, reject) => request.on('response', resolve).on('error', reject));
  answer.on('error', () => {}).on('close', end);
  if (answer.statusCode !== 200) {
    request.destroy();
    throw new Error(`SSE was answered with ${answer.statusCode}`);
  }
  let rest = '';
  answer.setEncoding('utf8').on('data', (data) => {
    rest += data;
    for (let until; (until = rest.indexOf('\n\n')) >= 0; rest = rest.slice(until + 2)) event(rest.slice(0, until), listener);
  });
  return { ended, close: () => request.destroy() };
}
function event(text, listener) {
  const fields = Object.fromEntries(text.split('\n').map((line) => /^([^:]*):? ?(.*)$/.exec(line).slice(1)));
  if (fields.event === 'gap') listener.gap(JSON.parse(fields.data).reason);
  else if (fields.data !== undefined) listener.take(fields.data, fields.id);
  else if (fields.id) listener.stands(fields.id);
}

// Held polls; `rest` is the time between an answer and the next poll.
export async function poll(door, listener, { agent, rest = 0 } = {}) {
  const { ended, end } = ending();
  let isOver = false;
  let under;
  const ask = (cursor) => get(door, cursor ? `/poll?room=${listener.room}&cursor=${cursor}&wait=20s` : `/poll?${query(listener)}`, agent, (request) => (under = request));
  const first = await ask();
  if (first.status !== 200) throw new Error(`a poll was answered with ${first.status}`);
  const take = ({ messages, gap, reason }) => {
    if (gap) listener.gap(reason);
    for (const one of messages) listener.object(one);
  };
  take(first.body);
  listener.stands(first.body.cursor.split('.')[0]);
  const loop = async () => {
    for (let { cursor } = first.body; !isOver; await pause(rest)) {
      const answer = await ask(cursor).catch(() => null);
      if (isOver) return;
      if (answer?.status === 200) {
        take(answer.body);
        ({ cursor } = answer.body);
        listener.cursor = cursor;
      } else if (answer && answer.status < 500) {
        return; // The cursor is no good any more.
      } else {
        await pause(100);
      }
    }
  };
  loop().finally(end);
  return {
    ended,
    close() {
      isOver = true;
      under?.destroy();
    },
  };
}
export function get(door, path, agent, onRequest = () => {}) {
  const [host, port] = splitAddress(door.clients);
  return new Promise((resolve, reject) => {
    const request = http.get({ host, port, path, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (data) => (text += data)).on('error', reject);
      answer.on('close', () => (answer.complete ? resolve({ status: answer.statusCode, body: answer.statusCode === 200 ? JSON.parse(text) : text }) : reject(new Error('half an answer'))));
    });
    request.on('error', reject);
    onRequest(request);
  });
}

export async function tcp(door, listener) {
  const { ended, end } = ending();
  const [host, port] = splitAddress(door.address('tcp'));
  const socket = net.connect({ host, port, noDelay: true });
  socket.on('error', () => {}).on('close', end);
  socket.write(`${JSON.stringify({ connect: { rooms: [listener.room], since: listener.position } })}\n`);
  await new Promise((resolve, reject) => {
    createInterface({ input: socket }).on('line', (line) => {
      const one = JSON.parse(line);
      listener.object(one);
      if (one.notice === 'open') resolve();
    });
    socket.once('close', () => reject(new Error('no TCP')));
  });
  return { ended, close: () => socket.destroy() };
}

// Subscribes again twice a second, as nothing tells that a node has gone: not being answered does. What comes twice for that is let go.
export async function udp(door, listener) {
  const { ended, end } = ending();
  const [host, port] = splitAddress(door.address('udp'));
  const socket = dgram.createSocket('udp4');
  let proof;
  let unanswered = 0;
  const subscribe = () => {
    const wish = { room: listener.room, seconds: 10, since: listener.position, proof };
    ++unanswered;
    socket.send(JSON.stringify({ subscribe: wish }).padEnd(100));
  };
  let isOver = false;
  const close = () => {
    if (isOver) return;
    isOver = true;
    clearInterval(timer);
    socket.close();
    end();
  };
  // Connected, it hears this node alone: another may still say something to whoever had this port before.
  socket.connect(port, host);
  await once(socket, 'connect');
  const timer = setInterval(() => (unanswered > 9 ? close() : subscribe()), 500);
  await new Promise((resolve, reject) => {
    ended.then(() => reject(new Error('no UDP')));
    socket.on('error', () => {}).on('message', (data) => {
      const one = JSON.parse(data);
      unanswered = 0;
      if (one.challenge) {
        proof = one.challenge;
        subscribe();
      } else if (one.subscribed) {
        // What it has missed is not to be asked for again.
        if (one.subscribed.gap) {
          listener.gap(one.subscribed.gap);
          listener.position = one.subscribed.position;
        }
        listener.stands(one.subscribed.position);
        resolve();
      } else if (!('event' in one) || isNew(one.position, listener.position)) {
        listener.object(one);
      }
    });
    subscribe();
  });
  return { ended, close };
}
const isNew = (position, known) => {
  const [[epoch, offset], [before, last]] = [position, known].map((one) => one.split('-'));
  return epoch !== before || Number(offset) > Number(last);
};

// Comes back by itself, as its library does; has ended when it came back as another.
const socketIo = (transports) => async (door, listener) => {
  const { ended, end } = ending();
  const socket = io(`http://${door.clients}`, { transports, forceNew: true, query: { room: listener.room }, reconnectionDelay: 100, reconnectionDelayMax: 1000, timeout: 3000 });
  let id;
  socket.on('message', (data, position) => listener.take(data, position));
  await new Promise((resolve) => {
    socket.on('connect', () => {
      if (id !== undefined && !socket.recovered) listener.gap('not_recovered');
      id = socket.id;
      resolve();
    });
  });
  const close = () => {
    socket.close();
    end();
  };
  return { ended, close, socket };
};
export const socketIoByWebSocket = socketIo(['websocket']);
export const socketIoByPolling = socketIo(['polling']);

export const resumable = { websocket, sse, poll, tcp, udp };
export const everyWire = { ...resumable, socketIoByPolling, socketIoByWebSocket };

// A listener of each wire at each of `doors`, which know their `wire`, how to `connect`, their `connection`, and `isOver` once
// that has ended. `t` closes them.
export function listenAt(t, doors, room, wires = resumable) {
  return Promise.all(doors.flatMap((door) => Object.entries(wires).map(async ([wire, connect]) => {
    const listener = Object.assign(new Listener(room), { wire, connect });
    const connection = await connect(door, listener);
    connection.ended.then(() => (listener.isOver = true));
    listener.connection = connection;
    t.after(() => listener.connection.close());
    return listener;
  })));
}
// They have heard this and nothing else, without a gap.
export async function haveHeard(listeners, wanted) {
  await eventually(() => listeners.every((one) => one.heard.length >= wanted.length), 'all of it').catch(() => {});
  for (const one of listeners) assert.deepEqual([one.heard, one.gaps], [wanted, []], one.wire);
}
