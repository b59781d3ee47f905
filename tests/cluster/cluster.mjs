// A broker, nodes, and what stands before them, as one world.
import { startHaproxy } from './haproxy.mjs';
import { startNats } from './nats.mjs';
import { startNodes } from './nodes.mjs';
import { Client } from '../integration/clients.mjs';
import { Undo } from '../integration/undo.mjs';

// `servers` of NATS, and as many replicas of the stream; `balancer` what startHaproxy() takes, or true; `nats` and the rest as
// startNats() and startNodes() have it.
export class Cluster {
  static async start(t, { servers = 1, balancer = false, nats = {}, flags = [], ...nodes } = {}) {
    // What came last ends first: nodes end before their broker does.
    const undo = new Undo();
    t?.after(() => undo.run());
    const cluster = new Cluster();
    cluster.stop = () => undo.run();
    cluster.nats = await startNats(undo, { count: servers, advertises: !nodes.linked, ...nats });
    cluster.nodes = await startNodes(undo, cluster.nats, { flags: ['--stream-replicas', String(servers), ...flags], ...nodes });
    if (balancer) cluster.door = new Door(await startHaproxy(undo, cluster.nodes.all, balancer), cluster.nodes);
    return cluster;
  }
}

// All nodes behind a balancer, in a gateway's place. Datagrams and calls, which it does not carry, go to one node after the
// other.
export class Door {
  #next = 0;
  constructor(balancer, nodes) {
    Object.assign(this, { balancer, nodes, clients: balancer.clients });
  }
  get node() {
    return this.nodes.at(this.#next++);
  }
  address(what) {
    return what === 'tcp' ? this.balancer.tcp : this.node.address(what);
  }
  url(query = '', route = '/') {
    return `ws://${this.clients}${route}${query}`;
  }
  async connect(query = '', options = {}) {
    return new Client(this.url(query), options).opened();
  }
  publish(...what) {
    return this.node.publish(...what);
  }
}
