// Nodes are replaced one after the other while clients listen, and every one of them hears everything. SLUICE_OLD_BINARY names
// the program that they were before, such as the last release's; without it they are replaced by themselves.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { binary } from '../integration/watch.mjs';
import { chaos } from './chaos.mjs';
import { Cluster } from './cluster.mjs';

const old = process.env.SLUICE_OLD_BINARY;
const clients = 120;
const seconds = Number(process.env.SLUICE_UPGRADE_SECONDS ?? 12);
const before = old ? { wrap: `shift; exec '${old}' "$@"` } : {};
const version = (program) => execFileSync(program, ['version'], { encoding: 'utf8' }).trim();

// Stands still until it has ended by itself: it drains.
async function replace(nodes, index, options) {
  const leaving = nodes.at(index);
  leaving.signal();
  assert.deepEqual(await leaving.ended(), { code: 0, signal: null });
  return nodes.restart(index, [], options);
}

test(`${clients} clients lose nothing while all nodes are replaced, and while the first is put back`, { timeout: (seconds + 180) * 1000 }, async (t) => {
  t.diagnostic(`from ${version(old ?? binary)} to ${version(binary)}`);
  const cluster = await Cluster.start(t, { balancer: { logs: false }, flags: ['--drain-seconds', '1', '--drain-delay-seconds', '0.5'], options: before });
  const { nodes } = cluster;
  const mischief = [
    [0.1, () => replace(nodes, 0, {})],
    // A rollback, while the others are what they were.
    [0.35, () => replace(nodes, 0, before)],
    [0.6, async () => {
      for (const index of [0, 1, 2]) await replace(nodes, index, {});
    }],
  ];
  await chaos(t, cluster, { clients, rooms: 10, rate: 100, seconds, mischief });
});
