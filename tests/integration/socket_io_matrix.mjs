// What two Socket.IO clients say to each other, with the library old and new and over every transport.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { io } from 'socket.io-client';
import { io as io40 } from 'socket.io-client-4.0';
import { eventually } from './watch.mjs';

export const ways = [['polling'], ['websocket'], ['polling', 'websocket']];
// With and without a TCP connection of its own for each request, which a WebSocket has anyway.
const connections = (transports) => (transports[0] === 'polling' ? [true, false] : [true]);
export const cells = [['newest', io], ['4.0', io40]].flatMap(([version, make]) => ways.flatMap((transports) => connections(transports).map((keepAlive) => ({
  make, transports, keepAlive,
  name: `socket.io-client ${version} by ${transports.join(' and ')}${keepAlive ? '' : ', a TCP connection for each request'}`,
}))));

// `door` is a gateway, or what stands before some. Who says something learns how many of its own node hear it, which is
// one of `reached`.
export async function talk(t, door, { make, transports, keepAlive, room = 'lobby', reached = [1] }) {
  const agent = new http.Agent({ keepAlive });
  const connect = async () => {
    const socket = make(`http://${door.clients}`, { transports, agent, forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 20, query: { room } });
    t.after(() => socket.close());
    socket.got = [];
    socket.on('n', (number) => socket.got.push(number));
    await new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return socket;
  };
  const [a, b] = await Promise.all([connect(), connect()]);
  // Under traffic from the first moment on, which the upgrade falls into.
  const answered = [];
  for (let number = 0; number < 100; ++number) {
    answered.push(new Promise((resolve) => a.emit('n', number, resolve)));
    if (number % 10 === 9) await answered.at(-1);
  }
  for (const count of await Promise.all(answered)) assert.ok(reached.includes(count), `heard by ${count}`);
  while (b.got.length < 100) await once(b, 'n');
  assert.deepEqual(b.got, Array.from({ length: 100 }, (_, number) => number));
  const file = once(a, 'file');
  b.emit('file', { name: 'x', data: Buffer.from([1, 2, 3]) }, [Buffer.from('y')]);
  const got = await file;
  assert.deepEqual([got[0].name, Buffer.from(got[0].data), Buffer.from(got[1][0])], ['x', Buffer.from([1, 2, 3]), Buffer.from('y')]);
  await eventually(() => a.io.engine.transport.name === transports.at(-1), 'the upgrade');
}
