// npm's packages, which are installed with the integration tests.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../integration/package.json', import.meta.url));
export const { connect: connectToNats } = require('nats');
export const { io } = require('socket.io-client');
export const WebSocket = require('ws');
