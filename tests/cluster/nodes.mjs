// Nodes of one cluster: gateways of 2 workers that share a broker and a secret.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startGateway } from '../integration/harness.mjs';
import { freePorts } from '../integration/ports.mjs';
import { eventually } from '../integration/watch.mjs';
import { Link } from './link.mjs';

export function writeSecret(t, bytes = 32) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-secret-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'secret');
  writeFileSync(file, randomBytes(bytes).toString('hex').slice(0, bytes));
  return file;
}

// Again and again until the broker takes it, as publishers do. One that it has not confirmed in time may be stored: that is
// said again only under a key.
export function publishInTheEnd(node, text, target, options = {}) {
  return eventually(() => node.publish(text, target, options).catch((error) => {
    assert.ok(error.code === 14 || (error.code === 4 && options.idempotencyKey), String(error));
    return null;
  }), 'a publish to be accepted', 30_000);
}

// As many nodes are known to each as there are.
export const acquainted = (nodes) => eventually(async () => {
  const known = await Promise.all([...nodes].map((node) => node.rpc('Nodes').listNodes({})));
  return known.every((one) => one.nodes.length === nodes.all.length);
}, 'the nodes to know each other');

// A place in the cluster, where one gateway after the other may be.
class Place {
  constructor(t, name, flags, options) {
    Object.assign(this, { t, name, flags, options });
  }
  // Gives the gateway that is here now.
  async start(flags = [], options = this.options) {
    this.ports ??= await freePorts(4);
    const fixed = ['--listen', '--listen-tcp', '--listen-udp', '--admin'].flatMap((flag, at) => [flag, `127.0.0.1:${this.ports[at]}`]);
    this.gateway = await startGateway(this.t, [...fixed, '--node-name', this.name, '--allowed-origins', '*', ...this.flags, ...flags], options);
    return this.gateway;
  }
}

export class Nodes {
  constructor(places) {
    this.places = places;
  }
  get all() {
    return this.places.map((place) => place.gateway);
  }
  [Symbol.iterator]() {
    return this.all[Symbol.iterator]();
  }
  at(index) {
    return this.places.at(index % this.places.length).gateway;
  }
  link(index) {
    return this.places[index].link;
  }
  // After its end: another gateway in its place, on the same ports.
  restart(index, flags, options) {
    return this.places[index].start(flags, options);
  }
  freeze(index) {
    const gateway = this.at(index);
    gateway.child.kill('SIGSTOP');
    // What is stopped does not end when it is asked to.
    this.places[index].t.after(() => gateway.child.kill('SIGCONT'));
  }
  thaw(index) {
    this.at(index).child.kill('SIGCONT');
  }
}

// `linked` are the indices of nodes that reach the broker over a Link.
export async function startNodes(t, nats, { count = 3, flags = [], linked = [], options = {}, name = 'node', secret = writeSecret(t) } = {}) {
  const places = await Promise.all(Array.from({ length: count }, async (_, at) => {
    const link = linked.includes(at) ? await Link.start(t, nats) : null;
    const common = ['--broker', 'nats', ...nats.flags(link?.addresses), '--secret-file', secret, ...flags];
    return Object.assign(new Place(t, `${name}${at}`, common, options), { link });
  }));
  await Promise.all(places.map((place) => place.start()));
  return new Nodes(places);
}
