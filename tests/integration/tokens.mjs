// Tokens as an issuer makes them, with keys of its own.
import crypto from 'node:crypto';

const b64 = (data) => Buffer.from(data).toString('base64url');
export const now = () => Math.floor(Date.now() / 1000);
export const secret = 'a secret that has thirty-two bytes';

const hashes = { 256: 'sha256', 384: 'sha384', 512: 'sha512' };

export const pairs = {
  rsa: crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: crypto.generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: crypto.generateKeyPairSync('ed25519'),
};
export const pem = (pair) => pair.publicKey.export({ type: 'spki', format: 'pem' });
export const jwk = (pair, more = {}) => ({ ...pair.publicKey.export({ format: 'jwk' }), ...more });

// Signs by `alg` with a secret or a private key. `head` may say anything.
export function token(claims = {}, { alg = 'HS256', key = secret, head = {} } = {}) {
  const text = `${b64(JSON.stringify({ alg, typ: 'JWT', ...head }))}.${b64(JSON.stringify({ exp: now() + 600, ...claims }))}`;
  const hash = hashes[alg.slice(2)];
  let signature;
  if (alg.startsWith('HS')) signature = crypto.createHmac(hash, key).update(text).digest();
  else if (alg.startsWith('RS')) signature = crypto.sign(hash, Buffer.from(text), key);
  else if (alg.startsWith('ES')) signature = crypto.sign(hash, Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  else if (alg === 'EdDSA') signature = crypto.sign(null, Buffer.from(text), key);
  else signature = Buffer.alloc(0);
  return `${text}.${b64(signature)}`;
}
