// A program beside the gateway: what it says, and its end.
import { spawn } from 'node:child_process';
import { Watch } from './watch.mjs';

export class Program {
  output = '';
  exit = null; // { code, signal }
  #watch = new Watch();

  // `t` kills it.
  constructor(t, program, args, options = {}) {
    this.name = program;
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (data) => {
        this.output += data;
        this.#watch.notify();
      });
    }
    const isOver = (exit) => {
      this.exit = exit;
      this.#watch.notify();
    };
    this.child.on('error', (error) => isOver({ error }));
    this.child.on('close', (code, signal) => isOver({ code, signal }));
    t.after(() => this.end('SIGKILL'));
  }
  get lines() {
    return this.output.split('\n').filter(Boolean);
  }
  until(condition, what, ms) {
    return this.#watch.until(condition, () => `${what} of ${this.name}: ${this.output.slice(-2000)} ${JSON.stringify(this.exit)}`, ms);
  }
  // Waits until so many lines fit.
  says(pattern, times = 1) {
    return this.until(() => this.lines.filter((line) => pattern.test(line)).length >= times, String(pattern));
  }
  signal(name) {
    this.child.kill(name);
  }
  // Gives how it ended.
  async end(signal = 'SIGTERM') {
    if (!this.exit) this.signal(signal);
    await this.until(() => this.exit, 'the end');
    return this.exit;
  }
}
