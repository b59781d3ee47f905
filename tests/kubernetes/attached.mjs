// A backend that attaches to each node of a release, as those that come and go, and notes whom it was told of. In a process of its
// own: a crowd in the same one would keep it from acknowledging in time.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export class Attached {
  #known = new Set(); // pods
  #asked = new Map(); // number -> resolve
  #number = 0;

  constructor(space, release) {
    this.space = space;
    this.release = release;
    this.child = fork(fileURLToPath(new URL('attached_backends.mjs', import.meta.url)));
    this.child.on('message', ({ number, ...report }) => this.#asked.get(number)?.(report));
  }
  #ask(question) {
    const number = ++this.#number;
    return new Promise((resolve) => {
      this.#asked.set(number, resolve);
      this.child.send({ number, ...question });
    });
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
      const { name } = pod.metadata;
      if (!this.space.isReady(pod) || this.#known.has(name)) continue;
      this.#known.add(name);
      await this.#ask({ address: `${pod.status.podIP}:8081` });
    }
  }
  // How many connections it was told of, how many of them have not ended, what was told twice, and how much it has missed.
  report() {
    return this.#ask({});
  }
  stop() {
    this.isOver = true;
    clearTimeout(this.timer);
    this.child.disconnect();
  }
}
