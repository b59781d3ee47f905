// What every test uses: the real program on free ports, real clients, and waiting for events instead of for time.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { rpcClient } from './calls.mjs';
import { Client } from './clients.mjs';
import { Watch, binary, eventually, patience } from './watch.mjs';

export * from './bytes.mjs';
export * from './calls.mjs';
export * from './clients.mjs';
export * from './watch.mjs';

// Starts the program. `t` ends it; a crash, a sanitizer's report or a bad exit code fails the test. `wrap` gives a shell
// text in which "$@" is the program with its arguments.
export async function startGateway(t, flags = [], { env = {}, wrap, isReady } = {}) {
  const all = ['serve', '--log-format', 'json', '--workers', '2', ...defaults(flags), ...flags];
  const gateway = new Gateway(launch(all, env, wrap));
  t?.after(() => gateway.stop());
  await gateway.ready(isReady ? () => isReady(gateway.stderr) : undefined);
  return gateway;
}

// A gateway tells of variables that are no option's; those that are for the tests are not for it.
const foreign = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SLUICE_')));

function launch(args, env, wrap) {
  const [program, ...all] = wrap ? ['sh', '-c', wrap, 'sh', binary, ...args] : [binary, ...args];
  return spawn(program, all, { env: { ...foreign, ...env } });
}

function defaults(flags) {
  const has = (flag) => flags.some((one) => one === flag || one.startsWith(`${flag}=`));
  const found = [];
  if (!has('--listen')) found.push('--listen', '127.0.0.1:0');
  if (!has('--grpc')) found.push('--grpc', '127.0.0.1:0');
  if (!has('--admin')) found.push('--admin', '127.0.0.1:0');
  if (!has('--drain-seconds')) found.push('--drain-seconds', '0');
  if (!has('--close-timeout-seconds')) found.push('--close-timeout-seconds', '0.5');
  if (!has('--client-messages')) found.push('--client-messages', 'relay');
  // What else runs on the machine may keep a worker from it for seconds; that is no reason to refuse a test's clients.
  if (!has('--loop-lag-ms-max')) found.push('--loop-lag-ms-max', '60000');
  return found;
}

export class Gateway {
  log = [];
  stderr = '';
  exit = null;
  expectedExit = 0;
  #watch = new Watch();

  constructor(child) {
    this.child = child;
    createInterface({ input: child.stderr }).on('line', (line) => {
      this.stderr += `${line}\n`;
      try {
        this.log.push(JSON.parse(line));
      } catch {
        this.log.push({ event: 'unparsed', line });
      }
      this.#watch.notify();
    });
    child.on('close', (code, signal) => {
      this.exit = { code, signal };
      this.#watch.notify();
    });
  }

  until(condition, what, ms) {
    return this.#watch.until(condition, () => `${what}\n${this.stderr.slice(-3000)}`, ms);
  }
  logged(event, fields = {}) {
    return this.log.find((line) => line.event === event && Object.entries(fields).every(([k, v]) => line[k] === v));
  }
  async ready(isReady = () => this.logged('ready')) {
    await this.until(() => this.exit || isReady(), 'the gateway to be ready');
    // Told here, once: what else a test has to stop is stopped all the same.
    this.isStillborn = this.exit !== null;
    assert.equal(this.exit, null, `the gateway ended:\n${this.stderr}`);
  }
  address(what, at = 0) {
    return this.log.filter((line) => line.event === 'listening' && line.what === what)[at].address;
  }
  get clients() {
    return this.address('clients');
  }
  get pid() {
    return this.child.pid;
  }
  url(query = '', route = '/') {
    return `ws://${this.clients}${route}${query}`;
  }

  // Opens a recording client and waits until it is open.
  async connect(query = '', options = {}) {
    const client = new Client(options.url ?? this.url(query), options);
    await client.opened();
    return client;
  }
  rpc(service = 'Gateway') {
    this.rpcs ??= {};
    return (this.rpcs[service] ??= rpcClient(this.address('grpc'), service));
  }
  publish(text, target = { rooms: ['lobby'] }, options = {}, payload = { text }) {
    return this.rpc().publish({ target, payload, options });
  }
  // A call as JSON; gives { status, body }.
  async json(method, body, headers = {}) {
    const answer = await fetch(`http://${this.address('admin')}/sluice.v1.${method}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    return { status: answer.status, body: JSON.parse(await answer.text()) };
  }
  async admin(route) {
    const answer = await fetch(`http://${this.address('admin')}${route}`);
    return { status: answer.status, text: await answer.text(), headers: answer.headers };
  }
  // A metric's value: the sum over all series of `name` with these labels.
  async metric(name, labels = {}) {
    const series = parseMetrics((await this.admin('/metrics')).text);
    const found = series.filter(
      (one) => one.name === name && Object.entries(labels).every(([label, value]) => one.labels[label] === value),
    );
    assert.ok(found.length > 0, `there is no metric ${name} ${JSON.stringify(labels)}`);
    return found.reduce((sum, one) => sum + one.value, 0);
  }
  untilMetric(name, labels, wanted) {
    return eventually(async () => wanted(await this.metric(name, labels)), `${name} ${JSON.stringify(labels)}`);
  }

  signal(name = 'SIGTERM') {
    this.isSignalled ||= name === 'SIGTERM';
    this.child.kill(name);
  }
  async ended() {
    await this.until(() => this.exit, 'the gateway to end', patience);
    return this.exit;
  }
  // Ends it as a power cut would.
  async kill() {
    this.isKilled = true;
    this.signal('SIGKILL');
    await this.stop();
  }
  async stop() {
    if (this.isStillborn) return;
    for (const one of Object.values(this.rpcs ?? {})) one.close();
    if (!this.exit && !this.isSignalled) this.signal();
    const exit = await this.ended();
    assert.doesNotMatch(this.stderr, /Sanitizer|runtime error|broken invariant/, this.stderr.slice(0, 6000));
    const expected = this.isKilled ? { code: null, signal: 'SIGKILL' } : { code: this.expectedExit, signal: null };
    assert.deepEqual(exit, expected, this.stderr.slice(-3000));
  }
}

export function parseMetrics(text) {
  const series = [];
  for (const line of text.split('\n')) {
    const match = /^([a-z_0-9]+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const labels = {};
    for (const [, label, value] of (match[2] ?? '').matchAll(/([a-z_0-9]+)="((?:[^"\\]|\\.)*)"/g)) labels[label] = value;
    series.push({ name: match[1], labels, value: Number(match[3].replace('+Inf', 'Infinity')) });
  }
  return series;
}

// Runs the program to its end; gives { code, stdout, stderr }.
export async function run(args, { env = {}, input, wrap } = {}) {
  const child = launch(args, env, wrap);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  child.stdin.on('error', () => {}); // it may have ended without reading
  child.stdin.end(input ?? '');
  const timer = setTimeout(() => child.kill('SIGKILL'), patience);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  return { code, stdout, stderr };
}
