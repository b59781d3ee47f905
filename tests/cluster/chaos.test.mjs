// Nodes and servers of NATS are killed, stopped and cut off while thousands listen. CI runs a small part; SLUICE_CHAOS_CLIENTS=3000
// and SLUICE_CHAOS_SECONDS=120 run all of it (scripts/test-cluster.sh).
import { test } from 'node:test';
import { chaos } from './chaos.mjs';
import { Cluster } from './cluster.mjs';

const clients = Number(process.env.SLUICE_CHAOS_CLIENTS ?? 300);
const seconds = Number(process.env.SLUICE_CHAOS_SECONDS ?? 25);
const isWhole = seconds >= 120;
const away = isWhole ? 5000 : 2000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

test(`${clients} clients over three nodes hear all that is published in ${seconds} s, whatever is killed, stopped or cut off`, { timeout: (seconds + 180) * 1000 }, async (t) => {
  const cluster = await Cluster.start(t, { servers: 3, balancer: { logs: false }, linked: [2] });
  const { nats, nodes } = cluster;
  const mischief = [
    [0.1, async () => {
      await nodes.at(0).kill();
      await sleep(away);
      await nodes.restart(0);
    }],
    [0.3, async () => {
      const leader = await nats.leader(await nats.onlyStream());
      await leader.kill();
      await sleep(away);
      await leader.start();
    }],
    [0.7, async () => {
      nodes.freeze(1);
      await sleep(away);
      nodes.thaw(1);
    }],
    [0.85, async () => {
      nodes.link(2).cut();
      await sleep(away);
      nodes.link(2).restore();
    }],
  ];
  await chaos(t, cluster, { clients, rooms: Math.ceil(clients / 12), rate: isWhole ? 500 : 150, seconds, mischief });
});
