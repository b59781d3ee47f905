// Debian's HAProxy before several nodes: round robin, nothing sticky. By HTTP each request goes to the next node, whatever
// connection it came on; by TCP each connection.
import { runHaproxy } from '../integration/haproxy.mjs';

// A node is asked whether it is ready; one that is not loses its connections, as a stopped machine would.
const listener = (name, mode, port, nodes, what) => `
listen ${name}
  bind 127.0.0.1:${port}
  mode ${mode}
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 200ms fastinter 100ms fall 2 rise 1 on-marked-down shutdown-sessions
  ${mode === 'http' ? `log-format "request %ST %s %HM %HU"` : ''}
${nodes.map((node, at) => `  server node${at} ${node.address(what)} check port ${node.address('admin').split(':')[1]}`).join('\n')}
`;
const config = (ports, nodes, logs) => `
global
  nbthread 1
  ${logs ? 'log stdout format raw local0' : ''}
defaults
  log global
  option http-server-close
  option http-ignore-probes
  http-reuse never
  option redispatch
  retries 3
  timeout connect 1s
  timeout check 1s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
${listener('clients', 'http', ports[0], nodes, 'clients')}
${listener('clients_by_tcp', 'tcp', ports[1], nodes, 'clients')}
${nodes[0].logged('listening', { what: 'tcp' }) ? listener('tcp', 'tcp', ports[2], nodes, 'tcp') : ''}
`;

// Before nodes that stay where they are. It notes each request unless told otherwise.
export async function startHaproxy(t, nodes, { logs = true } = {}) {
  const { program, ports } = await runHaproxy(t, 3, (free) => config(free, nodes, logs));
  return new Haproxy(program, ports);
}

class Haproxy {
  constructor(program, ports) {
    this.program = program;
    [this.clients, this.clientsByTcp, this.tcp] = ports.map((port) => `127.0.0.1:${port}`);
  }
  // By HTTP, and answered: [{ status, server, method, path }].
  get requests() {
    const found = this.program.output.matchAll(/^request (\d+) (\S+) (\S+) (\S+)$/gm);
    return [...found].map(([, status, server, method, path]) => ({ status: Number(status), server, method, path }));
  }
}
