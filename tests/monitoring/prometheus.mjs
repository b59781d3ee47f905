// The real Prometheus with our rules, made quick: it scrapes and evaluates once a second, windows of minutes are seconds,
// and alerts wait for nothing. What the true times do is tested by promtool (rules.test.mjs).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { eventually, root } from '../integration/harness.mjs';

export const folder = path.join(root, 'deploy/prometheus');
export const rulesFile = path.join(folder, 'sluice.rules.yaml');
export const window = '10s';

const quick = (rules) =>
  rules
    .replace(/\[\d+h\]/g, '[60s]') // what was seen in the last hours
    .replace(/\[\d+m\]/g, `[${window}]`)
    // A scrape that takes longer than the second that it has is no node that is down.
    .replace(/^ +for: .*\n/gm, (line, at, all) => (alertAt(all, at) === 'SluiceNodeDown' ? line.replace(/for: .*/, 'for: 4s') : ''));
const alertAt = (rules, at) => rules.slice(0, at).match(/(?<=- alert: )\S+/g).at(-1);

// Kubernetes' scrape configuration as it is shipped, but its pods come from a file.
function config(targetsFile) {
  const shipped = readFileSync(path.join(folder, 'kubernetes.yaml'), 'utf8');
  const found = shipped.replace(/kubernetes_sd_configs:\n +- role: pod\n/, `file_sd_configs: [{files: ['${targetsFile}']}]\n`);
  if (!found.includes('file_sd_configs')) throw new Error('kubernetes.yaml discovers pods in another way');
  return found.replaceAll('15s', '1s');
}

export async function startPrometheus(t, { isQuick = true } = {}) {
  const place = mkdtempSync(path.join(tmpdir(), 'sluice-prometheus-'));
  t.after(() => rmSync(place, { recursive: true, force: true }));
  const targetsFile = path.join(place, 'targets.json');
  const rules = readFileSync(rulesFile, 'utf8');
  writeFileSync(targetsFile, '[]');
  writeFileSync(path.join(place, 'sluice.rules.yaml'), isQuick ? quick(rules) : rules);
  writeFileSync(path.join(place, 'prometheus.yml'), config(targetsFile));
  const child = spawn('prometheus', [
    `--config.file=${place}/prometheus.yml`, `--storage.tsdb.path=${place}/data`, '--web.listen-address=127.0.0.1:0',
  ]);
  t.after(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
  });
  let log = '';
  child.stderr.on('data', (data) => (log += data));
  const address = await eventually(() => {
    if (child.exitCode !== null) throw new Error(log);
    return /msg="Listening on" address=(127\.0\.0\.1:\d+)/.exec(log)?.[1] ?? null;
  }, 'Prometheus to listen');
  await eventually(() => log.includes('Server is ready to receive web requests'), 'Prometheus to be ready');
  return new Prometheus(address, targetsFile);
}

class Prometheus {
  #pods = new Map();
  constructor(address, targetsFile) {
    this.address = address;
    this.targetsFile = targetsFile;
  }
  async get(what, parameters = {}) {
    const answer = await fetch(`http://${this.address}/api/v1/${what}?${new URLSearchParams(parameters)}`);
    const body = await answer.json();
    if (body.status !== 'success') throw new Error(`${JSON.stringify(parameters)}: ${body.error}`);
    return body.data;
  }
  // Instant vectors: [{ metric, value: [time, text] }].
  async query(query) {
    return (await this.get('query', { query })).result;
  }
  // [{ metric, values: [[time, text]] }] from `start` until now.
  async range(query, start, step = 1, end = Date.now() / 1000) {
    return (await this.get('query_range', { query, start, end, step })).result;
  }
  async firing() {
    return (await this.get('alerts')).alerts.filter((one) => one.state === 'firing').map((one) => one.labels);
  }
  async rules() {
    return (await this.get('rules')).groups.flatMap((group) => group.rules);
  }
  // Makes a gateway's admin port a target, as a pod of Kubernetes would be.
  scrape(pod, gateway, { namespace = 'games', release = 'sluice' } = {}) {
    this.#pods.set(pod, {
      targets: [gateway.address('admin')],
      labels: {
        __meta_kubernetes_namespace: namespace,
        __meta_kubernetes_pod_name: pod,
        __meta_kubernetes_pod_container_name: 'gateway',
        __meta_kubernetes_pod_container_port_name: 'admin',
        __meta_kubernetes_pod_phase: 'Running',
        __meta_kubernetes_pod_label_app_kubernetes_io_name: 'sluice',
        __meta_kubernetes_pod_label_app_kubernetes_io_instance: release,
      },
    });
    writeFileSync(`${this.targetsFile}.new`, JSON.stringify([...this.#pods.values()]));
    renameSync(`${this.targetsFile}.new`, this.targetsFile);
    return eventually(async () => (await this.query(`sluice_build_info{pod="${pod}"}`)).length > 0, `${pod} to be scraped`);
  }
}
