// A backend in Node that hears messages and acknowledges them; counts them for SECONDS once they come, and prints one line
// of JSON: node backend.mjs GRPC-ADDRESS SECONDS   (its packages are those of tests/integration)
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(new URL('../../tests/integration/package.json', import.meta.url));
const grpc = require('@grpc/grpc-js');
const protoLoader = require('@grpc/proto-loader');

const [address, seconds] = process.argv.slice(2);
const protos = fileURLToPath(new URL('../../proto', import.meta.url));
const definition = protoLoader.loadSync('sluice/v1/backends.proto', { includeDirs: [protos], longs: Number, oneofs: true });
const { Backends } = grpc.loadPackageDefinition(definition).sluice.v1;
const stream = new Backends(address, grpc.credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 }).subscribeEvents();
stream.write({ subscribe: { credits: 100_000 } });
let messages = 0;
let began = 0;
const took = []; // microseconds from a message's writing to its hearing

// Clients write the moment with its lowest digit first.
const sentAt = (text) => BigInt(`0x${[...text.slice(0, 16)].reverse().join('')}`);
const part = (of) => took.sort((a, b) => a - b)[Math.floor(of * (took.length - 1))];
stream.on('data', ({ events, cursor }) => {
  if (!events?.length) return;
  const now = process.hrtime.bigint();
  for (const { kind, message } of events) {
    if (kind !== 'message') continue;
    ++messages;
    // All of them would cost more than the hearing.
    if (began > 0 && messages % 16 === 0) took.push(Number(now - sentAt(message.payload.text)) / 1000);
  }
  if (messages > 0 && began === 0) {
    messages = 0;
    began = performance.now();
  }
  stream.write({ acknowledge: { cursor } });
  stream.write({ credit: { events: events.length } });
  const elapsed = (performance.now() - began) / 1000;
  if (began === 0 || elapsed < Number(seconds)) return;
  console.log(JSON.stringify({ messages, messages_a_second: Math.round(messages / elapsed), p50_us: part(0.5), p99_us: part(0.99) }));
  process.exit();
});
stream.on('error', (error) => {
  console.error(error.message);
  process.exitCode = 1;
});
