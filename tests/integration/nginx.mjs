// Debian's nginx in front of a gateway, with deploy/proxies/nginx.conf.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from './calls.mjs';
import { freePort } from './ports.mjs';
import { replaced } from './replaced.mjs';
import { eventually } from './watch.mjs';

const deployed = readFileSync(path.join(root, 'deploy/proxies/nginx.conf'), 'utf8');
const ofGateway = (address, upstream, keepalive) => replaced(deployed, {
  'listen 80;': `listen ${address};`,
  'server 127.0.0.1:8080;': `server ${upstream};`,
  'keepalive 64;': `keepalive ${keepalive};`,
});
const config = (folder) => `
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log warn;
events { worker_connections 4096; }
http {
  access_log ${folder}/access.log;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  include ${folder}/sluice.conf;
}
`;

// Starts one in front of `upstream`; gives { address, statuses() }, the latter how often each status was answered.
export async function startNginx(t, upstream, options = {}) {
  for (let attempt = 0; attempt < 5; ++attempt) {
    const started = await tryStart(t, upstream, options);
    if (started) return started;
  }
  throw new Error('nginx does not start');
}

// Gives nothing if it ended at once, as it does if somebody else took its port.
async function tryStart(t, upstream, { keepalive = 64 }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-nginx-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const address = `127.0.0.1:${await freePort()}`;
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(path.join(folder, 'sluice.conf'), ofGateway(address, upstream, keepalive));
  writeFileSync(file, config(folder));
  const child = spawn('/usr/sbin/nginx', ['-p', folder, '-c', file, '-e', path.join(folder, 'error.log')], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('close', resolve));
  // A kill would leave its worker behind.
  t.after(() => {
    child.kill('SIGTERM');
    return ended;
  });
  const answers = async () => child.exitCode !== null || (await fetch(`http://${address}/nothing`).catch(() => null))?.status === 404;
  await eventually(answers, 'nginx to answer');
  if (child.exitCode !== null) return null;
  return {
    address,
    statuses() {
      const counts = {};
      for (const [, status] of readFileSync(path.join(folder, 'access.log'), 'utf8').matchAll(/" (\d{3}) /g)) counts[status] = (counts[status] ?? 0) + 1;
      return counts;
    },
  };
}
