// Debian's nginx in front of a gateway, as a fresh installation would have it but for the upstream.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './ports.mjs';
import { eventually } from './watch.mjs';

const config = (folder, address, upstream, keepalive) => `
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
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream gateway { server ${upstream}; keepalive ${keepalive}; }
  server {
    listen ${address};
    location / {
      proxy_pass http://gateway;
      proxy_http_version 1.1;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
    }
  }
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
async function tryStart(t, upstream, { keepalive = 8 }) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-nginx-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const address = `127.0.0.1:${await freePort()}`;
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(file, config(folder, address, upstream, keepalive));
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
