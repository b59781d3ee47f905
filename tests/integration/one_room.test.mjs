// One room in one gateway, whatever its clients speak.
import { test } from 'node:test';
import { startGateway } from './harness.mjs';
import { meet } from './one_room.mjs';

test('WebSocket, Socket.IO, EventSource, pollers, nc and a UDP socket hear each other in one order', async (t) => {
  await meet(t, await startGateway(t, ['--workers', '4', '--allowed-origins', '*', '--listen-tcp', '127.0.0.1:0', '--listen-udp', '127.0.0.1:0']));
});
