// The queries of the dashboard, as Grafana would ask them.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../integration/harness.mjs';
import { window } from './prometheus.mjs';

export const dashboard = () => JSON.parse(readFileSync(path.join(root, 'deploy/grafana/dashboards/sluice.json'), 'utf8'));
export const panels = () => dashboard().panels.filter((panel) => panel.type !== 'row');
export const queries = () => panels().flatMap(({ title, targets }) => targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })));

// With the variables replaced; all of them unless they are given.
export function filled(expr, variables = {}) {
  const values = { namespace: '.*', job: '.*', pod: '.*', instance: '.*', by: 'pod,instance', __rate_interval: window, ...variables };
  return expr.replace(/\$\{(\w+):raw\}|\$(\w+)/g, (whole, raw, name) => values[raw ?? name] ?? whole);
}

// The metrics and recordings that a query names.
export function metricsIn(query) {
  return [...new Set(query.replace(/"[^"]*"/g, '').match(/\b(?:[a-z]+:)?(?:sluice|process)_\w+(?::\w+)?/g) ?? [])];
}
