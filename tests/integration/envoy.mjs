// Envoy in front of a gateway, with deploy/proxies/envoy.yaml. Debian has none: ENVOY says where a program of it is.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './calls.mjs';
import { freePort } from './ports.mjs';
import { Program } from './programs.mjs';
import { replaced } from './replaced.mjs';
import { eventually } from './watch.mjs';

export const envoy = process.env.ENVOY;
const deployed = readFileSync(path.join(root, 'deploy/proxies/envoy.yaml'), 'utf8');

// Gives { clients }, its address.
export async function startEnvoy(t, gateway) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-envoy-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'envoy.yaml');
  const [upstream, admin] = [gateway.clients, gateway.address('admin')].map((address) => address.split(':').at(-1));
  // Again if somebody else took a port meanwhile.
  for (let attempt = 0; attempt < 5; ++attempt) {
    const port = await freePort();
    writeFileSync(file, replaced(deployed, {
      'address: "::", port_value: 80, ipv4_compat: true': `address: 127.0.0.1, port_value: ${port}`,
      'port_value: 8080': `port_value: ${upstream}`,
      'port_value: 8082': `port_value: ${admin}`,
      'interval: 2s': 'interval: 0.1s',
    }));
    const program = new Program(t, envoy, ['--config-path', file, '--concurrency', '1', '--disable-hot-restart']);
    const answers = async () => program.exit || (await fetch(`http://127.0.0.1:${port}/nothing`).catch(() => null))?.status === 404;
    await eventually(answers, 'Envoy to answer');
    if (!program.exit) return { clients: `127.0.0.1:${port}` };
    if (!/cannot bind|Address already in use/i.test(program.output)) throw new Error(program.output);
  }
  throw new Error('Envoy does not start');
}
