// The control plane's calls over gRPC, and what their errors say.
import assert from 'node:assert/strict';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';
import { fail, patience } from './watch.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const definition = protoLoader.loadSync(
  ['access.proto', 'backends.proto', 'gateway.proto', 'nodes.proto'].map((file) => path.join(root, 'proto/sluice/v1', file)),
  { includeDirs: [path.join(root, 'proto')], longs: Number, enums: String, defaults: true, oneofs: true },
);
export const proto = grpc.loadPackageDefinition(definition).sluice.v1;
export const errorStatus = proto.ErrorStatus;

// A client whose unary calls are promises, with a deadline.
export function rpcClient(address, service = 'Gateway') {
  const client = new proto[service](address, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': 64 << 20,
  });
  return new Proxy(client, {
    get(target, name) {
      const method = target[name];
      if (typeof method !== 'function') return method;
      if (method.requestStream || method.responseStream || !method.path) return method.bind(target);
      return (request, deadline = patience) =>
        new Promise((resolve, reject) => {
          method.call(target, request, { deadline: Date.now() + deadline }, (error, answer) =>
            error ? reject(error) : resolve(answer),
          );
        });
    },
  });
}

// Asserts that a call fails with this status, and gives its error.
export async function rejects(promise, code) {
  const error = await promise.then(
    (value) => fail(`did not fail: ${JSON.stringify(value)}`),
    (reason) => reason,
  );
  assert.equal(grpc.status[error.code], code, `${error.code} ${error.details ?? error.message}`);
  return error;
}

// The ErrorDetail inside grpc-status-details-bin, read by hand as any client would whose library knows no such type.
export function detailOf(error) {
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  assert.ok(bytes, `no details: ${error.message}`);
  const any = fields(fields(bytes)[3]);
  assert.match(any[1].toString(), /\/sluice\.v1\.ErrorDetail$/);
  const detail = fields(any[2]);
  const limit = detail[4] && fields(detail[4]);
  return {
    reason: detail[1]?.toString(),
    field: detail[2]?.toString(),
    expected: detail[3]?.toString(),
    limit: limit && { option: limit[1]?.toString(), max: limit[2] },
    retryable: Boolean(detail[5]),
  };
}

// Just enough of Protobuf: varints and what has a length, by field number.
function fields(bytes) {
  const found = {};
  for (let at = 0; at < bytes.length; ) {
    const key = bytes[at++];
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) break;
    }
    if ((key & 7) === 2) {
      found[key >> 3] = bytes.subarray(at, at + value);
      at += value;
    } else found[key >> 3] = value;
  }
  return found;
}

export { grpc };
