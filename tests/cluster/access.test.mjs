// Who is kept out is kept out of all nodes; and nodes are shown and drained by any of them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { binary, eventually, rejects, run } from '../integration/harness.mjs';
import { secret, token } from '../integration/tokens.mjs';
import { Program } from '../integration/programs.mjs';
import { Cluster } from './cluster.mjs';
import { acquainted } from './nodes.mjs';

const keys = ['--token-secret', secret];
const bearer = (sub, jti) => ({ headers: { authorization: `Bearer ${token({ sub, jti })}` } });
async function isKeptOut(node, who) {
  try {
    (await node.connect('', who)).terminate();
    return false;
  } catch {
    return true;
  }
}

test('a user who is blocked at one node is out of all, also of one that starts later and one that was cut off', async (t) => {
  const { nodes } = await Cluster.start(t, { flags: keys, linked: [1] });
  await acquainted(nodes);
  const clients = await Promise.all([...nodes].map((node) => node.connect('', bearer('ann'))));
  const blocked = await nodes.at(0).rpc('Access').blockUser({ user: 'ann', reason: 'enough' });
  assert.deepEqual([blocked.disconnected, blocked.silentNodes], [3, []]);
  await Promise.all(clients.map((client) => client.whenClosed()));
  for (const { closed } of clients) assert.deepEqual([closed.code, String(closed.reason)], [3003, 'enough']);
  for (const node of nodes) assert.ok(await isKeptOut(node, bearer('ann')));
  await nodes.at(2).stop();
  await nodes.restart(2);
  assert.ok(await isKeptOut(nodes.at(2), bearer('ann')), 'it was told before it let anybody in');

  const bob = await nodes.at(1).connect('', bearer('bob'));
  nodes.link(1).cut();
  await eventually(async () => (await nodes.at(0).rpc('Nodes').listNodes({})).nodes.length === 2, 'it to be lost');
  assert.equal((await nodes.at(0).rpc('Access').blockUser({ user: 'bob' })).disconnected, 0);
  assert.equal((await nodes.at(0).rpc('Access').unblockUser({ user: 'ann' })).wasBlocked, true);
  await rejects(nodes.at(1).rpc('Access').blockUser({ user: 'eve' }), 'UNAVAILABLE');
  nodes.link(1).restore();
  await bob.whenClosed();
  assert.ok(await isKeptOut(nodes.at(1), bearer('bob')));
  assert.ok(!(await isKeptOut(nodes.at(1), bearer('ann'))));
  assert.ok(!(await isKeptOut(nodes.at(1), bearer('eve'))));
});

test('tokens that are revoked at one node are good at none', async (t) => {
  const { nodes } = await Cluster.start(t, { count: 2, flags: keys });
  const client = await nodes.at(1).connect('', bearer('ann', 'first'));
  assert.equal((await nodes.at(0).rpc('Access').revokeTokens({ tokenId: 'first' })).disconnected, 1);
  await client.whenClosed();
  assert.equal(client.closed.code, 3000);
  for (const node of nodes) {
    assert.ok(await isKeptOut(node, bearer('ann', 'first')));
    assert.ok(!(await isKeptOut(node, bearer('ann', 'second'))));
  }
});

test('the command line shows all nodes, watches them, and drains one by another', async (t) => {
  const { nodes } = await Cluster.start(t);
  const client = await nodes.at(1).connect();
  const at = ['--grpc', nodes.at(0).address('grpc')];
  const ok = async (...args) => {
    const { code, stdout, stderr } = await run([...args, ...at]);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const names = () => ok('nodes', '--no-headings').then((text) => text.trim().split('\n').map((line) => line.split(/\s+/)[0]));
  await eventually(async () => (await names()).length === 3, 'all of them');
  assert.deepEqual(await names(), ['node0', 'node1', 'node2']);
  assert.match(await ok('node', 'node1'), /^name +node1$/m);
  assert.equal((await ok('connections', '--no-headings')).trim().split('\n').length, 1);
  assert.match(await ok('presence', 'lobby', '--count'), /^count=1\nnode=node1 /);
  assert.match(await ok('presence', 'lobby', '--no-headings'), /^[0-9a-f-]+ +- +- +-\n$/);
  const unknown = await run(['node', 'nobody', ...at]);
  assert.deepEqual([unknown.code, /the name or the incarnation of a node/.test(unknown.stderr)], [1, true]);
  assert.match(await ok('drain', 'node1', '--seconds', '0'), / done\n$/);
  const refused = await run(['drain', 'node9', ...at]);
  assert.match(refused.stderr, /a node that is there: node0, node/);
  const audited = () => nodes.at(0).log.filter((one) => one.event === 'audit' && one.call === 'Drain').map((one) => [one.status, one.request]);
  await nodes.at(0).until(() => audited().length === 2, 'both lines');
  assert.deepEqual(audited().map(([status, request]) => [status, /node: "(node\d)"/.exec(request)[1]]), [['ok', 'node1'], ['not_found', 'node9']]);
  await client.whenClosed();
  await eventually(async () => JSON.parse((await ok('nodes', '--json')).split('\n')[1]).draining, 'it to say so');
  assert.equal((await nodes.at(0).admin('/readyz')).status, 200);
  assert.equal((await nodes.at(1).admin('/readyz')).status, 503);
  const watch = new Program(t, binary, ['nodes', '--watch', ...at]);
  await watch.says(/^here node[012] .* state=(ready|draining) /, 3);
  await nodes.at(2).stop();
  await watch.says(/^left node2 /);
  await nodes.restart(2);
  await watch.says(/^came node2 /);
});
