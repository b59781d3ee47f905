// Debian's HAProxy: as a program with any configuration, and in front of a gateway with deploy/proxies/haproxy.cfg.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './calls.mjs';
import { freePorts } from './ports.mjs';
import { Program } from './programs.mjs';
import { replaced } from './replaced.mjs';
import { eventually } from './watch.mjs';

const deployed = readFileSync(path.join(root, 'deploy/proxies/haproxy.cfg'), 'utf8');

// Runs it with what `config(ports)` gives for so many free ports, at the first of which it answers HTTP; gives { program, ports }.
export async function runHaproxy(t, count, config) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-haproxy-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  // Again if somebody else took a port meanwhile.
  for (let attempt = 0; attempt < 5; ++attempt) {
    const ports = await freePorts(count);
    const file = path.join(folder, 'haproxy.cfg');
    writeFileSync(file, config(ports));
    const program = new Program(t, '/usr/sbin/haproxy', ['-db', '-f', file]);
    let last;
    const answers = async () => {
      last = await fetch(`http://127.0.0.1:${ports[0]}/nothing`).then((answer) => answer.status, (error) => error.cause ?? error);
      return program.exit || last === 404;
    };
    await eventually(answers, () => `HAProxy to answer; at last ${last}; ${program.output.slice(-2000)}`);
    if (!program.exit) return { program, ports };
    if (!/cannot bind|already in use/i.test(program.output)) throw new Error(program.output);
  }
  throw new Error('HAProxy does not start');
}

// Gives { clients, tcp }, its addresses. The gateway has --proxy-protocol, and takes lines.
export async function startHaproxy(t, gateway) {
  const admin = `check port ${gateway.address('admin').split(':').at(-1)}`;
  const { ports: [clients, tcp] } = await runHaproxy(t, 2, ([http, lines]) => replaced(deployed, {
    'bind :80\n': `bind 127.0.0.1:${http}\n`,
    'bind :9000': `bind 127.0.0.1:${lines}`,
    'server node0 127.0.0.1:8080 check port 8082': `server node0 ${gateway.clients} ${admin}`,
    'server node0 127.0.0.1:8083 check port 8082': `server node0 ${gateway.address('tcp')} ${admin}`,
    'inter 2s': 'inter 100ms',
    // Debian's default of the service; one process may not have so many here.
    'maxconn 100000': 'maxconn 2000',
  }));
  return { clients: `127.0.0.1:${clients}`, tcp: `127.0.0.1:${tcp}` };
}
