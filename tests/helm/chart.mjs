// The chart, rendered by the real Helm, as objects.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const chart = path.join(root, 'deploy/helm/sluice');
export const release = 'chat';
export const namespace = 'games';
const run = promisify(execFile);

// A folder of the test's own; `t` removes it.
export function folderOf(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-files-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// Gives what Helm prints; throws what it complains of.
export async function helm(...args) {
  const { stdout } = await run(path.join(root, 'scripts/kube.sh'), ['helm', ...args], { maxBuffer: 1 << 26 }).catch((error) => {
    throw new Error(error.stderr || error.message);
  });
  return stdout;
}

export const caseNames = readdirSync(path.join(chart, 'ci')).map((file) => path.basename(file, '-values.yaml'));
export const caseFile = (name) => path.join(chart, 'ci', `${name}-values.yaml`);

export function objectsIn(text) {
  return parseAllDocuments(text).map((document) => {
    if (document.errors.length > 0) throw document.errors[0];
    return document.toJS();
  }).filter((object) => object !== null);
}

// Renders the chart with a values file of its folder ci, and values that win over it.
export async function render(values = {}, caseName = null) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-chart-'));
  try {
    const own = path.join(folder, 'values.json');
    writeFileSync(own, JSON.stringify(values));
    const files = [...(caseName ? [caseFile(caseName)] : []), own].flatMap((file) => ['--values', file]);
    return new Rendered(objectsIn(await helm('template', release, chart, '--namespace', namespace, ...files)));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// What Helm says of values that it refuses.
export async function refusal(values) {
  const rendered = await render(values).catch((error) => error);
  if (!(rendered instanceof Error)) throw new Error(`not refused: ${JSON.stringify(values)}`);
  return rendered.message;
}

class Rendered {
  constructor(objects) {
    this.objects = objects;
  }
  all(kind) {
    return this.objects.filter((object) => object.kind === kind);
  }
  // The one of a kind with that name (the release's own unless it is said).
  find(kind, suffix = '') {
    return this.all(kind).find((object) => object.metadata.name === `${release}-sluice${suffix}`);
  }
  get pod() {
    return this.find('Deployment').spec.template.spec;
  }
  get container() {
    return this.pod.containers[0];
  }
  // The file of live options.
  get live() {
    return this.find('ConfigMap').data['sluice.toml'];
  }
  // The program's options, without the file.
  get flags() {
    return this.container.args.slice(2);
  }
  // What the arguments say of an option: a text, several for one that is repeated, undefined for one that is not there.
  option(name) {
    const values = this.flags.filter((flag) => flag.startsWith(`--${name}=`)).map((flag) => flag.slice(name.length + 3));
    return values.length > 1 ? values : values[0];
  }
  env(name) {
    return this.container.env?.find((one) => one.name === name);
  }
}
