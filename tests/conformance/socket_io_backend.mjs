// The application that Socket.IO's protocol test suite expects behind the server, as a backend of the gateway: sends each
// client its auth payload, sends messages back, answers what is to be answered.
//   socket_io_backend.mjs GRPC_ADDRESS
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// The packages are those of the integration tests.
const require = createRequire(new URL('../integration/', import.meta.url));
const grpc = require('@grpc/grpc-js'), protoLoader = require('@grpc/proto-loader');
const proto = fileURLToPath(new URL('../../proto', import.meta.url));
const definition = protoLoader.loadSync('sluice/v1/backends.proto', { includeDirs: [proto], longs: Number, enums: String, oneofs: true, defaults: true });
const { Backends } = grpc.loadPackageDefinition(definition).sluice.v1;
const stream = new Backends(process.argv[2], grpc.credentials.createInsecure()).subscribeEvents();

const toClient = (event, payload) =>
  stream.write({ command: { publish: { target: { namespace: event.namespace, connections: [event.connection] }, payload } } });

// An event's arguments, however many there are.
function argumentsOf(payload) {
  if (payload.data === 'arguments') return { arguments: payload.arguments, attachments: payload.attachments };
  if (payload.data === 'binary') return { arguments: '[{"_placeholder":true,"num":0}]', attachments: [payload.binary] };
  const written = payload.data === 'text' ? JSON.stringify(payload.text) : payload.json;
  return { arguments: `[${written}]`, attachments: payload.attachments };
}

function onEvent(event) {
  if (event.kind === 'connected') return toClient(event, { event: 'auth', json: event.connected.auth || '{}' });
  if (event.kind !== 'message') return undefined;
  const { payload } = event.message;
  if (payload.event === 'message') return toClient(event, { event: 'message-back', ...argumentsOf(payload) });
  if (payload.event !== 'message-with-ack') return undefined;
  return stream.write({ command: { reply: { connection: event.connection, ackId: event.message.ackId, ...argumentsOf(payload) } } });
}

stream.on('data', ({ hello, events, cursor }) => {
  if (hello) console.log('attached');
  events.forEach(onEvent);
  if (events.length === 0) return;
  stream.write({ acknowledge: { cursor } });
  stream.write({ credit: { events: events.length } });
});
stream.on('error', (error) => console.error(error.message));
stream.write({ subscribe: {} });
