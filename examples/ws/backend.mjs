// What a `ws` server would do that sends every message to all its clients, as a backend of Sluice; the sender hears
// "send data from a.js" as well: node backend.mjs [GRPC-ADDRESS]
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const [address = '127.0.0.1:8081'] = process.argv.slice(2);
const protos = fileURLToPath(new URL('../../proto', import.meta.url));
const definition = protoLoader.loadSync('sluice/v1/backends.proto', { includeDirs: [protos], longs: Number, oneofs: true });
const { Backends } = grpc.loadPackageDefinition(definition).sluice.v1;
const client = new Backends(address, grpc.credentials.createInsecure());

function attach() {
  const stream = client.subscribeEvents();
  const publish = (target, payload) => stream.write({ command: { publish: { target, payload } } });
  stream.write({ subscribe: { group: 'demo', kinds: ['EVENT_KIND_MESSAGES'] } });
  stream.on('data', ({ hello, events, cursor }) => {
    if (hello) console.log(`attached to ${hello.node}`);
    if (!events?.length) return;
    for (const { connection, message } of events) {
      publish({ everyone: true }, message.payload);
      publish({ connections: [connection] }, { text: 'send data from a.js' });
    }
    stream.write({ acknowledge: { cursor } });
    stream.write({ credit: { events: events.length } });
  });
  stream.on('error', ({ details }) => {
    console.log(`not attached: ${details}`);
    setTimeout(attach, 1000);
  });
}
attach();
