// Certificates that their own keys have signed.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';

// Files in `folder`, which is made: { cert, key }.
export function makeCertificate(folder, { name = 'localhost', alternative = `DNS:${name}`, days = 30 } = {}) {
  mkdirSync(folder, { recursive: true });
  const [cert, key] = ['tls.crt', 'tls.key'].map((file) => path.join(folder, file));
  execFileSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', String(days)],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${alternative}`, '-keyout', key, '-out', cert],
  ], { stdio: 'ignore' });
  return { cert, key };
}
export const tlsFlags = ({ cert, key }) => ['--tls-cert', cert, '--tls-key', key];
