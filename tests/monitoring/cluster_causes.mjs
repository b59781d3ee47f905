// What makes the alerts about the broker fire, with real NATS servers; and nodes that are one without any.
import http from 'node:http';
import { once } from 'node:events';
import { Cluster } from '../cluster/cluster.mjs';
import { startNodes } from '../cluster/nodes.mjs';
import { Backend } from '../integration/backend.mjs';
import { Engine } from '../integration/engine.mjs';
import { eventually } from '../integration/harness.mjs';

const lobby = { rooms: ['lobby'] };
const publish = (node, text) => node.publish(text, lobby).catch(() => null);
// Nodes that are pods: the first has the name itself.
async function nodesOf(world, pod, options = {}) {
  const cluster = await Cluster.start(world.t, { count: 1, ...options });
  for (const [at, node] of cluster.nodes.all.entries()) await world.prometheus.scrape(at === 0 ? pod : `${pod}-${at}`, node);
  return cluster;
}

export const clusterCauses = {
  brokerless: {
    alerts: ['SluiceBrokerGone'],
    async run(world, pod) {
      const { nats } = await nodesOf(world, pod);
      await nats.servers[0].kill();
      await world.provoke(pod, this.alerts);
    },
  },
  // The broker is there, and a moment later it is not, so that there is always something under way that it does not take.
  unsteady: {
    alerts: ['SluiceBrokerRefuses', 'SluiceBrokerSlow'],
    async run(world, pod) {
      const { nats, nodes } = await nodesOf(world, pod);
      const [server] = nats.servers;
      let hold = 400;
      await world.provoke(pod, this.alerts, async () => {
        server.freeze();
        const published = Promise.all(Array.from({ length: 20 }, (_, at) => publish(nodes.at(0), `unsteady ${at}`)));
        // As long as that takes, and then for longer than a publisher waits.
        await Promise.race([published, new Promise((resolve) => setTimeout(resolve, hold))]);
        server.thaw();
        await published;
        if (world.has(pod, 'SluiceBrokerSlow')) hold = 15_000;
      });
    },
  },
  // Its broker is a fifth of a second away.
  distant: {
    alerts: ['SluicePublishSlow'],
    async run(world, pod) {
      const { nodes } = await nodesOf(world, pod, { linked: [0] });
      nodes.link(0).slow(200);
      await world.provoke(pod, this.alerts, () => publish(nodes.at(0), 'from afar'));
    },
  },
  severed: {
    alerts: ['SluiceRoomsLost'],
    async run(world, pod) {
      const { nodes } = await nodesOf(world, pod, { count: 2, linked: [0], flags: ['--history-messages', '5'] });
      const [cut, other] = nodes.all;
      const client = await cut.connect('?envelope=1');
      world.t.after(() => client.terminate());
      await world.provoke(pod, this.alerts, async () => {
        nodes.link(0).cut();
        for (let at = 0; at < 20; ++at) await publish(other, `missed ${at}`);
        nodes.link(0).restore();
        await eventually(() => publish(cut, 'back'), 'the broker to be back', 60_000);
      });
    },
  },
  // One of the other nodes has a secret of its own.
  secretive: {
    alerts: [],
    async run(world, pod) {
      const { nats, nodes } = await nodesOf(world, pod);
      await startNodes(world.t, nats, { count: 1, name: 'other' });
      await nodes.at(0).untilMetric('sluice_cluster_other_secrets', {}, (value) => value === 1);
    },
  },
  garbled: {
    alerts: ['SluiceBrokerMessagesMalformed'],
    async run(world, pod) {
      const { nats, nodes } = await nodesOf(world, pod);
      const client = await nodes.at(0).connect();
      world.t.after(() => client.terminate());
      const connection = await nats.connect(world.t);
      // One of a room's messages, and one of what nodes say of themselves.
      let subject, beat;
      connection.subscribe('sluice.>', {
        callback: (error, message) => {
          if (message.subject.includes('.c.n.')) subject ??= message.subject;
          if (message.subject.endsWith('.all.beat')) beat ??= message.subject;
        },
      });
      await connection.flush();
      await eventually(async () => (await publish(nodes.at(0), 'good')) && subject && beat, 'messages to pass', 60_000);
      await world.provoke(pod, this.alerts, () => [subject, beat].forEach((one) => connection.publish(one, new Uint8Array([0xff, 0xff]))));
    },
  },
};

// A Socket.IO client that polls at one node goes over to a WebSocket at another.
async function move(from, to) {
  // An idle connection that its client ends would count as one that was lost.
  const agent = new http.Agent({ keepAlive: false });
  const [polling, upgraded] = [from, to].map((node) => new Engine(node, { route: '/socket.io/', agent }));
  await polling.open();
  await polling.post('40');
  await polling.packets();
  upgraded.sid = polling.sid;
  const socket = await upgraded.upgrade();
  await socket.until(() => socket.messages.some((one) => String(one).startsWith('42')), 'a message over it');
  await socket.close();
  for (const engine of [polling, upgraded]) engine.close();
}

// Nodes in good health: clients at both, services that publish at both, requests and WebSockets that come to the other
// one, and a backend there.
export async function clusterEveryday(world, pod) {
  const { nodes } = await nodesOf(world, pod, { count: 2, flags: ['--client-rooms', 'open'] });
  const [here, there] = nodes.all;
  const kinds = ['EVENT_KIND_CONNECTIONS', 'EVENT_KIND_ROOMS'];
  const backend = await new Backend(there, { group: 'peaceful', filter: { kinds } }).attached();
  world.t.after(() => backend.close());
  await eventually(async () => (await here.metric('sluice_backends_elsewhere')) === 1, 'the backend to be known');
  await world.clients(here, 5, '?room=lobby');
  await world.clients(there, 5, '?room=lobby');
  const agent = new http.Agent({ keepAlive: false });
  world.t.after(() => agent.destroy());
  const engine = new Engine(here, { agent });
  await engine.open();
  let isOver = false;
  world.t.after(() => (isOver = true));
  const ask = async (method, body) => {
    const request = http.request(`http://${there.clients}/engine.io/?EIO=4&transport=polling&sid=${engine.sid}`, { method, agent });
    request.end(body);
    const [answer] = await once(request, 'response');
    answer.resume();
    await once(answer, 'end');
  };
  const repeat = (turn) => turn().catch(() => {}).finally(() => isOver || setTimeout(repeat, 100, turn).unref());
  repeat(() => Promise.all([publish(here, 'said here'), publish(there, 'said there'), here.rpc().listRooms({}), ask('POST', '4carried')]));
  repeat(() => ask('GET'));
  // One who comes and goes.
  repeat(async () => (await here.connect()).close());
  repeat(() => move(here, there));
  await eventually(async () => (await world.prometheus.query(`rate(sluice_requests_carried_abroad_total{pod=~"${pod}.*"}[10s]) > 0`)).length > 0, 'requests that are carried', 60_000);
}
