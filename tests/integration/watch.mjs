// Waiting for events instead of for time, and which program is tested.
import { readFileSync } from 'node:fs';

export const binary = process.env.SLUICE_BINARY ?? fail('SLUICE_BINARY names no program');
// Sanitized builds are several times slower; what only takes long there is scaled by this. SLUICE_TEST_SCALE says
// otherwise, for a slow machine: 1 is the whole size.
export const isSanitized = readFileSync(binary).includes('__asan_init');
export const scale = Number(process.env.SLUICE_TEST_SCALE ?? (isSanitized ? 0.1 : 1));
export const patience = scale < 1 ? 60_000 : 20_000;

export function fail(why) {
  throw new Error(why);
}

// Resolves once `condition()` is true, asked again at each event of `emitter`-like sources that call `notify`.
export class Watch {
  #waiting = new Set();
  notify() {
    for (const check of [...this.#waiting]) check();
  }
  until(condition, what, ms = patience) {
    if (condition()) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`waited ${ms} ms in vain for: ${typeof what === 'function' ? what() : what}`));
      }, ms);
      this.#waiting.add(check);
    });
  }
}

// Asks again and again, with a pause, until `condition` (which may be async) gives something true. For what tells nobody
// when it changes: metrics, /proc.
export async function eventually(condition, what, ms = patience) {
  const end = Date.now() + ms;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for: ${typeof what === 'function' ? what() : what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
