// Who clients are: tokens in every place and of every kind, what they grant, and how they end.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { io } from 'socket.io-client';
import { Client, eventually, run, startGateway } from './harness.mjs';
import { jwk, now, pairs, pem, secret, token } from './tokens.mjs';

function folder(t) {
  const made = mkdtempSync(path.join(tmpdir(), 'sluice-tokens-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  return (name, content) => {
    const file = path.join(made, name);
    writeFileSync(`${file}.new`, content);
    renameSync(`${file}.new`, file);
    return file;
  };
}
const start = (t, flags = [], options = {}) => startGateway(t, ['--token-secret', secret, ...flags], options);
const bearer = (text) => ({ headers: { authorization: `Bearer ${text}` } });

// The status and the message with which a WebSocket is refused.
async function refused(gateway, options = {}, query = '') {
  const { status, body, headers } = await new Client(gateway.url(query), options).whenRefused();
  return { status, message: JSON.parse(body).message, headers };
}

test('every kind of key lets its own tokens in', async (t) => {
  const write = folder(t);
  const kinds = [['rsa', ['RS256', 'RS384', 'RS512']], ['p256', ['ES256']], ['p384', ['ES384']], ['p521', ['ES512']], ['ed25519', ['EdDSA']]];
  for (const how of ['pem', 'jwks']) {
    const flags = how === 'pem'
      ? kinds.flatMap(([name]) => ['--token-keys', write(`${name}.pem`, pem(pairs[name]))])
      : ['--token-jwks', write('keys.json', JSON.stringify({ keys: kinds.map(([name]) => jwk(pairs[name], { kid: name })) }))];
    const gateway = await start(t, flags);
    for (const [name, algorithms] of kinds) {
      for (const alg of algorithms) {
        const client = await gateway.connect('', bearer(token({ sub: `user ${alg}` }, { alg, key: pairs[name].privateKey, head: how === 'jwks' ? { kid: name } : {} })));
        await client.close();
      }
    }
    for (const alg of ['HS256', 'HS384', 'HS512']) await (await gateway.connect('', bearer(token({}, { alg })))).close();
  }
});

test('a token may come in a header, as a sub-protocol, in a cookie or in the query, where that is allowed', async (t) => {
  const gateway = await start(t, ['--token-cookie', 'session', '--allowed-origins', 'same-origin', '--token-in-query', '--client-messages', 'backend']);
  const good = token({ sub: 'ann' });
  const ways = [[bearer(good)], [{ protocols: ['chat', `bearer.${good}`] }], [{ headers: { cookie: `a=b; session=${good}; c=d` } }], [{}, `?token=${good}`]];
  for (const [options, query] of ways) {
    const client = await gateway.connect(query, options);
    const { connections } = await gateway.rpc().listConnections({ user: 'ann' });
    assert.equal(connections.length, 1);
    await client.close();
    await eventually(async () => (await gateway.rpc().listConnections({})).connections.length === 0, 'it to be gone');
  }
  const strict = await start(t);
  assert.equal((await refused(strict, {}, `?token=${good}`)).status, 401);
  assert.equal((await refused(strict, { headers: { cookie: `session=${good}` } })).status, 401);
});

for (const [what, make, message] of [
  ['no token', () => null, /a token is needed/],
  ['an unsigned token', () => token({}, { alg: 'none' }), /signed in no way/],
  ['a token that is signed with a public key as if that were a secret', () => token({}, { alg: 'HS256', key: pem(pairs.rsa) }), /wrong signature/],
  ['a token of another key', () => token({}, { alg: 'RS256', key: pairs.p256.privateKey }), /key that is not known|wrong signature/],
  ['an expired token', () => token({ exp: now() - 60 }), /has expired/],
  ['a token without an end', () => token({ exp: undefined }), /no claim exp/],
  ['a token of tomorrow', () => token({ nbf: now() + 3600 }), /not valid yet/],
  ['a token that was issued in the future', () => token({ iat: now() + 3600 }), /issued in the future/],
  ['a token for another audience', () => token({ aud: ['other'], iss: 'us' }), /another audience/],
  ['a token of another issuer', () => token({ aud: 'here', iss: 'them' }), /another issuer/],
  ['a token that is too long', () => token({ x: 'y'.repeat(9000) }), /longer than 8192/],
  ['a token that was changed', () => token({ aud: 'here', iss: 'us' }).replace(/\.[^.]*\./, `.${Buffer.from(JSON.stringify({ sub: 'root', exp: now() + 60, aud: 'here', iss: 'us' })).toString('base64url')}.`), /wrong signature/],
  ['rubbish', () => 'a.b', /three parts/],
  ['a token with a head that must be understood', () => token({}, { head: { crit: ['x'] } }), /crit/],
]) {
  test(`${what} is refused, and says why, but not the token`, async (t) => {
    const write = folder(t);
    const needs = /audience|issuer|changed/.test(what) ? ['--token-audience', 'here', '--token-issuer', 'us'] : [];
    const gateway = await start(t, ['--token-keys', write('rsa.pem', pem(pairs.rsa)), '--token-skew-seconds', '5', ...needs]);
    const bad = make();
    const answer = await refused(gateway, bad === null ? {} : bearer(bad));
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    assert.match(answer.message, message);
    if (bad) assert.ok(!answer.message.includes(bad.slice(0, 20)));
    if (bad) assert.ok(!gateway.stderr.includes(bad.slice(-20)));
    const socket = io(`http://${gateway.clients}`, { forceNew: true, reconnection: false, auth: bad === null ? {} : { token: bad } });
    t.after(() => socket.close());
    const [error] = await once(socket, 'connect_error');
    assert.match(error.message, message);
    assert.deepEqual(error.data, { code: 'unauthenticated' });
  });
}

test('without a token one is nobody where that is allowed, and a bad one is refused all the same', async (t) => {
  const gateway = await start(t, ['--allow-anonymous']);
  await (await gateway.connect()).close();
  assert.equal((await refused(gateway, bearer('a.b.c'))).status, 401);
});

test('a token says who, where it is, where it may go and where it may speak', async (t) => {
  const gateway = await start(t);
  const listener = await gateway.connect('?room=news-1&room=chat', bearer(token({})));
  const client = await gateway.connect('?room=news-1', bearer(token({ sub: 'ann', sluice: { rooms: ['chat'], join: ['news-*'], publish: ['chat'] } })));
  const { connections } = await gateway.rpc().listConnections({ user: 'ann' });
  assert.deepEqual(connections[0].rooms.sort(), ['chat', 'news-1']);
  client.send('only to chat');
  await listener.has('only to chat');
  assert.equal(listener.messages.length, 1);
  assert.equal((await refused(gateway, bearer(token({ sluice: { join: ['news-*'] } })), '?room=other')).status, 403);
  const mute = await gateway.connect('', bearer(token({ sluice: { publish: [] } })));
  mute.send('nobody hears this');
  await gateway.untilMetric('sluice_drops_total', { reason: 'forbidden' }, (value) => value === 1);
});

test('each namespace of a Socket.IO client has the token of its own auth, else that of the request', async (t) => {
  const gateway = await start(t, ['--namespace', '/admin']);
  const socket = io(`http://${gateway.clients}`, { forceNew: true, auth: { token: token({ sub: 'ann', sluice: { rooms: ['hers'] } }) } });
  t.after(() => socket.io._close());
  await once(socket, 'connect');
  const admin = socket.io.socket('/admin', { auth: {} });
  assert.match((await once(admin, 'connect_error'))[0].message, /a token is needed/);
  const { connections } = await gateway.rpc().listConnections({ user: 'ann' });
  assert.deepEqual(connections[0].rooms.sort(), ['hers', socket.id].sort());
  const second = io(`http://${gateway.clients}/admin`, { forceNew: true, extraHeaders: { authorization: `Bearer ${token({ sub: 'bob' })}` } });
  t.after(() => second.close());
  await once(second, 'connect');
  assert.equal((await gateway.rpc().listConnections({ user: 'bob', namespace: '/admin' })).connections.length, 1);
});

test('a connection ends when its token does', async (t) => {
  const gateway = await start(t, ['--token-skew-seconds', '0']);
  const brief = () => token({ exp: now() + 5 });
  const client = await gateway.connect('', bearer(brief()));
  const stays = await gateway.connect('', bearer(token({})));
  const socket = io(`http://${gateway.clients}`, { forceNew: true, transports: ['websocket'], auth: { token: brief() } });
  t.after(() => socket.close());
  const left = once(socket, 'disconnect');
  await client.whenClosed();
  assert.deepEqual([client.closed.code, String(client.closed.reason)], [3000, 'the token has expired']);
  assert.deepEqual((await left)[0], 'io server disconnect');
  stays.send('still here');
  await stays.has('still here');
  // A Socket.IO socket has no socket of its own to close.
  await gateway.untilMetric('sluice_connections_closed_total', { reason: 'expired' }, (value) => value === 1);
});

test('tokens are revoked by id and by subject, and users are blocked', async (t) => {
  const gateway = await start(t);
  const access = gateway.rpc('Access');
  const one = token({ sub: 'ann', jti: 'first', iat: now() - 10 }), two = token({ sub: 'ann', jti: 'second', iat: now() - 10 });
  const first = await gateway.connect('', bearer(one));
  const second = await gateway.connect('', bearer(two));
  assert.equal((await access.revokeTokens({ tokenId: 'first' })).disconnected, 1);
  await first.whenClosed();
  assert.deepEqual([first.closed.code, String(first.closed.reason)], [3000, 'the token was revoked']);
  assert.match((await refused(gateway, bearer(one))).message, /was revoked/);
  assert.equal((await access.revokeTokens({ subject: { subject: 'ann' } })).disconnected, 1);
  await second.whenClosed();
  assert.match((await refused(gateway, bearer(two))).message, /was revoked/);
  const later = await gateway.connect('', bearer(token({ sub: 'ann', iat: now() + 5 })));
  assert.equal((await access.blockUser({ user: 'ann', reason: 'enough' })).disconnected, 1);
  await later.whenClosed();
  assert.deepEqual([later.closed.code, String(later.closed.reason)], [3003, 'enough']);
  assert.match((await refused(gateway, bearer(token({ sub: 'ann', iat: now() + 5 })))).message, /blocked/);
  assert.deepEqual([(await access.unblockUser({ user: 'ann' })).wasBlocked, (await access.unblockUser({ user: 'ann' })).wasBlocked], [true, false]);
  await (await gateway.connect('', bearer(token({ sub: 'ann', iat: now() + 5 })))).close();
  await assert.rejects(access.revokeTokens({}), /token_id of 1 to 256/);
  await assert.rejects(access.blockUser({}), /user must be/);
  await assert.rejects(access.blockUser({ user: 'x', duration: { seconds: 0 } }), /duration/);
  assert.equal((await gateway.json('Access/RevokeTokens', { tokenId: 'x' })).status, 200);
});

test('keys are read again when their file changes, and a broken file leaves the last ones', async (t) => {
  const write = folder(t);
  // As editors and shells write files: the last line has an end.
  const file = write('keys.json', `${JSON.stringify({ keys: [jwk(pairs.p256, { kid: 'a' })] }, null, 2)}\n`);
  const gateway = await startGateway(t, ['--token-jwks', file]);
  const a = token({}, { alg: 'ES256', key: pairs.p256.privateKey, head: { kid: 'a' } });
  const b = token({}, { alg: 'EdDSA', key: pairs.ed25519.privateKey, head: { kid: 'b' } });
  await (await gateway.connect('', bearer(a))).close();
  assert.match((await refused(gateway, bearer(b))).message, /key that is not known/);
  write('keys.json', '{"keys":');
  await gateway.until(() => gateway.logged('token_keys_refused'), 'the broken file to be seen');
  await (await gateway.connect('', bearer(a))).close();
  write('keys.json', JSON.stringify({ keys: [jwk(pairs.ed25519, { kid: 'b' })] }));
  await gateway.until(() => gateway.logged('token_keys_reloaded'), 'the new file to be read');
  await (await gateway.connect('', bearer(b))).close();
  assert.equal((await refused(gateway, bearer(a))).status, 401);
});

test('a key set comes from its URL, again when a token names a new key, and the last one stays while it is away', async (t) => {
  const served = { keys: [jwk(pairs.p256, { kid: 'a' })] };
  let answers = () => [200, JSON.stringify(served)];
  const issuer = http.createServer((request, answer) => {
    const [status, body] = answers();
    answer.writeHead(status).end(body);
  });
  issuer.listen(0, '127.0.0.1');
  await once(issuer, 'listening');
  t.after(() => issuer.close());
  const gateway = await startGateway(t, ['--token-jwks', `http://127.0.0.1:${issuer.address().port}/jwks`, '--token-jwks-refresh-seconds', '600']);
  const a = token({}, { alg: 'ES256', key: pairs.p256.privateKey, head: { kid: 'a' } });
  const b = token({}, { alg: 'EdDSA', key: pairs.ed25519.privateKey, head: { kid: 'b' } });
  await (await gateway.connect('', bearer(a))).close();
  answers = () => [500, 'broken'];
  await refused(gateway, bearer(b));
  await gateway.until(() => gateway.logged('token_keys_not_fetched'), 'the fetch to fail', 20_000);
  await (await gateway.connect('', bearer(a))).close();
  served.keys.push(jwk(pairs.ed25519, { kid: 'b' }));
  answers = () => [200, JSON.stringify(served)];
  await gateway.until(() => gateway.logged('token_keys_reloaded', { keys: 2 }), 'the new key to be fetched', 20_000);
  await (await gateway.connect('', bearer(b))).close();
});

test('mistakes about tokens are named before anything starts, and secrets are not', async (t) => {
  const write = folder(t);
  const serve = (...flags) => run(['serve', '--listen', '127.0.0.1:0', '--grpc', '127.0.0.1:0', '--admin', '127.0.0.1:0', ...flags]);
  for (const [flags, message, code] of [
    [['--token-secret', 'short-but-secret'], /--token-secret: .*at least 32 bytes/, 2],
    [['--token-keys', write('none.pem', 'x')], /--token-keys: .*none\.pem.*PEM/, 1],
    [['--token-keys', '/nowhere.pem'], /--token-keys: \/nowhere\.pem: cannot be read/, 1],
    [['--token-jwks', write('none.json', '{}')], /--token-jwks: .*JSON Web Key Set/, 1],
    [['--token-cookie', 'x', '--allowed-origins', '*'], /--token-cookie: /, 2],
  ]) {
    const outcome = await serve(...flags);
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, message);
    assert.ok(!outcome.stderr.includes('short-but-secret'));
  }
  const shown = await run(['options', '--json', '--token-secret', secret]);
  assert.ok(!shown.stdout.includes(secret));
});

