// The real cluster, in whose sandbox the tests run (cluster.sh exec): kubectl and Helm by name, pods and Services by address.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chart } from '../helm/chart.mjs';
import { eventually } from '../integration/watch.mjs';

const run = promisify(execFile);
export const patience = 120_000;

// Gives what a command prints; throws what it complains of. `input` is its standard input.
async function command(program, args, input) {
  const promise = run(program, args, { maxBuffer: 1 << 26 });
  promise.child.stdin.end(input ?? '');
  const { stdout } = await promise.catch((error) => {
    throw new Error(`${program} ${args.join(' ')}: ${error.stderr || error.stdout || error.message}`);
  });
  return stdout;
}
export const kubectl = (args, input) => command('kubectl', args, input);

// A namespace of a test's own, in which only pods may run that give up what they can: Kubernetes' "restricted" policy.
export async function openNamespace(t) {
  const name = `test-${randomBytes(4).toString('hex')}`;
  await kubectl(['create', 'namespace', name]);
  t.after(() => kubectl(['delete', 'namespace', name, '--wait=false']));
  await kubectl(['label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted']);
  return new Namespace(t, name);
}

class Namespace {
  constructor(t, name) {
    this.t = t;
    this.name = name;
  }
  kubectl(args, input) {
    return kubectl(['--namespace', this.name, ...args], input);
  }
  async get(kind, name) {
    return JSON.parse(await this.kubectl(['get', kind, name, '--output', 'json']));
  }
  async list(kind, selector) {
    return JSON.parse(await this.kubectl(['get', kind, '--selector', selector, '--output', 'json'])).items;
  }
  apply(objects) {
    return this.kubectl(['apply', '--filename', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  }
  secret(name, data) {
    return this.apply([{ apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: data }]);
  }
  // Installs the chart or, if the release is there, upgrades it; waits until its pods are ready.
  async helm(release, values, { wait = true, timeout = '2m' } = {}) {
    const folder = mkdtempSync(path.join(tmpdir(), 'sluice-values-'));
    try {
      const file = path.join(folder, 'values.json');
      writeFileSync(file, JSON.stringify(values));
      const flags = wait ? ['--wait', '--timeout', timeout] : [];
      const notes = await command('helm', ['--namespace', this.name, 'upgrade', '--install', release, chart, '--values', file, ...flags]);
      if (wait) await this.reached(`${release}-sluice`, 'http');
      return notes;
    } catch (error) {
      throw new Error(`${error.message}\n${await this.story()}`);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
  helmTest(release) {
    return command('helm', ['--namespace', this.name, 'test', release, '--timeout', '60s']);
  }
  // What the pods say, for whoever reads why a test failed.
  async story() {
    const pods = await this.kubectl(['describe', 'pods']).catch((error) => error.message);
    const logs = await this.kubectl(['logs', '--selector', 'app.kubernetes.io/part-of=sluice', '--tail=20', '--prefix']).catch((error) => error.message);
    return `${pods}\n${logs}`.slice(-6000);
  }
  // The release's gateways that are there and not on their way out.
  async gateways(release) {
    const pods = await this.list('pods', `app.kubernetes.io/instance=${release},app.kubernetes.io/component=gateway`);
    return pods.filter((pod) => !pod.metadata.deletionTimestamp);
  }
  async gateway(release) {
    const pods = await this.gateways(release);
    assert.equal(pods.length, 1);
    return pods[0];
  }
  isReady(pod) {
    return pod.status.conditions?.find((one) => one.type === 'Ready')?.status === 'True';
  }
  exec(pod, ...args) {
    return this.kubectl(['exec', pod.metadata.name, '--container', 'gateway', '--', ...args]);
  }
  async log(pod) {
    const text = await this.kubectl(['logs', pod.metadata.name, '--container', 'gateway']);
    return text.trim().split('\n').map((line) => JSON.parse(line));
  }
  // Where a Service's port is, as ADDRESS:PORT.
  async address(service, port) {
    const { spec } = await this.get('service', service);
    return `${spec.clusterIP}:${spec.ports.find((one) => one.name === port).port}`;
  }
  // Pods may be ready a moment before kube-proxy leads to them.
  async reached(service, port) {
    const [host, number] = (await this.address(service, port)).split(':');
    const isOpen = () => new Promise((resolve) => {
      const socket = net.connect({ host, port: Number(number), timeout: 500 });
      const give = (answer) => {
        socket.destroy();
        resolve(answer);
      };
      socket.on('connect', () => give(true)).on('timeout', () => give(false)).on('error', () => give(false));
    });
    await this.eventually(isOpen, `Service ${service} to lead to a pod`);
  }
  // The addresses to which a Service leads now.
  async endpoints(service) {
    const slices = await this.list('endpointslices', `kubernetes.io/service-name=${service}`);
    const all = slices.flatMap((slice) => slice.endpoints ?? []);
    return all.filter((one) => one.conditions.ready).flatMap((one) => one.addresses);
  }
  eventually(condition, what, ms = patience) {
    return eventually(condition, what, ms);
  }
}

// A pod whose end is seen: it stays, ended, until the test lets go of it.
export async function holdPod(space, pod) {
  const finalizers = (value) => space.kubectl(['patch', 'pod', pod.metadata.name, '--type=merge', '--patch', JSON.stringify({ metadata: { finalizers: value } })]);
  await finalizers(['sluice.example/seen']);
  space.t.after(() => finalizers(null).catch(() => {}));
  return {
    release: () => finalizers(null),
    async ended() {
      const state = await space.eventually(async () => {
        const { status } = await space.get('pod', pod.metadata.name);
        return status.containerStatuses[0].state.terminated;
      }, `the end of ${pod.metadata.name}`);
      return state;
    },
  };
}

export { eventually };
