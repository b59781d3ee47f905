// Debian's nats-server with JetStream: one, several that are one cluster, or clusters that are one supercluster, each
// server with ports and a folder of its own.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePorts } from '../integration/ports.mjs';
import { Program } from '../integration/programs.mjs';
import { eventually } from '../integration/watch.mjs';
import { connectToNats } from './packages.mjs';

const program = '/usr/sbin/nats-server';
// Elections take it 4 to 9 s, and may have to be held again.
const patience = 60_000;

class NatsServer {
  constructor(t, { at, region, ports, folder }, text) {
    Object.assign(this, { t, at, region, ports, folder, text, name: `nats${at}` });
  }
  get address() {
    return `127.0.0.1:${this.ports.clients}`;
  }
  // Starts it, or starts it anew with what its folder holds.
  async start() {
    const file = path.join(this.folder, 'nats.conf');
    writeFileSync(file, this.text);
    this.program = new Program(this.t, program, ['-c', file]);
    await this.program.until(() => this.program.exit || this.program.output.includes('Server is ready'), 'Server is ready', patience);
    return !this.program.exit;
  }
  get isUp() {
    return !this.program.exit && !this.isFrozen;
  }
  kill() {
    return this.program.end('SIGKILL');
  }
  freeze() {
    this.isFrozen = true;
    this.program.signal('SIGSTOP');
  }
  thaw() {
    this.isFrozen = false;
    this.program.signal('SIGCONT');
  }
  // What its monitoring port says, such as of /connz?subs=1.
  async monitor(what) {
    const answer = await fetch(`http://127.0.0.1:${this.ports.monitor}${what}`, { signal: AbortSignal.timeout(2000) });
    return answer.json();
  }
}

