// Draws the pictures of docs/monitoring/: two gateways under everyday load, beside them others that fall ill after half a
// minute, the real Prometheus that scrapes all of them, and the dashboard's own queries. Takes three minutes:
//   SLUICE_BINARY=build/release/sluice node tests/monitoring/pictures.mjs [ROW...]     such as 'Slow clients'; all, if none is named
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../integration/harness.mjs';
import { Undo } from '../integration/undo.mjs';
import { causes as nodeCauses } from './causes.mjs';
import { clusterCauses, clusterEveryday } from './cluster_causes.mjs';
import { draw } from './draw.mjs';
import { everyday } from './everyday.mjs';
import { dashboard, filled } from './queries.mjs';
import { World } from './world.mjs';

const causes = { ...nodeCauses, ...clusterCauses };

// What each row of the dashboard shows, and of which pods.
const allRows = {
  Overview: { file: 'overview', pods: ['gateway-0', 'gateway-1', 'dropping', 'full'] },
  'Coming and going': { file: 'coming-and-going', pods: ['gateway-0', 'door', 'rude', 'full'] },
  Workers: { file: 'workers', pods: ['gateway-0', 'busy'] },
  'Slow clients': { file: 'slow-clients', pods: ['gateway-0', 'waiting', 'closing', 'dropping'] },
  Overload: { file: 'overload', pods: ['gateway-0', 'overloaded'] },
  'Rooms and history': { file: 'rooms-and-history', pods: ['gateway-0', 'gateway-1', 'short'] },
  'Control plane': { file: 'control-plane', pods: ['gateway-0', 'mail', 'strangers'] },
  Backends: { file: 'backends', pods: ['gateway-0', 'logic', 'hanging'] },
  Cluster: { file: 'cluster', pods: ['peaceful', 'peaceful-1', 'unsteady', 'severed', 'garbled'] },
  UDP: { file: 'udp', pods: ['gateway-0', 'datagrams'] },
  'Draining and restarts': { file: 'draining', pods: ['gateway-0', 'drained', 'restarted'] },
};

const wanted = process.argv.slice(2);
const rows = Object.fromEntries(Object.entries(allRows).filter(([title]) => wanted.length === 0 || wanted.includes(title)));

function panelsByRow() {
  const found = {};
  let row;
  for (const panel of dashboard().panels) {
    if (panel.type === 'row') found[(row = panel.title)] = [];
    else found[row].push(panel);
  }
  return found;
}

async function main() {
  const undo = new Undo();
  try {
    const world = await World.start(undo);
    const healthy = ['gateway-0', 'gateway-1', 'peaceful', 'peaceful-1'];
    await Promise.all([everyday(world, 'gateway-0'), everyday(world, 'gateway-1'), clusterEveryday(world, 'peaceful')]);
    const start = Date.now() / 1000;
    // Not to wait for anything: it is the picture's first part, in which all is well.
    await new Promise((resolve) => setTimeout(resolve, 30_000));
    const ill = [...new Set(Object.values(rows).flatMap((row) => row.pods))].filter((pod) => !healthy.includes(pod));
    // The busy one first: it takes a whole core from the others.
    if (ill.includes('busy')) await causes.busy.run(world, 'busy');
    await Promise.all(ill.filter((pod) => pod !== 'busy').map((pod) => causes[pod].run(world, pod)));
    const end = Date.now() / 1000;
    const span = { start, end, step: Math.ceil((end - start) / 75) };
    const folder = path.join(root, 'docs/monitoring');
    mkdirSync(folder, { recursive: true });
    const panels = panelsByRow();
    for (const [title, { file, pods }] of Object.entries(rows)) {
      const variables = { pod: pods.join('|') };
      writeFileSync(path.join(folder, `${file}.svg`), await draw(panels[title], { world, variables, span, filled }));
    }
  } finally {
    await undo.run();
  }
}

await main();
