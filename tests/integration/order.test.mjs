// One order for everyone: thousands of clients over several workers, several publishers at once, clients that come, go
// and resume; the hash of the sequence that each saw is the same for all.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { binary, scale, splitAddress, startGateway } from './harness.mjs';

const swarmProgram = path.join(path.dirname(binary), 'swarm');
const room = 'order';
const marker = 'the-end';
// Nobody is to be closed for being slow: the clients share two cores with the gateway.
const patient = ['--outbox-bytes-max', '256MiB', '--outbox-messages-max', '1000000', '--queued-bytes-max', '4GiB', '--outbox-age-ms-max', '600000', '--history-messages', '100000', '--history-bytes-max', '256MiB'];

async function startSwarm(t, gateway, { steady, resumers = 0, churners = 0 }) {
  const [, port] = splitAddress(gateway.clients);
  const child = spawn(swarmProgram, [port, room, marker, steady, resumers, churners].map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    assert.ok(!done, 'the swarm ended');
    return JSON.parse(value);
  };
  assert.equal((await next()).open, steady + resumers + churners);
  return { result: next, ended: once(child, 'close') };
}

// Four publishers at once, each on a stream of its own.
async function publish(gateway, each) {
  const publisher = (name) =>
    new Promise((resolve, reject) => {
      const stream = gateway.rpc().publishStream();
      stream.on('data', (answer) => answer.results.length && reject(new Error(JSON.stringify(answer.results)))).on('end', resolve).on('error', reject);
      for (let sequence = 1; sequence <= each; ++sequence) {
        stream.write({ sequence, messages: [{ target: { rooms: [room] }, payload: { text: `${name}-${sequence}` } }] });
      }
      stream.end();
    });
  await Promise.all(['a', 'b', 'c', 'd'].map(publisher));
  await gateway.publish(marker, { rooms: [room] });
}

// The swarm's hash (FNV-1a, 64 bits) of a sequence of messages, in halves of 32 bits as Number has 53.
function hashOf(messages) {
  let [high, low] = [0xcbf29ce4, 0x84222325];
  for (const byte of Buffer.from(messages.join(''))) {
    low = (low ^ byte) >>> 0;
    // The prime is 2^40 + 0x1b3.
    const product = low * 0x1b3;
    high = (Math.imul(high, 0x1b3) + Math.floor(product / 2 ** 32) + low * 256) >>> 0;
    low = product >>> 0;
  }
  return [high, low].map((half) => half.toString(16).padStart(8, '0')).join('');
}

for (const workers of [1, 2, 4]) {
  test(`${2000 * scale} clients over ${workers} workers see the messages of four publishers in one order`, async (t) => {
    const gateway = await startGateway(t, ['--workers', String(workers), ...patient]);
    const steady = 1900 * scale;
    const resumers = 60 * scale;
    const churners = 40 * scale;
    // Some of the clients are npm's ws.
    const clients = await Promise.all(Array.from({ length: 20 }, () => gateway.connect(`?room=${room}`)));
    const swarm = await startSwarm(t, gateway, { steady, resumers, churners });
    const { node } = await gateway.rpc('Nodes').getNode({});
    assert.equal(node.workers.length, workers);
    assert.ok(node.workers.every((worker) => worker.connections > 0), 'every worker has some of them');
    const each = 5000 * scale;
    await publish(gateway, each);
    const result = await swarm.result();
    const sequences = Object.keys(result.steady);
    assert.equal(sequences.length, 1, `one sequence: ${JSON.stringify(result)}`);
    assert.equal(result.steady[sequences[0]], steady);
    assert.equal(sequences[0].split('-')[1], String(4 * each + 1), 'nothing is missing, nothing twice');
    assert.deepEqual(result.resumers, { [sequences[0]]: resumers }, 'those who resumed saw the same');
    assert.equal(result.gaps, 0);
    assert.ok(result.resumes >= resumers, `${result.resumes} resumes`);
    // Each publisher's own order is kept, and all of it is there.
    for (const client of clients) {
      await client.until(() => client.messages.at(-1) === marker, 'the end', 120_000);
      for (const name of ['a', 'b', 'c', 'd']) {
        const own = client.messages.filter((message) => message.startsWith(`${name}-`));
        assert.deepEqual(own, Array.from({ length: each }, (_, at) => `${name}-${at + 1}`));
      }
    }
    for (const client of clients) assert.equal(`${hashOf(client.messages)}-${client.messages.length}`, sequences[0]);
    await swarm.ended;
  });
}
