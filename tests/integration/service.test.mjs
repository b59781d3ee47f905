// The gateway under a supervisor: what it tells systemd.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Watch, startGateway } from './harness.mjs';

// Records what is told to a socket as systemd has it.
class FakeSupervisor {
  told = [];
  #watch = new Watch();
  static async start(t, address) {
    const supervisor = new FakeSupervisor();
    const script = fileURLToPath(new URL('notify_socket.py', import.meta.url));
    const child = spawn('/usr/bin/python3', [script, address], { stdio: ['pipe', 'pipe', 'inherit'] });
    t.after(() => child.stdin.end());
    createInterface({ input: child.stdout }).on('line', (line) => {
      supervisor.told.push(JSON.parse(line));
      supervisor.#watch.notify();
    });
    await supervisor.until('bound');
    return supervisor;
  }
  // Waits for a datagram that begins so, from the place `after` on; gives its place.
  async until(beginning, after = 0) {
    const place = () => this.told.findIndex((text, at) => at >= after && text.startsWith(beginning));
    await this.#watch.until(() => place() >= 0, () => `${beginning} in ${JSON.stringify(this.told)}`);
    return place();
  }
}

function folder(t) {
  const made = mkdtempSync(path.join(tmpdir(), 'sluice-service-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

test('a supervisor is told of readiness, reload and end, in that order', async (t) => {
  const at = folder(t);
  const socket = path.join(at, 'notify');
  const config = path.join(at, 'sluice.toml');
  writeFileSync(config, '');
  const supervisor = await FakeSupervisor.start(t, socket);
  const gateway = await startGateway(t, ['--config', config, '--drain-seconds', '1'], { env: { NOTIFY_SOCKET: socket } });
  const ready = await supervisor.until('READY=1');
  assert.match(supervisor.told[ready], /^READY=1\nSTATUS=Ready: 2 workers, room for \d+ connections$/);
  writeFileSync(config, 'log-level = "debug"\n');
  gateway.signal('SIGHUP');
  const reloading = await supervisor.until('RELOADING=1');
  assert.match(supervisor.told[reloading], /\nMONOTONIC_USEC=\d+\n/);
  await supervisor.until('READY=1', reloading);
  await gateway.until(() => gateway.logged('reloaded'), 'the reload');
  const client = await gateway.connect();
  gateway.signal();
  const stopping = await supervisor.until('STOPPING=1');
  // A second of draining, half a second for closes, 14 in hand.
  assert.match(supervisor.told[stopping], /\nEXTEND_TIMEOUT_USEC=15500000\nSTATUS=Draining over 1\.0s; connections: 1$/);
  await client.whenClosed();
  assert.equal((await gateway.ended()).code, 0);
});

test('the watchdog is fed while the gateway serves and while it drains', async (t) => {
  const socket = `@sluice-test-${process.pid}`;
  const supervisor = await FakeSupervisor.start(t, socket);
  const env = { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '200000' };
  const gateway = await startGateway(t, ['--drain-delay-seconds', '600'], { env });
  const first = await supervisor.until('WATCHDOG=1', await supervisor.until('READY=1'));
  await supervisor.until('WATCHDOG=1', first + 1);
  gateway.signal();
  const stopping = await supervisor.until('STOPPING=1');
  await supervisor.until('WATCHDOG=1', (await supervisor.until('WATCHDOG=1', stopping)) + 1);
  gateway.expectedExit = 1;
  gateway.signal();
  await gateway.ended();
});
