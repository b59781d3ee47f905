// A publisher that says one number after the other to each room, so many a second over all of them, and says a number again,
// under its idempotency key, until a node has taken it.
import { setTimeout as pause } from 'node:timers/promises';
import { rpcClient } from '../integration/calls.mjs';

export class Numbers {
  published = 0;
  repeated = 0;
  isOver = false;

  constructor(address, rooms, perSecond) {
    this.client = rpcClient(address);
    this.rooms = rooms;
    this.perSecond = perSecond;
    this.run = Math.random().toString(36).slice(2);
    this.last = new Map();
  }
  start() {
    const every = (1000 * this.rooms.length) / this.perSecond;
    // Rooms begin one after the other, so that numbers come evenly.
    this.loops = this.rooms.map((room, at) => this.count(room, (every * at) / this.rooms.length, every));
  }
  async count(room, offset, every) {
    const began = Date.now() + offset;
    for (let number = 1; !this.isOver; ++number) {
      await pause(Math.max(0, began + (number - 1) * every - Date.now()));
      await this.say(room, number);
      this.last.set(room, number);
    }
  }
  async say(room, number) {
    const request = {
      target: { rooms: [room] }, payload: { text: String(number) }, options: { idempotencyKey: `${this.run}-${room}-${number}` },
    };
    for (;;) {
      try {
        await this.client.publish(request, 5000);
        this.published += 1;
        return;
      } catch {
        this.repeated += 1;
        await pause(100);
      }
    }
  }
  async stop() {
    this.isOver = true;
    await Promise.all(this.loops);
    this.client.close();
  }
}