test('labels of a token are seen by operators', async (t) => {
  const gateway = await start(t);
  const client = await gateway.connect('', bearer(token({ sub: 'ann', sluice: { labels: { plan: 'gold', 'app version': '1.2' } } })));
  const { connections } = await gateway.rpc().listConnections({});
  assert.deepEqual(connections[0].labels, { plan: 'gold', 'app version': '1.2' });
  await client.close();
  for (const labels of [[], { a: 1 }, { '': 'x' }, { a: 'x'.repeat(257) }, { a: '\n' }]) {
    const { status, message } = await refused(gateway, bearer(token({ sluice: { labels } })));
    assert.equal(status, 401);
    assert.match(message, /labels/);
  }
});

test('sluice token makes what the gateway takes, and says what is wrong with what it does not', async (t) => {
  const env = { SLUICE_TOKEN_SECRET: secret };
  const gateway = await start(t, ['--token-issuer', 'me', '--client-rooms', 'granted']);
  const make = async (...args) => {
    const { code, stdout, stderr } = await run(['token', '--token-issuer', 'me', ...args], { env });
    assert.equal(code, 0, stderr);
    return stdout.trim();
  };
  const good = await make('--user', 'ann', '--room', 'a', '--join', 'b*', '--publish', 'a', '--label', 'plan=gold', '--token-id', '7');
  const client = await gateway.connect('?room=b1', bearer(good));
  const { connections } = await gateway.rpc().listConnections({});
  assert.deepEqual([connections[0].user, connections[0].rooms.sort(), connections[0].labels], ['ann', ['a', 'b1'], { plan: 'gold' }]);
  await client.close();
  const check = (text, ...args) => run(['token', '--check', ...args, '-'], { env, input: text });
  const checked = await check(good);
  assert.deepEqual([checked.code, checked.stderr, JSON.parse(checked.stdout).jti], [0, '', '7']);
  for (const [text, args, why] of [[good, ['--token-issuer', 'you'], /another issuer/], [`${good}x`, [], /wrong signature/], ['x', [], /three parts/], [token({ exp: now() - 100 }), [], /has expired/]]) {
    const { code, stderr } = await check(text, ...args);
    assert.equal(code, 1);
    assert.match(stderr, why);
  }
  const write = folder(t);
  const file = write('private.pem', pairs.p256.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const signed = (await run(['token', '--signing-key', file])).stdout.trim();
  assert.equal((await run(['token', '--check', '--token-keys', write('public.pem', pem(pairs.p256)), signed])).code, 0);
  for (const [args, code, why] of [[[], 1, /a key is needed/], [['--signing-key', file, '--algorithm', 'RS256'], 1, /not of the kind/], [['--signing-key', '/nowhere'], 1, /cannot be read/], [['--label', 'x'], 2, /plan=gold/], [['--algorithm', 'none'], 2, /--algorithm/], [['word'], 2, /--check/], [['--check', 'x'], 2, /no key/]]) {
    const result = await run(['token', ...args]);
    assert.equal(result.code, code, result.stderr);
    assert.match(result.stderr, why);
  }
});

test('a bad token of a Socket.IO client’s request matters only where it shows no other', async (t) => {
  const gateway = await start(t, ['--allow-anonymous', '--token-cookie', 'session']);
  const come = async (options) => {
    const socket = io(`http://${gateway.clients}`, { forceNew: true, reconnection: false, transports: ['websocket'], ...options });
    t.after(() => socket.close());
    return Promise.race([once(socket, 'connect').then(() => 'in'), once(socket, 'connect_error').then(([error]) => error)]);
  };
  const stale = { extraHeaders: { cookie: `session=${token({ exp: now() - 1000 })}` } };
  assert.equal(await come({ ...stale, auth: { token: token({ sub: 'ann' }) } }), 'in');
  for (const [options, why] of [[stale, /has expired/], [{ auth: { token: 5 } }, /no text/], [{ auth: { token: '' } }, /no text, or empty/]]) {
    const error = await come(options);
    assert.match(error.message, why);
    assert.deepEqual(error.data, { code: 'unauthenticated' });
  }
  assert.equal(await come({ auth: { token: null } }), 'in');
});
