// Many gateways, each a pod with a cause of its own, and the real Prometheus that scrapes them all.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCertificate, tlsFlags } from '../integration/certificates.mjs';
import { Raw, eventually, startGateway } from '../integration/harness.mjs';
import { startPrometheus } from './prometheus.mjs';

const patience = 120_000;

export class World {
  fired = new Map(); // pod (or job) -> names of alerts that have fired there
  began = Date.now() / 1000;

  static async start(t) {
    const world = new World();
    world.t = t;
    world.prometheus = await startPrometheus(t);
    world.watch();
    return world;
  }
  // Notes each alert that fires, until the end: it may last a few seconds only.
  watch() {
    let isOver = false;
    this.t.after(() => (isOver = true));
    const look = async () => {
      for (const { alertname, pod, job } of await this.prometheus.firing()) {
        const where = pod ?? job ?? '';
        this.fired.set(where, (this.fired.get(where) ?? new Set()).add(alertname));
      }
    };
    const again = () => look().catch(() => {}).finally(() => isOver || setTimeout(again, 250).unref());
    again();
  }
  has(where, ...alerts) {
    return alerts.every((alert) => this.fired.get(where)?.has(alert));
  }
  // Does `act` again and again until the alerts fire at that pod.
  async provoke(where, alerts, act = () => {}) {
    const missing = () => alerts.filter((alert) => !this.has(where, alert));
    await eventually(async () => {
      if (missing().length === 0) return true;
      await act();
      return missing().length === 0;
    }, `${alerts} at ${where}; seen there: ${[...(this.fired.get(where) ?? [])]}`, patience).catch((error) => {
      throw new Error(`${error.message}; missing: ${missing()}`);
    });
  }
  async node(pod, flags = [], { options = {}, place = {} } = {}) {
    const gateway = await startGateway(this.t, ['--workers', '1', ...flags], options);
    await this.prometheus.scrape(pod, gateway, place);
    return gateway;
  }
  folder() {
    const made = mkdtempSync(path.join(tmpdir(), 'sluice-monitoring-'));
    this.t.after(() => rmSync(made, { recursive: true, force: true }));
    return made;
  }
  // Flags for TLS with a certificate that expires in so many days.
  tls(days) {
    return ['--listen-tls', '127.0.0.1:0', ...tlsFlags(makeCertificate(this.folder(), { days }))];
  }
  async clients(gateway, count, query = '') {
    const clients = await Promise.all(Array.from({ length: count }, () => gateway.connect(query, { onMessage: (_, client) => (client.messages.length = 0) })));
    this.t.after(() => clients.forEach((client) => client.terminate()));
    return clients;
  }
  // Clients that take nothing from their sockets.
  async deaf(gateway, count, query = '', headers = '') {
    const raws = await Promise.all(Array.from({ length: count }, () => Raw.upgrade(gateway.clients, { query, headers, t: this.t })));
    for (const raw of raws) raw.socket.pause();
    return raws;
  }
}
