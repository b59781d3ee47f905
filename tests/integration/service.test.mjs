// The gateway under a supervisor: what it tells systemd, and its health as a probe of the program itself sees it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { Watch, run, startGateway } from './harness.mjs';

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

test('health asks whether the gateway is well, and whether it is ready', async (t) => {
  const gateway = await startGateway(t, ['--drain-delay-seconds', '600']);
  const admin = gateway.address('admin');
  // No proxy stands between a gateway and its own health check.
  const env = { SLUICE_ADMIN: admin, http_proxy: 'http://127.0.0.1:1' };
  assert.deepEqual(await run(['health', '--admin', admin]), { code: 0, stdout: 'ok\n', stderr: '' });
  assert.deepEqual(await run(['health', '--ready'], { env }), { code: 0, stdout: 'ready\n', stderr: '' });
  gateway.signal();
  await gateway.until(() => gateway.logged('draining'), 'the draining line');
  assert.equal((await run(['health'], { env })).code, 0, 'a gateway that drains is well');
  const draining = await run(['health', '--ready'], { env });
  assert.deepEqual(draining, { code: 1, stdout: '', stderr: `sluice health: ${admin}: not ready: draining\n` });
  gateway.expectedExit = 1;
  gateway.signal();
  await gateway.ended();
});

test('health of what is no admin port says which port it wants', async (t) => {
  const gateway = await startGateway(t);
  const wrong = await run(['health', '--admin', gateway.clients]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /the answer is 404; --admin wants the gateway's admin port \(8082\)/);
});

test('health waits no longer than it is told', async (t) => {
  const gateway = await startGateway(t);
  gateway.child.kill('SIGSTOP');
  t.after(() => gateway.child.kill('SIGCONT'));
  const late = await run(['health', '--admin', gateway.address('admin'), '--timeout-seconds', '0.2']);
  gateway.child.kill('SIGCONT');
  assert.equal(late.code, 1);
  assert.match(late.stderr, /no answer within 200ms \(--timeout-seconds\)/);
});
