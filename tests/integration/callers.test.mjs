// Who may call: API keys, client certificates and tokens, what each may do, and the log of what was done.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { grpc, proto, rejects, run, startGateway } from './harness.mjs';
import { secret, token } from './tokens.mjs';

function folder(t) {
  const made = mkdtempSync(path.join(tmpdir(), 'sluice-callers-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
function write(file, text) {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
  return file;
}
// A key and the line about it.
async function makeCaller(name, ...scopes) {
  const { code, stdout, stderr } = await run(['caller', ...scopes.flatMap((one) => ['--scope', one]), name]);
  assert.equal(code, 0, stderr);
  return { line: stdout, key: /slk_[\w-]{43}/.exec(stderr)[0] };
}
async function makeCallers() {
  const made = {};
  for (const [name, ...scopes] of [['billing', 'publish'], ['dash', 'read'], ['logic', 'backend'], ['ops', 'admin']]) made[name] = await makeCaller(name, ...scopes);
  return made;
}
const linesOf = (callers) => `# who may call\n\n${Object.values(callers).map((one) => one.line).join('')}`;
function metadata(key) {
  const made = new grpc.Metadata();
  if (key) made.set('authorization', `Bearer ${key}`);
  return made;
}
// A unary call with a key.
function call(gateway, service, method, request, key, credentials = grpc.credentials.createInsecure(), options = {}) {
  const client = new proto[service](gateway.address('grpc').replace('127.0.0.1', 'localhost'), credentials, options);
  return new Promise((resolve, reject) => {
    client[method](request, metadata(key), { deadline: Date.now() + 10_000 }, (error, answer) => {
      client.close();
      if (error) reject(error);
      else resolve(answer);
    });
  });
}
// The status with which a stream ends, or null if it begins to answer.
function attach(gateway, key) {
  const client = new proto.Backends(gateway.address('grpc'), grpc.credentials.createInsecure());
  const stream = client.subscribeEvents(metadata(key));
  stream.on('error', () => {});
  return new Promise((resolve) => {
    stream.on('data', () => stream.cancel());
    stream.on('status', (status) => {
      client.close();
      resolve(grpc.status[status.code]);
    });
    stream.write({ subscribe: {} });
  });
}
const publish = { target: { rooms: ['lobby'] }, payload: { text: 'hi' } };

test('each caller may do what its scopes say, by gRPC and as JSON', async (t) => {
  const callers = await makeCallers();
  const gateway = await startGateway(t, ['--callers', write(path.join(folder(t), 'callers'), linesOf(callers))]);
  const calls = {
    publish: ['Gateway', 'publish', publish],
    read: ['Gateway', 'listConnections', {}],
    node: ['Nodes', 'getNode', {}],
    presence: ['Gateway', 'presence', { room: 'lobby' }],
    admin: ['Gateway', 'disconnect', { target: { everyone: true } }],
    access: ['Access', 'unblockUser', { user: 'x' }],
  };
  const allowed = { billing: ['publish'], dash: ['read', 'node', 'presence'], logic: [], ops: Object.keys(calls) };
  for (const [name, { key }] of Object.entries(callers)) {
    for (const [what, [service, method, request]] of Object.entries(calls)) {
      const json = await gateway.json(`${service}/${method[0].toUpperCase()}${method.slice(1)}`, request, { authorization: `Bearer ${key}` });
      if (allowed[name].includes(what)) {
        await call(gateway, service, method, request, key);
        assert.equal(json.status, 200);
        continue;
      }
      const error = await rejects(call(gateway, service, method, request, key), 'PERMISSION_DENIED');
      assert.match(error.details, /needs the scope (publish|read|admin)/);
      assert.deepEqual([json.status, json.body.code], [403, 'permission_denied']);
    }
    assert.equal(await attach(gateway, key), ['logic', 'ops'].includes(name) ? 'CANCELLED' : 'PERMISSION_DENIED');
  }
  for (const key of [undefined, 'slk_nonsense', 'a.b.c']) {
    await rejects(call(gateway, 'Gateway', 'publish', publish, key), 'UNAUTHENTICATED');
    assert.equal((await gateway.json('Gateway/Publish', publish, key ? { authorization: `Bearer ${key}` } : {})).status, 401);
    assert.equal(await attach(gateway, key), 'UNAUTHENTICATED');
  }
  for (const page of ['/metrics', '/healthz', '/readyz']) assert.equal((await gateway.admin(page)).status, 200);
  assert.ok((await gateway.metric('sluice_calls_total', { method: 'Publish', status: 'unauthenticated' })) >= 6);
});

test('the file is read again when it changes; one that is wrong leaves the last in use', async (t) => {
  const file = path.join(folder(t), 'callers');
  const [first, second] = [await makeCaller('first', 'publish'), await makeCaller('second', 'publish')];
  write(file, first.line);
  const gateway = await startGateway(t, ['--callers', file]);
  await rejects(call(gateway, 'Gateway', 'publish', publish, second.key), 'UNAUTHENTICATED');
  write(file, second.line);
  await gateway.until(() => gateway.logged('callers_loaded'), 'the new file');
  await call(gateway, 'Gateway', 'publish', publish, second.key);
  await rejects(call(gateway, 'Gateway', 'publish', publish, first.key), 'UNAUTHENTICATED');
  write(file, `${first.line}nobody everything\n`);
  gateway.signal('SIGHUP');
  await gateway.until(() => gateway.logged('callers_not_loaded'), 'the refusal');
  assert.match(gateway.logged('callers_not_loaded').why, /callers: line 2: wants a name, scopes/);
  await call(gateway, 'Gateway', 'publish', publish, second.key);
});

test('a file that is wrong is refused at the start, with its line', async (t) => {
  const file = path.join(folder(t), 'callers');
  const hash = 'a'.repeat(64);
  for (const [text, why] of [
    ['a publish', /line 1: wants a name/], ['\n\na everything sha256:x', /line 3: scopes are/], ['a read sha256:xyz', /64 lower-case/], ['a read plain:x', /sha256:HASH or san:NAME/],
    [`a read sha256:${hash}\nb read sha256:${hash}`, /line 2: .*twice/], [`${'n'.repeat(65)} read san:x`, /longer than 64/], ['a read san:', /not empty/],
  ]) {
    const { code, stderr } = await run(['serve', '--listen', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--callers', write(file, text)]);
    assert.equal(code, 1);
    assert.match(stderr, why);
  }
  assert.match((await run(['serve', '--callers', '/nowhere'])).stderr, /--callers: \/nowhere: cannot be read/);
});

function authority(at) {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: at, stdio: 'ignore' });
  const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...ec, '-days', '30', '-subj', '/CN=authority', '-keyout', 'ca.key', '-out', 'ca.pem');
  const issue = (name, alternative) => {
    openssl('req', ...ec, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(path.join(at, `${name}.ext`), `subjectAltName=${alternative}\n`);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', `${name}.ext`, '-out', `${name}.pem`);
  };
  return { issue, file: (name) => path.join(at, name), read: (name) => readFileSync(path.join(at, name)) };
}

test('client certificates are credentials by their alternative names, and TLS carries keys too', async (t) => {
  const at = folder(t);
  const ca = authority(at);
  ca.issue('server', 'DNS:localhost,IP:127.0.0.1');
  ca.issue('ops', 'DNS:ops.example');
  ca.issue('spiffe', 'URI:spiffe://example/billing');
  ca.issue('stranger', 'DNS:stranger.example');
  const keyed = await makeCaller('keyed', 'publish');
  const lines = `ops admin san:ops.example\nbilling publish san:spiffe://example/billing\n${keyed.line}`;
  const gateway = await startGateway(t, ['--callers', write(ca.file('callers'), lines), '--grpc-tls-cert', ca.file('server.pem'), '--grpc-tls-key', ca.file('server.key'), '--grpc-client-ca', ca.file('ca.pem')]);
  const as = (name) => grpc.credentials.createSsl(ca.read('ca.pem'), name && ca.read(`${name}.key`), name && ca.read(`${name}.pem`));
  const list = (credentials, key) => call(gateway, 'Gateway', 'listConnections', {}, key, credentials);
  const say = (credentials, key) => call(gateway, 'Gateway', 'publish', publish, key, credentials);
  await list(as('ops'));
  await say(as('spiffe'));
  await rejects(list(as('spiffe')), 'PERMISSION_DENIED');
  assert.match((await rejects(say(as('stranger')), 'UNAUTHENTICATED')).details, /nobody who is known/);
  await rejects(say(as()), 'UNAUTHENTICATED');
  await say(as(), keyed.key);
  await rejects(list(as(), keyed.key), 'PERMISSION_DENIED');
  await rejects(say(grpc.credentials.createInsecure(), keyed.key), 'UNAVAILABLE');
  const flags = ['--grpc', gateway.address('grpc'), '--tls-ca', ca.file('ca.pem')];
  const shown = await run(['connections', ...flags, '--tls-cert', ca.file('ops.pem'), '--tls-key', ca.file('ops.key')]);
  assert.equal(shown.code, 0, shown.stderr);
  const published = await run(['publish', '--room', 'a', 'hi', ...flags], { env: { SLUICE_API_KEY: keyed.key } });
  assert.equal(published.code, 0, published.stderr);
  assert.match((await run(['rooms', ...flags])).stderr, /calls need credentials/);
});

test('tokens with scopes are credentials where that is wanted; a client’s own are not', async (t) => {
  const gateway = await startGateway(t, ['--token-secret', secret, '--caller-tokens']);
  const with_ = (claims) => call(gateway, 'Gateway', 'publish', publish, token(claims));
  await with_({ sub: 'svc', sluice: { scopes: ['publish', 'read'] } });
  assert.match((await rejects(with_({ sub: 'ann' }), 'PERMISSION_DENIED')).details, /no scopes/);
  await rejects(with_({ sub: 'svc', sluice: { scopes: ['read'] } }), 'PERMISSION_DENIED');
  await rejects(with_({ sub: 'svc', exp: 1, sluice: { scopes: ['publish'] } }), 'UNAUTHENTICATED');
  await rejects(call(gateway, 'Gateway', 'publish', publish), 'UNAUTHENTICATED');
  await call(gateway, 'Access', 'revokeTokens', { tokenId: 'j' }, token({ sub: 'ops', sluice: { scopes: ['admin'] } }));
  await rejects(with_({ sub: 'svc', jti: 'j', sluice: { scopes: ['publish'] } }), 'UNAUTHENTICATED');
});

test('what changes something leaves a line in the log, with who did it and no secret', async (t) => {
  const { ops, billing } = await makeCallers();
  const at = path.join(folder(t), 'callers');
  for (const level of ['changes', 'all', 'off']) {
    const gateway = await startGateway(t, ['--callers', write(at, ops.line + billing.line), '--audit-log', level]);
    await call(gateway, 'Gateway', 'disconnect', { target: { users: ['ann'] }, reason: 'bye' }, ops.key);
    await rejects(call(gateway, 'Gateway', 'disconnect', { target: { everyone: true } }, billing.key), 'PERMISSION_DENIED');
    await gateway.json('Gateway/Publish', publish, { authorization: `Bearer ${billing.key}` });
    await call(gateway, 'Gateway', 'listRooms', {}, ops.key);
    await gateway.stop();
    const lines = gateway.log.filter((one) => one.event === 'audit').map((one) => [one.call, one.caller, one.status]);
    const changes = [['Disconnect', 'ops', 'ok'], ['Disconnect', 'billing', 'permission_denied']];
    assert.deepEqual(lines, level === 'off' ? [] : level === 'all' ? [...changes, ['Publish', 'billing', 'ok']] : changes);
    if (level === 'changes') assert.match(gateway.logged('audit').request, /users: "ann".*reason: "bye"/);
    assert.doesNotMatch(gateway.stderr, new RegExp(`${ops.key}|${billing.key}`));
  }
});

test('what a backend does by its stream is logged, and its stream ends with its credentials', async (t) => {
  const { logic, ops } = await makeCallers();
  const file = path.join(folder(t), 'callers');
  const gateway = await startGateway(t, ['--callers', write(file, logic.line + ops.line), '--token-secret', secret, '--caller-tokens', '--allow-anonymous', '--client-messages', 'backend']);
  const open = async (key) => {
    const client = new proto.Backends(gateway.address('grpc'), grpc.credentials.createInsecure());
    t.after(() => client.close());
    const stream = client.subscribeEvents(metadata(key));
    stream.on('error', () => {});
    const ended = new Promise((resolve) => stream.on('status', (status) => resolve(grpc.status[status.code])));
    stream.write({ subscribe: {} });
    await new Promise((resolve) => stream.once('data', resolve));
    stream.resume();
    return { stream, ended };
  };
  const byKey = await open(logic.key);
  const byToken = await open(token({ sub: 'svc', jti: 'live', sluice: { scopes: ['backend'] } }));
  byKey.stream.write({ command: { disconnect: { target: { everyone: true }, reason: 'all of you' } } });
  await gateway.until(() => gateway.logged('audit', { call: 'Disconnect' }), 'the line');
  const line = gateway.logged('audit', { call: 'Disconnect' });
  assert.deepEqual([line.caller, line.status], ['logic', 'ok']);
  assert.match(line.request, /all of you/);
  await call(gateway, 'Access', 'revokeTokens', { tokenId: 'live' }, ops.key);
  assert.equal(await byToken.ended, 'UNAUTHENTICATED');
  write(file, ops.line);
  assert.equal(await byKey.ended, 'UNAUTHENTICATED');
});

test('beyond loopback the gRPC port wants credentials to be configured', async (t) => {
  const ports = ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0'];
  const refused = await run(['serve', ...ports, '--grpc', '0.0.0.0:0']);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /--grpc: 0\.0\.0\.0:0 is beyond loopback.*--callers/);
  const { line, key } = await makeCaller('any', 'publish');
  const gateway = await startGateway(t, ['--grpc', '0.0.0.0:0', '--callers', write(path.join(folder(t), 'callers'), line)]);
  const client = new proto.Gateway(gateway.address('grpc').replace('0.0.0.0', '127.0.0.1'), grpc.credentials.createInsecure());
  t.after(() => client.close());
  await new Promise((resolve, reject) => client.publish(publish, metadata(key), (error) => (error ? reject(error) : resolve())));
  for (const [flags, why] of [
    [['--caller-tokens'], /--caller-tokens: needs a key/], [['--grpc-tls-cert', 'x'], /one needs the other/],
    [['--grpc-client-ca', 'x'], /client certificates need/], [['--grpc-tls-cert', '/x', '--grpc-tls-key', '/y'], /--grpc-tls-cert: \/x: cannot be read/],
  ]) {
    const { code, stderr } = await run(['serve', ...ports, '--grpc', '127.0.0.1:0', ...flags]);
    assert.notEqual(code, 0);
    assert.match(stderr, why);
  }
});

test('sluice caller says what it needs', async () => {
  for (const [args, why] of [[[], /whose\?/], [['x'], /for what\?/], [['--scope', 'all', 'x'], /publish, read, backend or admin/], [['--scope', 'read', 'a b'], /white space/], [['--scope', 'read', '#a'], /white space|#/]]) {
    const { code, stderr } = await run(['caller', ...args]);
    assert.equal(code, 2);
    assert.match(stderr, why);
  }
});
