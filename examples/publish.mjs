// Publishes one message to a room over gRPC and prints the receipt:
//   node publish.mjs ROOM TEXT [GRPC-ADDRESS]
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const [room, text, address = '127.0.0.1:8081'] = process.argv.slice(2);
if (!room || text === undefined) {
  console.error('usage: node publish.mjs ROOM TEXT [GRPC-ADDRESS]');
  process.exit(2);
}

// The proto files are the documentation of every call; no code is generated.
const protos = fileURLToPath(new URL('../proto', import.meta.url));
const definition = protoLoader.loadSync('sluice/v1/gateway.proto', { includeDirs: [protos], longs: Number, oneofs: true });
const { Gateway } = grpc.loadPackageDefinition(definition).sluice.v1;
const gateway = new Gateway(address, grpc.credentials.createInsecure());

const request = { target: { rooms: [room] }, payload: { text } };
gateway.publish(request, { deadline: Date.now() + 5000 }, (error, answer) => {
  if (error) {
    console.error(error.message);
    process.exitCode = 1;
  } else {
    console.log(`position=${answer.receipt.position} matched=${answer.receipt.matched}`);
  }
  gateway.close();
});
