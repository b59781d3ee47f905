// A certificate authority for the servers of a broker and their clients.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export class Authority {
  constructor(folder, name = 'authority') {
    Object.assign(this, { folder, name });
    this.#openssl('req', '-x509', ...curve, '-days', '30', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.crt`);
  }
  get file() {
    return path.join(this.folder, `${this.name}.crt`);
  }
  // Gives { cert, key }: files of a certificate for 127.0.0.1, good for either side.
  issue(name) {
    this.#openssl('req', ...curve, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    writeFileSync(path.join(this.folder, `${name}.ext`), 'subjectAltName=IP:127.0.0.1\n');
    this.#openssl('x509', '-req', '-in', `${name}.csr`, '-CA', this.file, '-CAkey', `${this.name}.key`, '-CAcreateserial', '-days', '30', '-extfile', `${name}.ext`, '-out', `${name}.crt`);
    return { cert: path.join(this.folder, `${name}.crt`), key: path.join(this.folder, `${name}.key`) };
  }
  #openssl(...args) {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'ignore' });
  }
}