class Nats {
  constructor(servers, { scheme = 'nats', client = {}, jetstream = true } = {}) {
    Object.assign(this, { servers, scheme, client, jetstream });
  }
  // Flags of a node that knows all servers, or those behind these addresses.
  flags(addresses = this.servers.map((server) => server.address)) {
    return addresses.flatMap((address) => ['--nats-url', `${this.scheme}://${address}`]);
  }
  // Those of one cluster of a supercluster, for nodes that reach no other.
  region(region) {
    return new Nats(this.servers.filter((server) => server.region === region), this);
  }
  get up() {
    return this.servers.filter((server) => server.isUp);
  }
  // A client of its own; `t` closes it.
  async connect(t, options = {}) {
    const connection = await connectToNats({ servers: this.servers.map((server) => server.address), ...this.client, ...options });
    t.after(() => connection.close());
    return connection;
  }
  async manager(t) {
    return (await this.connect(t)).jetstreamManager();
  }
  // Streams as the servers tell: Map of name -> name of the leading server.
  async #leaders(server) {
    const { account_details: accounts = [] } = await server.monitor('/jsz?accounts=1&streams=1');
    const streams = accounts.flatMap((account) => account.stream_detail ?? []);
    return new Map(streams.map((stream) => [stream.name, stream.cluster ? stream.cluster.leader : server.name]));
  }
  // The stream that the nodes share.
  async onlyStream() {
    const leaders = await eventually(() => this.#leaders(this.up[0]).catch(() => null), 'its streams', patience);
    const names = [...leaders.keys()].filter((name) => !name.startsWith('KV_'));
    assert.equal(names.length, 1, String(names));
    return names[0];
  }
  // The server that leads the stream, once all that are up say the same.
  leader(stream) {
    return eventually(async () => {
      const told = await Promise.all(this.up.map((server) => this.#leaders(server).catch(() => new Map())));
      const names = new Set(told.map((leaders) => leaders.get(stream)));
      const [name] = names;
      return names.size === 1 && name && this.up.find((server) => server.name === name);
    }, `a leader of the stream ${stream}`, patience);
  }
  // Waits until streams can be made: the servers have found each other and chosen who leads.
  ready() {
    return eventually(async () => {
      const told = await Promise.all(this.up.map((server) => server.monitor('/jsz').catch(() => ({}))));
      if (this.servers.length === 1) return told[0].config !== undefined || !this.jetstream;
      return told.every((one) => one.meta_cluster?.leader && one.meta_cluster.cluster_size === this.servers.length);
    }, 'the NATS servers to be ready', patience);
  }
  // What clients have received from all servers, in bytes, by the clients' names.
  async bytesTo() {
    const bytes = new Map();
    for (const server of this.up) {
      const { connections } = await server.monitor('/connz?limit=10000');
      for (const one of connections) bytes.set(one.name, (bytes.get(one.name) ?? 0) + one.out_bytes);
    }
    return bytes;
  }
}

const urls = (ports) => `[${ports.map((port) => `"nats://127.0.0.1:${port}"`).join(', ')}]`;
const gatewaysOf = (regions) => regions.map(({ name, gateways }) => `{ name: ${name}, urls: ${urls(gateways)} }`).join(', ');
const text = ({ at, ports, folder }, region, regions, { configuration = '', advertises = true, jetstream = true, domain, files = '4GB' }) => `
server_name: nats${at}
listen: "127.0.0.1:${ports.clients}"
http: "127.0.0.1:${ports.monitor}"
${jetstream ? `jetstream: { store_dir: "${folder}",${domain ? ` domain: ${domain},` : ''} max_memory_store: 1GB, max_file_store: ${files} }` : ''}
${region.routes.length > 1 || regions.length > 1 ? `cluster: { name: ${region.name}, listen: "127.0.0.1:${ports.routes}", no_advertise: ${!advertises}, routes: ${urls(region.routes)} }` : ''}
${regions.length > 1 ? `gateway: { name: ${region.name}, listen: "127.0.0.1:${ports.gateways}", gateways: [${gatewaysOf(regions)}] }` : ''}
${configuration}
`;

// `regions` says how many servers each cluster of a supercluster has; without it there is one of `count`.
// `files` is how much they may keep in files. `configuration` is added to each server's, which have JetStream, in a domain if one is given, unless told
// otherwise. Without `advertises` clients learn of no server that they were not told of.
// `client` is what npm's client needs to come in.
export async function startNats(t, { count = 1, regions = [count], ...options } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-nats-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  // Again if somebody else took a port meanwhile.
  for (let attempt = 0; attempt < 5; ++attempt) {
    const servers = await tryStart(t, path.join(folder, String(attempt)), regions, options);
    if (!servers) continue;
    const nats = new Nats(servers, options);
    await nats.ready();
    return nats;
  }
  return assert.fail('the NATS servers do not start');
}

async function tryStart(t, folder, sizes, options) {
  const ports = await freePorts(sizes.reduce((sum, size) => sum + size) * 4);
  const places = sizes.flatMap((size, region) => Array.from({ length: size }, () => {
    const [routes, gateways, clients, monitor] = ports.splice(0, 4);
    return { region, ports: { routes, gateways, clients, monitor } };
  })).map((place, at) => ({ ...place, at, folder: path.join(folder, `nats${at}`) }));
  const regions = sizes.map((_, region) => {
    const inside = places.filter((place) => place.region === region);
    return { name: `region${region}`, routes: inside.map((place) => place.ports.routes), gateways: inside.map((place) => place.ports.gateways) };
  });
  const servers = places.map((place) => {
    mkdirSync(place.folder, { recursive: true });
    return new NatsServer(t, place, text(place, regions[place.region], regions, options));
  });
  const areUp = await Promise.all(servers.map((server) => server.start()));
  if (areUp.every(Boolean)) return servers;
  await Promise.all(servers.map((server) => server.kill()));
  if (!servers.some((server) => /address already in use/.test(server.program.output))) {
    assert.fail(servers.map((server) => server.program.output).join('\n'));
  }
  return null;
}
