// A backend that attaches to each node of a release, as those that come and go, and notes whom it was told of.
import { Backend } from '../integration/backend.mjs';
import { rpcClient } from '../integration/calls.mjs';

export class Attached {
  connected = new Map(); // connection -> how often it was told to have come
  disconnected = new Map();
  lost = 0;
  #backends = new Map(); // pod -> Backend
  #noted = new Set();

  constructor(space, release) {
    this.space = space;
    this.release = release;
  }
  // Looks for new pods again and again, also while others leave; gives once it is attached to those that are there now.
  async start() {
    await this.look();
    const again = () => {
      this.timer = setTimeout(() => this.look().catch(() => {}).finally(() => this.isOver || again()), 500);
    };
    again();
  }
  async look() {
    for (const pod of await this.space.gateways(this.release)) {
      const name = pod.metadata.name;
      if (!this.space.isReady(pod) || this.#backends.has(name)) continue;
      const client = rpcClient(`${pod.status.podIP}:8081`, 'Backends');
      const backend = new Backend({ rpc: () => client }, { group: 'watch', credits: 10_000, onEvent: (event) => this.note(event) });
      this.#backends.set(name, backend);
      await backend.attached();
    }
  }
  // What is told again has the number that it had.
  note({ kind, source, number, connection: { connection } }) {
    const key = `${source}/${number}`;
    if (this.#noted.has(key)) return;
    this.#noted.add(key);
    const told = kind === 'connected' ? this.connected : kind === 'disconnected' ? this.disconnected : null;
    told?.set(connection, (told.get(connection) ?? 0) + 1);
  }
  get lostEvents() {
    return [...this.#backends.values()].reduce((sum, backend) => sum + (backend.lost ?? 0), 0);
  }
  stop() {
    this.isOver = true;
    clearTimeout(this.timer);
    for (const backend of this.#backends.values()) backend.close();
  }
}
