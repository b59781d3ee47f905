// Backends of a cluster, and what they were told.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Backend } from '../integration/backend.mjs';
import { Watch, eventually } from '../integration/watch.mjs';

// Attaches a backend to each of `nodes` and waits until all nodes of the cluster know of all.
export async function attachTo(nodes, all, options = {}) {
  const known = await Promise.all(all.map(replicasOf));
  const backends = await Promise.all(nodes.map((node) => new Backend(node, options).attached()));
  await areKnown(all, known.map((count) => count + nodes.length));
  return backends;
}

async function replicasOf(node) {
  return (await node.metric('sluice_backends')) + (await node.metric('sluice_backends_elsewhere'));
}

// Waits until each node of the cluster counts so many replicas, here and elsewhere.
export function areKnown(nodes, counts) {
  return eventually(async () => {
    const now = await Promise.all(nodes.map(replicasOf));
    return now.every((count, at) => count === (counts[at] ?? counts));
  }, `all nodes to know ${counts} replicas`);
}

// One that can be killed, as a process of its own; what it has dealt with is in `lines`.
export class KilledReplica {
  lines = [];
  #watch = new Watch();

  constructor(t, node, group) {
    const program = fileURLToPath(new URL('../integration/backend_replica.mjs', import.meta.url));
    this.child = spawn(process.execPath, [program, node.address('grpc'), group], { stdio: ['ignore', 'pipe', 'inherit'] });
    t.after(() => this.kill());
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      this.lines.push(line);
      this.#watch.notify();
    });
  }
  async attached() {
    await this.#watch.until(() => this.lines.includes('hello'), 'a replica to be attached');
    return this;
  }
  until(condition, what) {
    return this.#watch.until(() => condition(this.lines), what);
  }
  async kill() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill('SIGKILL');
    await once(this.child, 'exit');
  }
}

export const kinds = (...names) => ({ filter: { kinds: names.map((name) => `EVENT_KIND_${name}`) } });
// Events of several backends, in the order of each.
export const told = (backends, kind, passes = () => true) =>
  backends.flatMap((backend) => backend.events.filter((event) => event.kind === kind && passes(event)));
