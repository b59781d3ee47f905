// The real Prometheus, real gateways with the labels that Kubernetes gives: each alert fires under a cause of its own,
// and every query of the dashboard gives data.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Undo } from '../integration/undo.mjs';
import { causes as nodeCauses } from './causes.mjs';
import { clusterCauses, clusterEveryday } from './cluster_causes.mjs';
import { everyday } from './everyday.mjs';
import { queries, filled } from './queries.mjs';
import { World } from './world.mjs';

const causes = { ...nodeCauses, ...clusterCauses };
const undo = new Undo();
let world;
const results = {};

// What only a kernel or a bug that fails us brings about fires in promtool's tests alone.
const promtoolOnly = ['SluiceInternalErrors', 'SluiceUdpLost'];
// Queries that move under such causes alone, or for no longer than a moment.
const still = [
  /sluice_handler_exceptions_total/, /sluice_udp_lost_total/, /sluice_broker_(?:messages_held|holes)/,
  /sluice_cluster_(?:nodes_came|nodes_left|nodes_lost|unanswered|refused)/,
  /sluice_backend_(?:events_too_large|tellings_malformed)/, /sluice_(?:un)?announced_ends/, /sluice_socket_records_(?:waiting|unwritten)/,
];

before(async () => {
  world = await World.start(undo);
  // Before there is any target.
  results.nothing = await world.provoke('', ['SluiceAbsent']).then(() => null, (error) => error);
  const ways = [['quiet', everyday(world, 'quiet')], ['peaceful', clusterEveryday(world, 'peaceful')], ...Object.entries(causes).map(([pod, cause]) => [pod, cause.run(world, pod)])];
  await Promise.all(ways.map(async ([pod, way]) => (results[pod] = await way.then(() => null, (error) => error))));
}, { timeout: 280_000 });
after(() => undo.run());

test('where no node is scraped, an alert says so', () => assert.equal(results.nothing, null));

for (const [pod, { alerts }] of Object.entries(causes)) {
  test(`${alerts.join(', ')} under a cause of ${alerts.length > 1 ? 'their' : 'its'} own: ${pod}`, () => {
    if (results[pod]) throw results[pod];
  });
}

test('gateways in good health, one with clients of every kind and a backend, two that are one, provoke no alert', () => {
  if (results.quiet) throw results.quiet;
  if (results.peaceful) throw results.peaceful;
  // It shares the machine with one that is busy on purpose, and may be late for that.
  const late = new Set(['SluiceLoopLag', 'SluiceMailboxWait', 'SluiceFanOutSlow', 'SluicePublishSlow', 'SluiceBrokerSlow']);
  for (const pod of ['quiet', 'peaceful', 'peaceful-1']) {
    assert.deepEqual([...(world.fired.get(pod) ?? [])].filter((alert) => !late.has(alert)), [], pod);
  }
});

test('every alert is provoked here, or named as one that cannot be', async () => {
  const all = (await world.prometheus.rules()).filter((rule) => rule.type === 'alerting').map((rule) => rule.name);
  const provoked = ['SluiceAbsent', ...Object.values(causes).flatMap((cause) => cause.alerts)];
  assert.deepEqual([...provoked, ...promtoolOnly].sort(), all.sort());
});

test('every query of the dashboard gives data, and moves under its cause', async () => {
  const lazy = [];
  for (const { title, expr } of queries()) {
    const found = await world.prometheus.range(filled(expr), world.began);
    const values = found.flatMap((one) => one.values.map(([, value]) => Number(value)));
    assert.ok(values.length > 0, `${title}: no data for ${filled(expr)}`);
    if (!values.some((value) => value > 0) && !still.some((pattern) => pattern.test(expr))) lazy.push(`${title}: ${expr}`);
  }
  assert.deepEqual(lazy, []);
});

test('the dashboard shows one node, one job or all together, as its variables say', async () => {
  const open = queries().find((one) => one.title === 'Open connections').expr;
  const lines = async (variables) => (await world.prometheus.range(filled(open, variables), world.began)).map((one) => one.metric);
  assert.deepEqual((await lines({ pod: 'quiet' })).map((one) => one.pod), ['quiet']);
  assert.deepEqual((await lines({ pod: '(quiet|door)' })).map((one) => one.pod).sort(), ['door', 'quiet']);
  assert.deepEqual(await lines({ job: 'alone', by: 'namespace,job' }), [{ job: 'alone', namespace: 'games' }]);
  assert.deepEqual(await lines({ by: 'all' }), [{}]);
  assert.deepEqual(await lines({ namespace: 'elsewhere' }), []);
  for (const { title, expr } of queries()) assert.ok(filled(expr).indexOf('$') < 0, title);
});

test('every query works for one node, one job, and all together', async () => {
  for (const { title, expr } of queries()) {
    for (const by of ['pod,instance', 'namespace,job', 'all']) {
      const found = await world.prometheus.range(filled(expr, { by }), world.began, 5);
      assert.ok(found.length > 0, `${title} by ${by}`);
    }
  }
});
