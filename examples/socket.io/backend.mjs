// What a Socket.IO server would do, as a backend of Sluice: sends each client `clientEvent` with a random number every
// 3 s, and logs each `serverEvent` that comes back: node backend.mjs [GRPC-ADDRESS [SECONDS]]
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const [address = '127.0.0.1:8081', seconds = '3'] = process.argv.slice(2);
const protos = fileURLToPath(new URL('../../proto', import.meta.url));
const definition = protoLoader.loadSync('sluice/v1/backends.proto', { includeDirs: [protos], longs: Number, oneofs: true });
const { Backends } = grpc.loadPackageDefinition(definition).sluice.v1;
const client = new Backends(address, grpc.credentials.createInsecure());

const timers = new Map(); // by connection
let stream;

// As socket.emit() to one client.
function emit({ connection, namespace }, event, json) {
  const publish = { target: { namespace, connections: [connection] }, payload: { event, json: JSON.stringify(json) } };
  stream.write({ command: { publish } });
}

const handlers = {
  connected(event) {
    console.log(`${event.session} is here`);
    const tell = () => emit(event, 'clientEvent', Math.random());
    clearInterval(timers.get(event.connection)); // the event may be told again
    timers.set(event.connection, setInterval(tell, Number(seconds) * 1000));
  },
  message({ session, message: { payload } }) {
    if (payload.event === 'serverEvent') console.log(`${session}: ${payload.text ?? payload.json ?? payload.arguments}`);
  },
  disconnected(event) {
    console.log(`${event.session} has gone (${event.disconnected.reason})`);
    clearInterval(timers.get(event.connection));
    timers.delete(event.connection);
  },
};

function attach() {
  stream = client.subscribeEvents();
  stream.write({ subscribe: { group: 'demo' } });
  stream.on('data', ({ hello, events, cursor }) => {
    if (hello) console.log(`attached to ${hello.node}`);
    if (!events?.length) return;
    for (const event of events) handlers[event.kind]?.(event);
    stream.write({ acknowledge: { cursor } }); // dealt with: not to be told again
    stream.write({ credit: { events: events.length } }); // and as many more may come
  });
  stream.on('error', ({ details }) => {
    console.log(`not attached: ${details}`);
    setTimeout(attach, 1000);
  });
}
attach();
